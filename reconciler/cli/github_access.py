"""GitHub as processes ask it that no runner of it has started: the controller, and the worker of a
region. What they ask is the record that its own jobs ask.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reconciler.cli.presenting import presentation
from reconciler.cli.streams import remark, show
from reconciler.cli.tokens import token_in
from reconciler.cli.who import process_token
from reconciler.edges.clock import SystemClock
from reconciler.edges.files.history import GitHistory
from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.forge import GithubForge
from reconciler.edges.github.main_line import GitMainLine
from reconciler.edges.github.notices import JOB_AUTHOR
from reconciler.errors import Problem, Unavailable, UsageError
from reconciler.flows.forge.job import ForgeJob
from reconciler.ports.job import BranchEvent, Job
from reconciler.ports.notices import Notices


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubAccess:
    """`token` is asked for each request: those of apps last for an hour. `server_url` is where
    people look, `author` whose comments are edited."""

    api_url: str
    server_url: str
    repository: str
    author: str
    token: Callable[[], str]

    @property
    def client(self) -> GithubClient:
        return GithubClient(api_url=self.api_url, token=self.token)


def github_access(token_file: Path | None) -> GithubAccess:
    """As the environment names it. Raises UsageError where it names no repository, or no token."""
    repository, token = os.environ.get("GITHUB_REPOSITORY", ""), os.environ.get("GITHUB_TOKEN", "")
    if not repository or not (token or token_file):
        raise UsageError(_no_github())
    return GithubAccess(
        api_url=os.environ.get("GITHUB_API_URL", "https://api.github.com"),
        server_url=os.environ.get("GITHUB_SERVER_URL", "https://github.com"),
        repository=repository,
        author=os.environ.get("RECONCILER_COMMENT_AUTHOR", JOB_AUTHOR),
        token=partial(token_from, token_file, token),
    )


def token_from(file: Path | None, variable: str) -> str:
    """Read each time: whoever renews it writes the file again. Raises Unavailable while there is no
    token in it."""
    if file is None:
        return variable
    token = token_in(file)
    if token is None:
        raise Unavailable(_no_token())
    return token


@dataclass(frozen=True, slots=True, kw_only=True)
class JobElsewhere:
    """Jobs on commits of the protected branch `branch`, in the clone at `repo`; `actor` is who
    works there."""

    github: GithubAccess
    repo: Path
    branch: str
    actor: str

    def job(self, commit: str, tell: Callable[[], Notices], *, is_again: bool = False) -> ForgeJob:
        github, clone = self.github, GitHistory(self.repo, self.branch)
        return ForgeJob(
            process=process_token(),
            facts=self._facts(commit, is_again=is_again),
            root=self.repo.resolve(),
            clone=clone,
            line=GitMainLine(self.repo),
            clock=SystemClock(),
            ask=lambda: GithubForge(github.client, github.repository),
            tell=tell,
            log=ProcessLog(),
            shown=lambda _form, loaded: presentation("text", loaded.keyspaces, below=clone.below),
        )

    def _facts(self, commit: str, *, is_again: bool) -> Job:
        github = self.github
        return Job(
            event=BranchEvent(name="push", branch=self.branch, default_branch=self.branch),
            commit=commit,
            actor=self.actor,
            is_rerun=is_again,
            run_url=f"{github.server_url}/{github.repository}/commit/{commit}",
            may_ask=True,
        )


class ProcessLog:
    """`JobLog` of a process that no runner of a forge has started: its standard streams."""

    def show(self, text: str) -> None:
        show(text)

    def remark(self, text: str) -> None:
        remark(text)

    def summarise(self, write: Callable[[int], str]) -> None:
        """Nobody gathers them: the same is in the log."""

    def output(self, **values: object) -> None:
        """No later step asks for them."""

    def leave(self, path: Path, text: str) -> None:
        raise AssertionError("no such process is asked for files")


def _no_github() -> Problem:
    return Problem(
        code="review-without-forge",
        message="--review github was given without GITHUB_REPOSITORY, or without a token",
        recovery="set GITHUB_REPOSITORY to OWNER/NAME, and GITHUB_TOKEN or --github-token-file",
    )


def _no_token() -> Problem:
    return Problem(
        code="forge-token-unreadable",
        message="the file of --github-token-file holds no token that can be read",
        recovery="have whoever renews the token write it there, alone and under another name first:"
        " `mv` puts it in place at once; it is read again before each request",
    )
