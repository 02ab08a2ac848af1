"""`reconciler apply` and `reconciler resume`: the same gates; a resume also releases what holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.interrupts import counted_interrupts
from reconciler.cli.part import Wave, order_of, part
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.progress import shown_progress
from reconciler.cli.run import load
from reconciler.cli.splits import apply_connections, standing
from reconciler.cli.streams import remark, show
from reconciler.cli.who import holder_name, process_token
from reconciler.cli.wire import Worlds
from reconciler.drive.open import Releases
from reconciler.edges.files.history import GitHistory
from reconciler.flows.apply import ApplyRequest, ApplyWorld, apply_keyspace
from reconciler.flows.gates import Gates, cluster_gate
from reconciler.flows.keyspace_order import left_alone_before, order_gates
from reconciler.flows.keyspaces import Loaded, flattened, one_after_another, one_environment
from reconciler.flows.predecessors import LookOf, Predecessors, no_proof_asked, proof_of_git
from reconciler.flows.split.apply import (
    SplitApplyRequest,
    SplitApplyWorld,
    SplitConnections,
    apply_split,
    is_of_a_wave,
)
from reconciler.flows.split.reached import look_of, planning_world
from reconciler.guard.review.asker import Asker
from reconciler.guard.review.git import Review
from reconciler.ledger.drivers import driver_name
from reconciler.outcomes.apply import ApplyOutcome
from reconciler.outcomes.ends import apply_end
from reconciler.outcomes.exit_code import together
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.ports.world import World
from reconciler.report.render import apply_report
from reconciler.rollout.behest import Behest
from reconciler.rollout.parts import PartOrder
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

_ref = click.option(
    "--ref",
    metavar="COMMIT",
    default="HEAD",
    show_default=True,
    help="The commit whose files and plan are applied; never the working tree.",
)
_review = click.option(
    "--review",
    type=click.Choice(["git", "none"]),
    default="git",
    show_default=True,
    help="git: the plan must be on the protected branch. none: no proof of review, for sandboxes.",
)


@click.command()
@options.keyspaces
@options.repository
@options.environment
@_ref
@_review
@options.protected_branch
@options.max_runtime
@click.option(
    "--wave",
    type=Wave(),
    metavar="[all|canary|rest|NUMBER]",
    default="all",
    show_default=True,
    help="Which waves this run may start; by its number, one whose earlier waves are done.",
)
@options.region
@part
@options.output("text", "json", "markdown", "github")
def apply(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    ref: str,
    review: str,
    protected_branch: str | None,
    wave: WaveChoice | int,
    region: str | None,
    plan_id: str | None,
    protocol: int,
    max_runtime: int,
    output: str,
) -> None:
    """Run the reviewed plan, shard by shard in waves, or nothing at all.

    Every gate is asked again: the plan is derived again from the commit and the live shards, and
    any difference refuses before the first statement. Exit 3: refused. Exit 4: partial, or unknown.

    With --region and --wave NUMBER, that part of the plan, which can be run again at any time.
    """
    _apply(
        _Asked(
            keyspaces=keyspaces,
            repo=repo,
            environment=environment,
            ref=ref,
            review=Review(review),
            protected_branch=protected_branch,
            waves=wave if isinstance(wave, WaveChoice) else WaveChoice.ALL,
            releases=Releases.NOTHING,
            max_runtime_s=max_runtime,
            output=output,
            region=region,
            part=order_of(wave, region, plan_id, protocol),
        )
    )


@click.command()
@options.keyspaces
@options.repository
@options.environment
@_ref
@_review
@options.protected_branch
@options.max_runtime
@click.option(
    "--wave",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Go on with this wave and begin no later one.",
)
@options.region
@part
@options.output("text", "json", "markdown", "github")
def resume(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    ref: str,
    review: str,
    protected_branch: str | None,
    max_runtime: int,
    wave: int | None,
    region: str | None,
    plan_id: str | None,
    protocol: int,
    output: str,
) -> None:
    """Go on with an apply that stopped part of the way, and release what holds it.

    The same gates as `apply`: a table at its planned after-state is done, one at its before-state
    is to do, anything else refuses.
    """
    _apply(
        _Asked(
            keyspaces=keyspaces,
            repo=repo,
            environment=environment,
            ref=ref,
            review=Review(review),
            protected_branch=protected_branch,
            waves=WaveChoice.ALL,
            releases=Releases.WHAT_HOLDS,
            max_runtime_s=max_runtime,
            output=output,
            region=region,
            part=order_of(wave or WaveChoice.ALL, region, plan_id, protocol),
        )
    )


#: Where a split waits for its clean-up, a schema is changed beside it.
_Done = tuple[ApplyOutcome | SplitApplyOutcome | KeyspaceFailed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the command line says: most of it is text, which nothing else tells apart."""

    keyspaces: tuple[str, ...]
    repo: Path
    environment: str | None
    ref: str
    review: Review
    protected_branch: str | None
    waves: WaveChoice
    releases: Releases
    max_runtime_s: int
    output: str
    region: str | None
    part: PartOrder | None


