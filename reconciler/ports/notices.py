"""What a job tells its forge, and whoever reads its log. Output only: nothing that is decided rests
on any of it (RV-8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Of a commit, as it was said."""

    state: str
    description: str
    url: str


class Notices(Protocol):
    """What is told on the forge, as texts in its Markdown. Of what is there already only two things
    are looked at, who wrote it and its first line, to edit it in place. Each call raises
    Unavailable where the forge does not take it; the caller decides whether that matters."""

    def keep_comment(self, number: int, body: str) -> None:
        """The one comment on a pull request whose first line is that of `body`: edited, or
        written. Further ones of our own are folded away as outdated."""

    def own_first_lines(self, number: int) -> frozenset[str]:
        """Of the comments that are ours: where there is something to edit."""

    def fold_comments(self, number: int, first_lines: frozenset[str]) -> None:
        """Those of ours that are about what is there no more."""

    def keep_issue(self, title: str, body: str) -> int:
        """The one issue whose body begins with the first line of `body`: edited and open."""

    def close_issue(self, body: str) -> None:
        """Close the issue that `keep_issue` keeps, with a last word; none is opened for that."""

    def open_issue(self, title: str, body: str) -> int:
        """A new one; its number."""

    def set_status(
        self, commit: str, context: str, *, state: str, description: str, url: str
    ) -> None:
        """`state` is success, failure, error or pending; the forge takes STATUS_CHARS_MAX of the
        description."""

    def statuses(self, commit: str, context: str) -> tuple[Status, ...]:
        """Our own ones in one context, the newest first: what is said there already."""

    def begin_deployment(
        self, commit: str, environment: str, keyspace: str, *, plan_id: str, description: str
    ) -> int:
        """Its id. Deployments of one keyspace are of one task, so that they are found among
        others."""

    def move_deployment(self, deployment_id: int, *, state: str, url: str) -> None:
        """`state` is in_progress, pending, success, failure, error or inactive."""

    def retire_deployments(self, environment: str, keyspace: str, *, before: int, url: str) -> None:
        """Those of the keyspace before this one are what is there no more."""


class JobLog(Protocol):
    """What is told where the job runs: its log, its summary, its outputs, files that it leaves."""

    def show(self, text: str) -> None:
        """A result, in the log; lines in the runner's syntax mark places in files. Raises
        Unavailable if it could not be written."""

    def remark(self, text: str) -> None:
        """A line beside the results, where there is somewhere to write it."""

    def summarise(self, write: Callable[[int], str]) -> None:
        """Add to the job's summary, if it has one: `write` is asked for a text of at most so many
        bytes, which is what there is still room for."""

    def output(self, **values: object) -> None:
        """Outputs for later steps: '_' in a name becomes '-', a value is text or becomes JSON."""

    def leave(self, path: Path, text: str) -> None:
        """A file that the workflow has asked for."""


class TokenKind(StrEnum):
    """Whom a token speaks for."""

    APP = "app"
    JOB = "job"  # its pushes start no jobs
    PERSON = "person"


class PlanCommits(Protocol):
    """Commits on the branch of a pull request, made over the forge with a token of their own. Each
    call raises Unavailable where the forge does not answer."""

    def speaks_for(self) -> tuple[TokenKind, str]:
        """And the login."""

    def commit(
        self,
        branch: str,
        *,
        onto: str,
        message: str,
        additions: dict[str, bytes],
        removals: list[str],
    ) -> str:
        """The new commit; paths are from the root of the repository, and what follows the first
        line of the message and an empty one is its body. Raises Unavailable if the branch is not at
        `onto` any more: then nothing was written."""


class Proposals(PlanCommits, Protocol):
    """A change that a job proposes: a branch of its own and a pull request. What becomes of it is
    for people to say; no call touches a branch that was there before."""

    def begin_branch(self, branch: str, at: str) -> None:
        """Raises Unavailable where there is one of that name."""

    def open_pull_request(self, branch: str, *, into: str, title: str, body: str) -> int:
        """Its number. Raises Unavailable also where the forge lets no job open any."""
