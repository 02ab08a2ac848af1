"""Plans that a job left as an artifact: fetched as bytes, believed by nobody until checked."""

from __future__ import annotations

import io
import re
import zipfile

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.fields import Fields
from reconciler.edges.github.problems import unclear
from reconciler.errors import Problem, Refused
from reconciler.limits import ARTIFACT_BYTES_MAX, PLAN_BYTES_MAX

ARTIFACT = "reconciler-plans"
_PLAN_FILE = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_-]+\.plan\.(json|sql)")


def fetch_plans(client: GithubClient, repository: str, commit: str) -> dict[str, bytes]:
    """Path below plans/ to content, of the newest artifact that a job of `commit` left. Raises
    Refused if there is none."""
    path = f"/repos/{repository}/actions/artifacts"
    rows = client.pages(path, {"name": ARTIFACT}, items="artifacts")
    found = [
        fields.number("id")
        for fields in (Fields(row, path) for row in rows)
        if not fields.flag("expired") and fields.inner("workflow_run").text("head_sha") == commit
    ]
    if not found:
        raise Refused(_no_artifact(commit))
    archive = f"{path}/{max(found)}/zip"
    return _plans_in(client.download(archive, bytes_max=ARTIFACT_BYTES_MAX), archive)


def _plans_in(content: bytes, call: str) -> dict[str, bytes]:
    """Only files that are named as plans are; an archive cannot say where they go."""
    plans = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if not _PLAN_FILE.fullmatch(entry.filename):
                    continue
                with archive.open(entry) as file:
                    text = file.read(PLAN_BYTES_MAX + 1)
                if len(text) > PLAN_BYTES_MAX:
                    raise unclear(call, f"{entry.filename} is larger than any plan")
                plans[entry.filename] = text
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise unclear(call, "it is not a whole archive") from None
    return plans


def _no_artifact(commit: str) -> Problem:
    return Problem(
        code="plan-not-in-ci",
        message=f"no job has left a plan for commit {commit[:12]}",
        recovery="push the branch and wait for its job to end, or run `reconciler plan --write`",
    )