def _apply_split(
    worlds: Worlds,
    history: GitHistory,
    files: DesiredFiles,
    environment: Environment,
    request: ApplyRequest,
    asked: _Asked,
    interrupts: Callable[[], int],
) -> SplitApplyOutcome:
    return apply_split(
        SplitApplyWorld(
            history=history,
            connect=lambda: SplitConnections(
                planning=planning_world(worlds, environment),
                driving=worlds.split_driving_of(environment, interrupts),
            ),
        ),
        files,
        environment,
        SplitApplyRequest(
            commit=request.commit,
            review=request.review,
            holder=request.holder,
            runtime_s=asked.max_runtime_s,
            resumes=request.releases is Releases.WHAT_HOLDS,
            named=asked.keyspaces,
            waves=request.waves,
            part=request.part,
        ),
    )


def _before(
    loaded: Loaded, history: GitHistory, request: ApplyRequest, worlds: Worlds, look_at: LookOf
) -> Predecessors:
    is_asked = request.review is Review.GIT
    return Predecessors(
        loaded=loaded.keyspaces,
        tree=loaded.tree,
        proof=proof_of_git(history, request.commit) if is_asked else no_proof_asked,
        look_of=look_at,
        ledger_of=worlds.lasting_ledger_of,
        checks=worlds.checks(),
    )


def _apply(asked: _Asked) -> None:
    history = GitHistory(asked.repo, asked.protected_branch)
    resumes = asked.releases is Releases.WHAT_HOLDS
    request = ApplyRequest(
        commit=history.resolve(asked.ref),
        review=asked.review,
        holder=driver_name(holder_name(), process_token()),
        waves=asked.waves,
        releases=asked.releases,
        part=asked.part,
        asker=Asker(who=holder_name()) if resumes else None,
        behest=Behest.RESUME if resumes else Behest.SOMEBODY,
    )
    if request.review is Review.NONE:
        remark("warning: --review none: nobody's review is asked for; for sandboxes")
    loaded = load(asked.repo, request.commit)
    if is_of_a_wave(asked.waves, asked.part):
        one_environment(loaded.keyspaces, asked.environment, asked.keyspaces, "a wave")
    ledger_gate = ledger_gate_of(asked.repo, asked.review, asked.protected_branch)
    with (
        Worlds(loaded.root) as worlds,
        counted_interrupts() as interrupts,
        shown_progress() as on_progress,
    ):

        def gate(files: DesiredFiles, chosen: Environment) -> None:
            ledger_gate(files, chosen)
            cluster_gate(history, request.commit, files, chosen, request.review)

        def work(files: DesiredFiles, chosen: Environment) -> _Done:
            stands = standing(worlds, files, chosen, gate)

            def drive_split() -> ApplyOutcome | SplitApplyOutcome:
                return _apply_split(worlds, history, files, chosen, request, asked, interrupts)

            def change_schema() -> ApplyOutcome | SplitApplyOutcome:
                ordinary = stands.environment
                before = _before(loaded, history, request, worlds, look_at)
                world = ApplyWorld(
                    history=history,
                    gates=Gates(fleet=order_gates(before, files, ordinary)),
                    left_alone_before=left_alone_before(before, files, ordinary),
                    connect=lambda: apply_connections(worlds, stands, interrupts),
                )
                return apply_keyspace(world, files, ordinary, request, on_progress=on_progress)

            def look_at(of: DesiredFiles, before: Environment) -> tuple[World, Environment]:
                first = standing(worlds, of, before, gate)
                return look_of(worlds, first), first.environment

            if stands.is_moving:
                return (drive_split(),)
            of_schema = asked.region is not None or is_of_a_wave(request.waves, request.part)
            if stands.job is None or of_schema:  # a split has neither regions nor waves
                return (change_schema(),)
            return one_after_another(chosen.name, files.spec.keyspace, drive_split, change_schema)

        outcomes: list[ApplyOutcome | SplitApplyOutcome | KeyspaceFailed] = flattened(
            loaded.each(asked.environment, asked.keyspaces, work, region=asked.region)
        )
    last_wave = request.part.wave if request.part else None
    show(apply_report(outcomes, presentation(asked.output, loaded.keyspaces)))
    exit_with([together(apply_end(outcome, request.waves, last_wave) for outcome in outcomes)])
