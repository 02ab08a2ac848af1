"""The work of `reconciler plan`, once its options and the repository were read.

What few plans need is imported when one does: a way back, a move of shards, what regions saw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from reconciler import __version__
from reconciler.cli.aim import Aim
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.phases import shown_phases
from reconciler.cli.presenting import exit_with, presentation, tell_of_file
from reconciler.cli.splits import address_gate_of, standing
from reconciler.cli.streams import deliver
from reconciler.cli.trees import open_history, protected_tree
from reconciler.cli.wire import Worlds
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.lint import branch_start, lint_change
from reconciler.flows.plan import keep_plan, kept_cleans, plan_keyspace
from reconciler.flows.split.reached import look_of
from reconciler.guard.review.git import Review
from reconciler.outcomes.ends import plan_end
from reconciler.outcomes.exit_code import ExitCode, together
from reconciler.outcomes.plan import PlanOutcome
from reconciler.outcomes.split import SplitPlanOutcome
from reconciler.plan.model import utc_text
from reconciler.ports.ledger import Ledger
from reconciler.ports.world import World
from reconciler.report.compose.plan import plan_document
from reconciler.report.render import plan_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def plan_and_show(
    loaded: Loaded,
    *,
    repo: Path,
    environment: str | None,
    keyspaces: tuple[str, ...],
    ref: str | None,
    protected_branch: str | None,
    output: str,
    to: Path | None,
    write: bool,
    revert: str | None,
    observations: Path | None,
    detailed_exitcode: bool,
) -> None:
    """Shows the plan of each keyspace and ends the verb with its code."""
    protected = protected_tree(repo, protected_branch)
    history = open_history(repo, protected_branch)
    began = branch_start(history, ref or "HEAD") if history is not None and not revert else None
    gate = ledger_gate_of(repo, Review.GIT, protected_branch)
    address_gate = address_gate_of(repo, protected_branch)
    with shown_phases(), Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> PlanOutcome | SplitPlanOutcome:
            stands = standing(worlds, files, chosen, address_gate)
            if revert is None and stands.is_moving:
                from reconciler.cli.planning_split import planned_split

                return planned_split(worlds, files, chosen, loaded, write=write)
            chosen, world = stands.environment, look_of(worlds, stands)
            if observations:
                world = _as_observed(world, observations, files, chosen)

            def open_ledger() -> Ledger:
                gate(files, chosen)  # the spec of now says where the ledger is
                return worlds.lasting_ledger_of(chosen)

            aim = Aim(files)
            if revert:
                aim = _aim_of_before(revert, files, chosen, world, loaded, open_ledger)
            outcome = plan_keyspace(
                world,
                aim.files,
                chosen,
                protected=protected,
                created_at=utc_text(world.clock.now_s()),
                tool_version=__version__,
                cleans=kept_cleans(loaded.tree, protected, chosen.name, files.spec.keyspace),
                notes=aim.notes,
                open_ledger=open_ledger,
                takes_back=aim.takes_back,
                history=history,
            )
            if began is not None:
                outcome = replace(outcome, lint=lint_change(aim.files, loaded.tree, began))
            if (write or revert) and not outcome.refusals:
                return keep_plan(outcome, loaded.tree, WorkingTreeWriter(loaded.root))
            return outcome

        outcomes = loaded.each(environment, keyspaces, work)
    deliver(plan_report(outcomes, presentation(output, loaded.keyspaces, to=to)), to)
    changes = ExitCode.DIFFERENCES if detailed_exitcode else None
    ends = [plan_end(outcome, changes) for outcome in outcomes]
    tell_of_file(plan_document(outcomes), [end.code for end in ends], to)
    exit_with([together(ends)])


def _as_observed(
    world: World, folder: Path, files: DesiredFiles, environment: Environment
) -> World:
    from reconciler.cli.observed import observed_world

    return observed_world(world, folder, files, environment)


def _aim_of_before(
    plan_id: str,
    files: DesiredFiles,
    environment: Environment,
    world: World,
    loaded: Loaded,
    open_ledger: Callable[[], Ledger],
) -> Aim:
    from reconciler.cli.planning_back import reverted

    return reverted(plan_id, files, environment, world, loaded, open_ledger)
