"""The job that runs us: GitHub Actions' environment variables and event file, read as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.edges.github.fields import Fields
from reconciler.edges.github.limits import EVENT_BYTES_MAX, EVENT_VALUES_MAX
from reconciler.errors import InvalidInput, Problem, Unavailable
from reconciler.model.git_id import is_git_id
from reconciler.ports.job import BranchEvent, Event, Job, MergeGroupEvent, PullRequestEvent
from reconciler.strict_json import JsonUnreadable, read_json

_BRANCH_EVENTS = frozenset({"push", "schedule", "workflow_dispatch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubJob:
    """`facts` is what flows are told of it; the rest is for the edges. `token` is '' where the job
    was given none. Paths are None outside of Actions."""

    facts: Job
    repository: str
    api_url: str
    run_id: str | None
    token: str = field(repr=False)
    summary: Path | None
    outputs: Path | None


def read_job(environ: Mapping[str, str]) -> GithubJob:
    """Raises InvalidInput for what is missing or malformed."""
    repository = _required(environ, "GITHUB_REPOSITORY", r"[\w.-]+/[\w.-]+")
    run_id = environ.get("GITHUB_RUN_ID")
    known_run = run_id if run_id and run_id.isdecimal() else None
    token = environ.get("GITHUB_TOKEN", "")
    return GithubJob(
        facts=_facts(environ, repository, known_run, may_ask=bool(token)),
        repository=repository,
        api_url=environ.get("GITHUB_API_URL", "https://api.github.com"),
        run_id=known_run,
        token=token,
        summary=_path(environ, "GITHUB_STEP_SUMMARY"),
        outputs=_path(environ, "GITHUB_OUTPUT"),
    )


def _facts(
    environ: Mapping[str, str], repository: str, run_id: str | None, *, may_ask: bool
) -> Job:
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    return Job(
        event=_event(environ),
        commit=_required(environ, "GITHUB_SHA", r"[0-9a-f]{40,64}"),
        actor=_required(environ, "GITHUB_ACTOR", r"\S+"),
        is_rerun=environ.get("GITHUB_RUN_ATTEMPT", "1") != "1",
        run_url=f"{server}/{repository}/actions/runs/{run_id or ''}",
        may_ask=may_ask,
    )


def _event(environ: Mapping[str, str]) -> Event:
    name = _required(environ, "GITHUB_EVENT_NAME", r"[a-z_]+")
    if name == "pull_request_target":
        raise InvalidInput(_target())
    path = Path(_required(environ, "GITHUB_EVENT_PATH", r".+"))
    try:
        with path.open("rb") as file:
            content = file.read(EVENT_BYTES_MAX + 1)
    except OSError:
        raise InvalidInput(_unreadable("it cannot be read")) from None
    return read_event(name, content, environ)


def read_event(name: str, content: bytes, environ: Mapping[str, str]) -> Event:
    """The event file of an event of that name. Raises InvalidInput."""
    if len(content) > EVENT_BYTES_MAX:
        raise InvalidInput(_unreadable(f"it is larger than {EVENT_BYTES_MAX:,} bytes"))
    try:
        payload = read_json(content, values_max=EVENT_VALUES_MAX)
        return _parsed(name, Fields(payload, "the event"), environ)
    except JsonUnreadable as broken:
        raise InvalidInput(_unreadable(f"it {broken.reason}")) from None
    except Unavailable as unclear:
        raise InvalidInput(_unreadable(unclear.problems[0].message)) from None


def _parsed(name: str, payload: Fields, environ: Mapping[str, str]) -> Event:
    if name == "pull_request":
        return _pull_request(payload.inner("pull_request"))
    if name == "merge_group":
        return MergeGroupEvent(base_commit=_commit(payload.inner("merge_group"), "base_sha"))
    if name in _BRANCH_EVENTS:
        ref = _required(environ, "GITHUB_REF", r"refs/.+")
        return BranchEvent(
            name=name,
            branch=ref.removeprefix("refs/heads/"),
            default_branch=payload.inner("repository").text("default_branch"),
        )
    raise InvalidInput(_unknown_event(name))


def _pull_request(fields: Fields) -> PullRequestEvent:
    head, base = fields.inner("head"), fields.inner("base")
    head_repository = head.inner_or_none("repo")
    base_name = base.inner("repo").text("full_name")
    return PullRequestEvent(
        number=_number(fields),
        head_commit=_commit(head, "sha"),
        head_branch=head.text("ref"),
        base_branch=base.text("ref"),
        base_commit=_commit(base, "sha"),
        is_fork=head_repository is None or head_repository.text("full_name") != base_name,
    )


def _commit(fields: Fields, key: str) -> str:
    """An id; it becomes a part of addresses."""
    found = fields.text(key)
    if not is_git_id(found):
        raise InvalidInput(_unreadable(f"{key} is not the id of a commit"))
    return found


def _number(fields: Fields) -> int:
    found = fields.number("number")
    if not 1 <= found < 1 << 53:
        raise InvalidInput(_unreadable("number is not the number of a pull request"))
    return found


def _required(environ: Mapping[str, str], name: str, pattern: str) -> str:
    value = environ.get(name, "")
    if re.fullmatch(pattern, value):
        return value
    raise InvalidInput(
        Problem(
            code="not-a-job",
            message=f"{name} is {'malformed' if value else 'not set'}: this is not a job of GitHub"
            " Actions",
            recovery="`reconciler ci` is for workflows; elsewhere use `reconciler verify`, `apply`"
            " and `drift`",
        )
    )


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None


def _unreadable(what: str) -> Problem:
    return Problem(
        code="event-unreadable",
        message=f"GITHUB_EVENT_PATH: {what}",
        recovery="run the job again; the runner writes this file again",
    )


def _unknown_event(name: str) -> Problem:
    return Problem(
        code="event-unknown",
        message=f"the workflow was started by {name!r}, for which there is nothing to do",
        recovery="start it by pull_request, merge_group, push, schedule or workflow_dispatch",
    )


def _target() -> Problem:
    return Problem(
        code="event-dangerous",
        message="pull_request_target gives a stranger's pull request the repository's secrets",
        recovery="start the workflow by pull_request; docs/github.md says what forks get",
    )
