"""What the `ci` verbs share: the job, the forge behind it, and where results are told.

Telling never changes the verdict: a comment that GitHub does not take is a warning in the log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from reconciler.cli.presenting import presentation
from reconciler.cli.streams import remark
from reconciler.edges.files.history import GitHistory
from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.forge import GithubForge
from reconciler.edges.github.job import BranchEvent, Job, read_job
from reconciler.edges.github.main_line import GitMainLine
from reconciler.edges.github.notices import JOB_AUTHOR, GithubNotices
from reconciler.errors import InvalidInput, Problem, ReconcilerError, Refused
from reconciler.flows.keyspaces import Loaded
from reconciler.limits import SUMMARY_BYTES_MAX
from reconciler.report.document import Document
from reconciler.report.forge_words import untold_line
from reconciler.report.render import Presentation
from reconciler.report.write.markdown import write_markdown


class CiJob:
    """A job of GitHub Actions in a clone of the repository."""

    def __init__(self, repo: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.root = repo.resolve()
        self.job: Job = read_job(environ)
        self.history = GitHistory(repo, None)
        self.line = GitMainLine(repo)
        self._author = environ.get("RECONCILER_COMMENT_AUTHOR", JOB_AUTHOR)

    @property
    def commit(self) -> str:
        """The job's commit, which must be in the clone."""
        return self.history.resolve(self.job.commit)

    @cached_property
    def forge(self) -> GithubForge:
        return GithubForge(self._client, self.job.repository, run_id=self.job.run_id)

    @cached_property
    def notices(self) -> GithubNotices:
        return GithubNotices(self._client, self.job.repository, author=self._author)

    @cached_property
    def _client(self) -> GithubClient:
        if not self.job.token:
            raise InvalidInput(
                Problem(
                    code="token-missing",
                    message="GITHUB_TOKEN is not set: the forge cannot be asked",
                    recovery="give the step `env: GITHUB_TOKEN: ${{ github.token }}`",
                )
            )
        return GithubClient(api_url=self.job.api_url, token=self.job.token)

    def how(self, form: str, loaded: Loaded) -> Presentation:
        """A report in this form, with paths as the forge has them."""
        return presentation(form, loaded.keyspaces, below=self.history.below)

    def tell(self, what: str, say: Callable[[GithubNotices], object]) -> None:
        """Say something on the forge; whether it could be said decides nothing."""
        try:
            say(self.notices)
        except ReconcilerError as unsaid:
            remark(untold_line(what, unsaid.problems[0]))

    def summarise(self, report: Document) -> None:
        """Add to the step's summary, which GitHub drops whole if it becomes too large."""
        path = self.job.summary
        if path is None:
            return
        size = path.stat().st_size if path.exists() else 0
        room = SUMMARY_BYTES_MAX - size - len("\n\n")
        if room > 0:
            with path.open("a", encoding="utf-8") as file:
                file.write(write_markdown(report, limit_bytes=room).rstrip("\n") + "\n\n")

    def output(self, **values: object) -> None:
        """Outputs of the step; JSON keeps a value on its line."""
        if self.job.outputs is None:
            return
        with self.job.outputs.open("a", encoding="utf-8") as file:
            for name, value in values.items():
                text = value if isinstance(value, str) else json.dumps(value)
                file.write(f"{name.replace('_', '-')}={text.splitlines()[0] if text else ''}\n")

    def default_branch_event(self, verb: str, *names: str) -> BranchEvent:
        """The event, if it is one of `names` on the default branch. Raises Refused."""
        event = self.job.event
        if not isinstance(event, BranchEvent) or event.name not in names:
            raise Refused(wrong_event(verb, f"on {' or '.join(names)}"))
        if event.branch != event.default_branch:
            raise Refused(wrong_event(verb, f"on the default branch, {event.default_branch}"))
        return event


def wrong_event(verb: str, allowed: str) -> Problem:
    return Problem(
        code="event-not-allowed",
        message=f"`reconciler ci {verb}` runs only {allowed}",
        recovery="see the example workflow in docs/github.md",
    )
