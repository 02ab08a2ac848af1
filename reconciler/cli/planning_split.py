"""The plan of a move of shards, where an environment has one."""

from __future__ import annotations

from reconciler import __version__
from reconciler.cli.wire import Worlds
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.split.plan import keep_split_plan, plan_split
from reconciler.flows.split.reached import planning_world
from reconciler.outcomes.split import SplitPlanOutcome
from reconciler.plan.model import utc_text
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def planned_split(
    worlds: Worlds, files: DesiredFiles, chosen: Environment, loaded: Loaded, *, write: bool
) -> SplitPlanOutcome:
    world = planning_world(worlds, chosen)
    outcome = plan_split(
        world,
        files,
        chosen,
        created_at=utc_text(world.look.clock.now_s()),
        tool_version=__version__,
    )
    if write and not outcome.refusals:
        return keep_split_plan(outcome, loaded.tree, WorkingTreeWriter(loaded.root))
    return outcome
