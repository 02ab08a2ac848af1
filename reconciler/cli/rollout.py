"""`reconciler rollout`: rollouts over regions, kept by Temporal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.review_choice import USUAL_BRANCH, proof_by
from reconciler.cli.run import load
from reconciler.cli.streams import show
from reconciler.cli.temporal import of_temporal, place_of, rollouts_at, who_asks
from reconciler.edges.clock import SystemClock
from reconciler.edges.files.history import GitHistory
from reconciler.errors import InvalidInput, Problem
from reconciler.flows.keyspaces import one_environment
from reconciler.flows.rollouts import StartRequest, ask_rollout, look_at_rollout, start_rollout
from reconciler.outcomes.ends import rollout_end
from reconciler.outcomes.exit_code import together
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.rollouts import CourseAsked, RolloutOutcome
from reconciler.ports.rollouts import Rollouts
from reconciler.report.render import rollouts_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

_SILENT_S = 30


@click.group()
def rollout() -> None:
    """Begin, ask and show rollouts over regions that Temporal keeps.

    `reconciler worker` carries them out. Nothing here needs a login to any shard.
    """


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        of_temporal,
        options.output("text", "json"),
        options.environment,
        options.repository,
        options.keyspaces,
    ):
        command = option(command)
    return command


@rollout.command()
@_shared
@click.option(
    "--ref",
    metavar="COMMIT",
    help="The commit whose plan is rolled out; by default the protected branch's last.",
)
@options.protected_branch
@click.option(
    "--review",
    type=click.Choice(["git", "github"]),
    default="git",
    show_default=True,
    help="git: what is on the protected branch was reviewed. github: the forge's record of who"
    " approved what is asked as well, of --protected-branch, by default main. Each region proves it"
    " again, by what its worker was told.",
)
@options.github_token_file
@click.option(
    "--silent",
    "silent_s",
    type=click.IntRange(min=2),
    default=_SILENT_S,
    show_default=True,
    metavar="SECONDS",
    help="For how long a region at work may show no sign of life, until another worker of it goes"
    " on.",
)
def start(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    output: str,
    ref: str | None,
    protected_branch: str | None,
    review: str,
    github_token_file: Path | None,
    silent_s: int,
    **where: Any,
) -> None:
    """Order the parts of the merged plan, wave by wave, of the workers of its regions."""
    if github_token_file and review != "github":
        raise click.UsageError("--github-token-file goes with --review github.")
    branch = protected_branch or (USUAL_BRANCH if review == "github" else None)
    proof_at = proof_by(review, repo, branch, who_asks(), github_token_file)
    rollouts, history = rollouts_at(place_of(**where)), GitHistory(repo, branch)
    commit = history.resolve(ref) if ref else history.protected_tip()
    if commit is None:
        raise InvalidInput(_no_branch())
    asked = StartRequest(commit=commit, asked_by=who_asks(), silent_s=silent_s)

    def work(files: DesiredFiles, chosen: Environment) -> RolloutOutcome:
        gates = proof_at(history, commit, chosen.name).gates(files, chosen, 1)
        return start_rollout(history, rollouts, files, chosen, replace(asked, gates=gates))

    loaded = load(repo, commit)
    one_environment(loaded.keyspaces, environment, keyspaces, "a rollout over regions")
    _tell(loaded.each(environment, keyspaces, work), output)


@rollout.command()
@_shared
def status(
    keyspaces: tuple[str, ...], repo: Path, environment: str | None, output: str, **where: Any
) -> None:
    """Show how rollouts stand, what each part waits for, and which regions have a worker."""
    rollouts, now_s = rollouts_at(place_of(**where)), SystemClock().now_s()

    def work(files: DesiredFiles, chosen: Environment) -> RolloutOutcome:
        return look_at_rollout(rollouts, files, chosen, now_s)

    _tell(load(repo, None).each(environment, keyspaces, work), output)


def _asking(kind: CourseAsked, help_text: str, *more: Callable[[Any], Any]) -> None:
    @rollout.command(name=kind.value, help=help_text)
    @_shared
    def asking(
        keyspaces: tuple[str, ...],
        repo: Path,
        environment: str | None,
        output: str,
        without: str | None = None,
        **where: Any,
    ) -> None:
        rollouts: Rollouts = rollouts_at(place_of(**where))
        what = kind if without is None else CourseAsked.WITHOUT

        def work(files: DesiredFiles, chosen: Environment) -> RolloutOutcome:
            return ask_rollout(rollouts, files, chosen, what, who_asks(), without or "")

        _tell(load(repo, None).each(environment, keyspaces, work), output)

    for option in more:
        option(asking)


_asking(
    CourseAsked.STOP,
    "Have every region begin nothing new; what a server runs is finished first. It stays open:"
    " `resume` goes on with it, `cancel` ends it.",
)
_asking(
    CourseAsked.RELEASE,
    "Open the gate that a rollout waits at, or let a region go on that waits for a person.",
)
_asking(
    CourseAsked.RESUME,
    "Go on with a rollout that is stopped, or that a region's refusal holds, and release what holds"
    " it there. Each region asks every gate again.",
)
_asking(
    CourseAsked.CANCEL,
    "End a rollout: nothing new begins, and every region that has begun lets its shards go. Nothing"
    " is undone.",
    click.option(
        "--without",
        metavar="REGION",
        help="Of a rollout that has ended, and waits for this region to be told: wait for it no"
        " more. Its record keeps its shards reserved until `reconciler cancel` there.",
    ),
)


def _tell(found: Sequence[RolloutOutcome | KeyspaceFailed], output: str) -> None:
    show(rollouts_report(found, presentation(output)))
    exit_with([together(map(rollout_end, found))])


def _no_branch() -> Problem:
    return Problem(
        code="rollout-without-branch",
        message="the repository has no protected branch that anything was merged to",
        recovery="name it with --protected-branch",
    )
