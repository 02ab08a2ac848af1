"""The only place where a job of GitHub Actions is wired: its facts, its forge, where it tells."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from pathlib import Path

from reconciler.cli.interrupts import counted_interrupts
from reconciler.cli.presenting import presentation
from reconciler.cli.progress import shown_progress
from reconciler.cli.streams import deliver, remark, show
from reconciler.cli.who import process_token
from reconciler.cli.wire import Worlds
from reconciler.drive.split.reshard_tick import ReshardWorld
from reconciler.drive.split.world import SplitWorld
from reconciler.edges.clock import SystemClock
from reconciler.edges.files.history import GitHistory
from reconciler.edges.files.working_tree import WorkingTree
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.commits import GithubPlanCommits, GithubProposals
from reconciler.edges.github.forge import GithubForge
from reconciler.edges.github.job import GithubJob, read_job
from reconciler.edges.github.main_line import GitMainLine
from reconciler.edges.github.notices import JOB_AUTHOR, GithubNotices
from reconciler.edges.github.runner import RunnerFiles
from reconciler.edges.github.webhook import post_text
from reconciler.edges.meanwhile import told_meanwhile
from reconciler.edges.mysql.check import MysqlConnections
from reconciler.errors import InvalidInput, Problem
from reconciler.flows.apply import ApplyConnections
from reconciler.flows.forge.apply import Notify
from reconciler.flows.forge.job import ForgeJob
from reconciler.flows.forge.plan import PlanDestination
from reconciler.outcomes.progress import ProgressEvent
from reconciler.ports.ledger import Ledger
from reconciler.ports.notices import PlanCommits, Proposals
from reconciler.ports.promotion import PromotionChecks
from reconciler.ports.reshards import Reshards
from reconciler.ports.routes import Routes
from reconciler.ports.shards import Connections
from reconciler.ports.split_jobs import SplitJobs
from reconciler.ports.split_servers import SplitServers
from reconciler.ports.world import World
from reconciler.spec.model import Environment

_COMMIT_TOKEN = "RECONCILER_COMMIT_TOKEN"


class JobWiring:
    """All that the jobs of one process are given."""

    def __init__(self, repo: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._repo, self._environ = repo, environ
        self._github = read_job(environ)
        self.job = _forge_job(repo, environ, self._github)

    def open_worlds(self) -> AbstractContextManager[Worlds]:
        return Worlds(self.job.root)

    @property
    def connections(self) -> Connections:
        return MysqlConnections(environ=self._environ, root=self.job.root)

    def destination(self, *, commit: bool) -> PlanDestination:
        root = self.job.root
        return PlanDestination(
            checkout=WorkingTree(root),
            writer=WorkingTreeWriter(root),
            commits=self._plan_commits if commit else None,
        )

    @contextmanager
    def begin_rollouts(self) -> Iterator[JobRollouts]:
        with (
            Worlds(self.job.root, in_job=True) as worlds,
            counted_interrupts() as interrupts,
            shown_progress() as on_progress,
        ):
            yield JobRollouts(worlds, interrupts, on_progress)

    def proposals(self) -> Proposals:
        """By an app where the job has the token of one, else by the job's own. Raises InvalidInput
        without any."""
        token = self._environ.get(_COMMIT_TOKEN) or self._github.token
        if not token:
            raise InvalidInput(_no_token())
        client = GithubClient(api_url=self._github.api_url, token=token)
        return GithubProposals(client, self._github.repository)

    def _plan_commits(self) -> PlanCommits:
        """Raises InvalidInput without the token of an app."""
        token = self._environ.get(_COMMIT_TOKEN)
        if not token:
            raise InvalidInput(_no_commit_token())
        client = GithubClient(api_url=self._github.api_url, token=token)
        return GithubPlanCommits(client, self._github.repository)


class JobRollouts:
    """What rollouts of a job reach, and where they are shown."""

    def __init__(
        self,
        worlds: Worlds,
        interrupts: Callable[[], int],
        on_progress: Callable[[ProgressEvent], None],
    ) -> None:
        self._worlds, self._interrupts, self._on_progress = worlds, interrupts, on_progress

    def world_of(self, environment: Environment) -> World:
        return self._worlds.world_of(environment)

    def ledger_of(self, environment: Environment) -> Ledger:
        return self._worlds.ledger_of(environment)

    def lasting_ledger_of(self, environment: Environment) -> Ledger:
        return self._worlds.lasting_ledger_of(environment)

    def checks(self) -> PromotionChecks:
        return self._worlds.checks()

    def routes_of(self, environment: Environment) -> Routes:
        return self._worlds.routes_of(environment)

    def split_jobs_of(self, environment: Environment) -> SplitJobs:
        return self._worlds.split_jobs_of(environment)

    def split_record_of(self, environment: Environment) -> SplitJobs:
        return self._worlds.split_record_of(environment)

    def split_servers(self) -> SplitServers:
        return self._worlds.split_servers()

    def reshards(self) -> Reshards:
        return self._worlds.reshards()

    def split_driving_of(self, environment: Environment) -> SplitWorld | ReshardWorld:
        return self._worlds.split_driving_of(environment, self._interrupts)

    def connect(self, environment: Environment) -> ApplyConnections:
        return self._worlds.apply_connections_of(environment, self._interrupts)

    def on_progress(self, event: ProgressEvent) -> None:
        self._on_progress(event)

    def meanwhile(
        self, begin: Callable[[], None], say: Callable[[], None]
    ) -> AbstractContextManager[Notify]:
        return told_meanwhile(begin, say)


class ActionsLog:
    """`JobLog` of a runner: its standard streams, and the files that it names."""

    def __init__(self, files: RunnerFiles) -> None:
        self._files = files

    def show(self, text: str) -> None:
        show(text)

    def remark(self, text: str) -> None:
        remark(text)

    def summarise(self, write: Callable[[int], str]) -> None:
        self._files.summarise(write)

    def output(self, **values: object) -> None:
        self._files.output(values)

    def leave(self, path: Path, text: str) -> None:
        deliver(text, path)


def _forge_job(repo: Path, environ: Mapping[str, str], github: GithubJob) -> ForgeJob:
    clone = GitHistory(repo, None)
    author = environ.get("RECONCILER_COMMENT_AUTHOR", JOB_AUTHOR)

    @cache
    def client() -> GithubClient:
        if not github.token:
            raise InvalidInput(_no_token())
        return GithubClient(api_url=github.api_url, token=github.token)

    @cache
    def forge() -> GithubForge:
        return GithubForge(client(), github.repository, run_id=github.run_id)

    @cache
    def notices() -> GithubNotices:
        return GithubNotices(client(), github.repository, author=author)

    return ForgeJob(
        process=process_token(),
        facts=github.facts,
        root=repo.resolve(),
        clone=clone,
        line=GitMainLine(repo),
        clock=SystemClock(),
        ask=forge,
        tell=notices,
        log=ActionsLog(RunnerFiles(summary=github.summary, outputs=github.outputs)),
        shown=lambda form, loaded: presentation(form, loaded.keyspaces, below=clone.below),
        chat=_chat(environ),
    )


def _chat(environ: Mapping[str, str]) -> Callable[[str], None] | None:
    url = environ.get("RECONCILER_WEBHOOK_URL")
    return partial(post_text, url) if url else None


def _no_token() -> Problem:
    return Problem(
        code="token-missing",
        message="GITHUB_TOKEN is not set: the forge cannot be asked",
        recovery="give the step `env: GITHUB_TOKEN: ${{ github.token }}`",
    )


def _no_commit_token() -> Problem:
    return Problem(
        code="commit-token-missing",
        message=f"--commit was given and {_COMMIT_TOKEN} is not set",
        recovery="set it to an installation token of an app that may write contents, or leave out"
        " --commit",
    )
