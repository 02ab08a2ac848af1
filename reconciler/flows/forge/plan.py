"""`ci plan`: the plan of a pull request, told where its author looks, and left for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from reconciler import __version__
from reconciler.errors import Refused
from reconciler.flows.forge.commit import check_committer, commit_plans
from reconciler.flows.forge.job import ForgeJob, OpenWorlds, Worlds, wrong_event
from reconciler.flows.forge.proposed import (
    ProposedChange,
    Work,
    keep_comment,
    tell_fork,
    tell_unchanged,
)
from reconciler.flows.plan import keep_plan, kept_cleans, plan_keyspace
from reconciler.flows.sight import BY_ASKING, Sight
from reconciler.flows.split.plan import keep_split_plan, plan_split
from reconciler.flows.split.reached import look_of, planning_world
from reconciler.outcomes.ends import plan_code, plan_end
from reconciler.outcomes.exit_code import ExitCode, together, worst_first
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import PlanOutcome
from reconciler.outcomes.split import SplitPlanOutcome
from reconciler.plan.model import utc_text
from reconciler.ports.files import FileWriter
from reconciler.ports.notices import PlanCommits
from reconciler.ports.shards import Connections
from reconciler.report.compose.plan import plan_document
from reconciler.report.render import Format, plan_report
from reconciler.report.write.markdown import write_markdown
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree

_Planned = PlanOutcome | SplitPlanOutcome


class PlanComment(Enum):
    """Whether `plan` also writes into the pull request's comment, where `verify` may have said why
    it refuses."""

    WRITTEN = "written"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDestination:
    """Where `plan` leaves the plans that it made. `commits` None: in the checkout alone; else it
    raises InvalidInput where the job was given no token for it."""

    checkout: FileTree
    writer: FileWriter
    commits: Callable[[], PlanCommits] | None = None


def plan_change(
    job: ForgeJob,
    environments: Sequence[str],
    open_worlds: OpenWorlds,
    connections: Connections,
    *,
    comment: PlanComment,
    destination: PlanDestination,
    sight: Sight = BY_ASKING,
) -> ExitCode:
    """Raises Refused for another event, and InvalidInput for a token that may not commit."""
    change = ProposedChange(job, "plan")
    pull_request = change.pull_request
    if destination.commits is not None and pull_request is None:
        raise Refused(wrong_event("plan --commit", "on pull_request"))
    chosen_environments = change.loaded.environments(environments)
    if not change.touched:
        return tell_unchanged(change, chosen_environments, None)
    if pull_request and change.budget:
        return tell_fork(change, pull_request, change.budget, open_worlds, connections)
    commits = destination.commits() if destination.commits is not None else None
    if commits is not None:
        check_committer(commits)
    everything: list[_Planned | KeyspaceFailed] = []
    with open_worlds() as worlds:
        for environment in chosen_environments:
            work = _planning(change, worlds, destination.writer, sight)
            outcomes = change.outcomes(environment, work)
            everything += outcomes
            for outcome in outcomes if comment is PlanComment.WRITTEN else ():
                keep_comment(change, write_markdown(plan_document([outcome], change.files)))
    change.job.log.show(plan_report(everything, change.shown(Format.GITHUB)))
    ordered = worst_first(everything, plan_code)
    change.job.summarise(plan_document(ordered, change.files))
    if commits and pull_request:
        commit_plans(job, commits, destination.checkout, pull_request, everything)
    code = together(map(plan_end, everything))
    plans = [o.plan.plan_id for o in everything if not isinstance(o, KeyspaceFailed) and o.plan]
    change.job.log.output(changed=True, plan_ids=plans, exit_code=int(code))
    return code


def _planning(
    change: ProposedChange, worlds: Worlds, writer: FileWriter, sight: Sight
) -> Work[_Planned]:
    def work(files: DesiredFiles, chosen: Environment) -> _Planned:
        stands = change.standing(worlds, files, chosen)
        if stands.is_moving:
            return _planned_split(change, worlds, writer, files, chosen)
        chosen = stands.environment
        world = sight.of(look_of(worlds, stands), files, chosen)
        outcome = plan_keyspace(
            world,
            files,
            chosen,
            protected=change.before.tree,
            created_at=utc_text(world.clock.now_s()),
            tool_version=__version__,
            cleans=kept_cleans(
                change.loaded.tree, change.before.tree, chosen.name, files.spec.keyspace
            ),
            history=change.job.clone,
        )
        outcome = replace(outcome, lint=change.lint(files))
        if outcome.refusals:
            return outcome
        return keep_plan(outcome, change.loaded.tree, writer)

    return work


def _planned_split(
    change: ProposedChange,
    worlds: Worlds,
    writer: FileWriter,
    files: DesiredFiles,
    environment: Environment,
) -> SplitPlanOutcome:
    outcome = plan_split(
        planning_world(worlds, environment),
        files,
        environment,
        created_at=utc_text(change.job.clock.now_s()),
        tool_version=__version__,
    )
    return outcome if outcome.refusals else keep_split_plan(outcome, change.loaded.tree, writer)
