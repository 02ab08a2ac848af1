"""Plans that jobs left as artifacts: fetched as bytes, believed by nobody until checked.

An artifact holds all of a checkout's plans, those that its job made and those that were there. So
that none of these counts as made, a job of one environment leaves it under the environment's name.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.fields import Fields
from reconciler.edges.github.limits import ARTIFACT_BYTES_MAX, ARTIFACT_UNPACKED_BYTES_MAX
from reconciler.edges.github.problems import unclear
from reconciler.errors import Problem, Refused
from reconciler.limits import PLAN_BYTES_MAX
from reconciler.model.fleet import is_environment_name, is_keyspace_name

ARTIFACT = "reconciler-plans"
_PLAN_FILE = re.compile(r"([^/]+)/([^/]+)\.(?:plan|split)\.(?:json|sql)")
# All that reading an archive can raise, whatever it holds: an offset, a name, a packed stream.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,  # packed in another way
    OSError,
    OverflowError,
    RuntimeError,  # encrypted
    ValueError,
)


def fetch_plans(client: GithubClient, repository: str, commit: str) -> dict[str, bytes]:
    """Path below plans/ to content, of all that jobs of `commit` left: of each environment its own
    newest artifact, and of the others the newest that is of all. Raises Refused if there is
    none."""
    newest: dict[str, int] = {}
    for environment, number in _left(client, f"/repos/{repository}/actions/runs", commit):
        newest[environment] = max(number, newest.get(environment, 0))
    if not newest:
        raise Refused(_no_artifact(commit))
    plans: dict[str, bytes] = {}
    for environment, number in sorted(newest.items()):  # what is of all comes first
        archive = f"/repos/{repository}/actions/artifacts/{number}/zip"
        found = plans_in(client.download(archive, bytes_max=ARTIFACT_BYTES_MAX), archive)
        own = f"{environment}/" if environment else ""
        plans = {path: plan for path, plan in plans.items() if not path.startswith(own)}
        plans |= {path: plan for path, plan in found.items() if path.startswith(own)}
    return plans


def _left(client: GithubClient, runs: str, commit: str) -> Iterator[tuple[str, int]]:
    """Artifacts with plans, by the workflows' runs for the commit: whose, and their numbers."""
    for run in client.pages(runs, {"head_sha": commit}, items="workflow_runs"):
        path = f"{runs}/{Fields(run, runs).number('id')}/artifacts"
        for fields in (Fields(row, path) for row in client.pages(path, items="artifacts")):
            environment = _environment_of(fields.text("name"))
            if environment is not None and not fields.flag("expired"):
                yield environment, fields.number("id")


def _environment_of(artifact: str) -> str | None:
    """'' for the one that is of all environments; None for what holds no plans."""
    if artifact == ARTIFACT:
        return ""
    name = artifact.removeprefix(f"{ARTIFACT}-")
    return name if name != artifact and is_environment_name(name) else None


def plans_in(content: bytes, call: str) -> dict[str, bytes]:
    """Path below plans/ to content; other files are passed over. An archive cannot say where a file
    goes: its names are those of plans, and of each plan both files are there. Raises Unavailable,
    also for an archive that would unpack to more than all plans are."""
    plans: dict[str, bytes] = {}
    room = ARTIFACT_UNPACKED_BYTES_MAX
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if not _is_a_plans(entry.filename):
                    continue
                if entry.filename in plans:
                    raise unclear(call, f"{entry.filename} is in it twice")
                plan = _unpacked(archive, entry, min(room, PLAN_BYTES_MAX), call)
                plans[entry.filename], room = plan, room - len(plan)
    except _BROKEN:
        raise unclear(call, "it is not a whole archive") from None
    for path in plans:
        if _other_of(path) not in plans:
            raise unclear(call, f"{path} is in it without {_other_of(path)}")
    return plans


def _is_a_plans(name: str) -> bool:
    match = _PLAN_FILE.fullmatch(name)
    return match is not None and is_environment_name(match[1]) and is_keyspace_name(match[2])


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, bytes_max: int, call: str) -> bytes:
    """What an entry says of its size is not believed."""
    with archive.open(entry) as file:
        content = file.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise unclear(call, f"{entry.filename} is larger than any plan")
    return content


def _other_of(path: str) -> str:
    stem, _, suffix = path.rpartition(".")
    return f"{stem}.{'sql' if suffix == 'json' else 'json'}"


def _no_artifact(commit: str) -> Problem:
    return Problem(
        code="plan-not-in-ci",
        message=f"no job has left a plan for commit {commit[:12]}",
        recovery="push the branch and wait for its job to end, or run `reconciler plan --write`",
    )
