"""The work of `reconciler apply` and `resume`, once their options and the repository were read."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.cli.asked import Asked
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.interrupts import counted_interrupts
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.progress import shown_progress
from reconciler.cli.splits import apply_connections, standing
from reconciler.cli.streams import show
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
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

#: Where a split waits for its clean-up, a schema is changed beside it.
_Done = tuple[ApplyOutcome | SplitApplyOutcome | KeyspaceFailed, ...]


def apply_and_show(loaded: Loaded, history: GitHistory, commit: str, asked: Asked) -> None:
    """Runs what was asked, shows how it ended, and ends the verb with its code."""
    request = ApplyRequest(
        commit=commit,
        review=asked.review,
        holder=driver_name(holder_name(), process_token()),
        waves=asked.waves,
        releases=Releases.WHAT_HOLDS if asked.resumes else Releases.NOTHING,
        part=asked.part,
        asker=Asker(who=holder_name()) if asked.resumes else None,
        behest=Behest.RESUME if asked.resumes else Behest.SOMEBODY,
    )
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


def _apply_split(
    worlds: Worlds,
    history: GitHistory,
    files: DesiredFiles,
    environment: Environment,
    request: ApplyRequest,
    asked: Asked,
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
