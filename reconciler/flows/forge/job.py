"""What a forge's jobs share: the job, what it may ask, and where its results are told.

Telling never changes the verdict: a comment that the forge does not take is a remark in the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.split.reached import SplitWorlds
from reconciler.ports.clock import Clock
from reconciler.ports.files import Clone, MainLine
from reconciler.ports.forge import Forge
from reconciler.ports.job import BranchEvent, Job, PullRequestEvent
from reconciler.ports.ledger import Ledger
from reconciler.ports.notices import JobLog, Notices
from reconciler.report.addresses import in_path
from reconciler.report.document import Document
from reconciler.report.findings import SchemaFiles, schema_files
from reconciler.report.forge_words import untold_line
from reconciler.report.render import Format, Presentation
from reconciler.report.write.markdown import write_markdown
from reconciler.spec.load import load_repository
from reconciler.spec.model import Environment


class Worlds(SplitWorlds, Protocol):
    """The worlds of the environments that specs describe."""

    def lasting_ledger_of(self, environment: Environment) -> Ledger:
        """The one that earlier applies wrote to. Raises Unavailable or Refused."""


_ADDRESS = re.compile(r"https?://[\w.:/-]+", re.ASCII)

OpenWorlds = Callable[[], AbstractContextManager[Worlds]]
"""Servers that were started for a pass end with the block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeJob:
    """A job of a forge in a clone of the repository. `process` is chance, for the facts of a job
    that is run again are the same."""

    process: str
    facts: Job
    root: Path
    clone: Clone
    line: MainLine
    clock: Clock

    ask: Callable[[], Forge]
    """The forge's record. Raises InvalidInput where the job was given no token."""

    tell: Callable[[], Notices]
    """Where comments and the like go. Raises InvalidInput where the job was given no token."""

    log: JobLog

    shown: Callable[[Format, Loaded], Presentation]
    """How a report is shown in this job, with paths as the forge has them."""

    chat: Callable[[str], None] | None = None
    """Where people read news. Raises Unavailable."""

    @property
    def commit(self) -> str:
        """The job's commit, which must be in the clone."""
        return self.clone.resolve(self.facts.commit)

    def load(self, commit: str) -> Loaded:
        """The repository as the commit has it."""
        tree = self.clone.tree(commit)
        return Loaded(root=self.root, tree=tree, keyspaces=load_repository(tree))

    def files(self, loaded: Loaded) -> SchemaFiles:
        """Where findings belong, and where the forge shows these files."""
        event = self.facts.event
        commit = event.head_commit if isinstance(event, PullRequestEvent) else self.facts.commit
        return replace(
            schema_files(loaded.keyspaces),
            shown_at=files_url(self.facts.run_url, commit, self.clone.below),
        )

    def say(self, what: str, say: Callable[[Notices], object]) -> None:
        """Say something on the forge; whether it could be said decides nothing."""
        try:
            say(self.tell())
        except ReconcilerError as unsaid:
            self.log.remark(untold_line(what, unsaid.problems[0]))

    def summarise(self, report: Document) -> None:
        self.log.summarise(lambda limit_bytes: write_markdown(report, limit_bytes=limit_bytes))


def files_url(run_url: str, commit: str, below: str) -> str:
    """Where a forge shows the files of a commit, by the address of a run there; '' for one that
    names no repository, or would not stay in one piece where it is written."""
    repository, found, _ = run_url.partition("/actions/runs/")
    if not found or not _ADDRESS.fullmatch(repository):
        return ""
    return "/".join(filter(None, (repository, "blob", commit, in_path(below))))


def default_branch_event(job: ForgeJob, verb: str, *names: str) -> BranchEvent:
    """The event, if it is one of `names` on the default branch. Raises Refused."""
    event = job.facts.event
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
