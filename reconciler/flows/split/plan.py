"""`plan` and `verify` of a move: derived, kept beside the schema's plans, held against review."""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import Problem, Refused
from reconciler.flows.split.derive import DerivedSplit, SplitPlanWorld, derive_split
from reconciler.guard.model import Refusal, refusals_from
from reconciler.outcomes.plan import VerifyState
from reconciler.outcomes.split import SplitPlanOutcome, SplitVerifyOutcome
from reconciler.ports.files import FileWriter
from reconciler.reshard.job import SplitJob
from reconciler.reshard.plan.codec import dump_split_plan, split_plan_from_core
from reconciler.reshard.plan.compare import compare_split_plans, is_same_split
from reconciler.reshard.plan.files import read_split_plan, split_plan_paths
from reconciler.reshard.plan.model import SplitPlan
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree


def plan_split(
    world: SplitPlanWorld,
    files: DesiredFiles,
    environment: Environment,
    *,
    created_at: str,
    tool_version: str,
) -> SplitPlanOutcome:
    """Of a spec that replaces shards. A move that has begun is carried to its end by the plan that
    it has: no other is made meanwhile."""
    keyspace = files.spec.keyspace
    live = world.open_jobs().live(environment.name, keyspace)
    if live is not None:
        return SplitPlanOutcome(
            environment=environment.name,
            keyspace=keyspace,
            refusals=refusals_from(Refused(_has_begun(live))),
        )
    derived = derive_split(world, files, environment)
    plan = None
    if derived.core is not None:
        meta = derived.meta(created_at=created_at, tool_version=tool_version)
        plan = split_plan_from_core(derived.core, meta)
    return SplitPlanOutcome(
        environment=environment.name,
        keyspace=keyspace,
        plan=plan,
        readable_sql=derived.readable_sql,
        refusals=derived.refusals,
    )


def keep_split_plan(
    outcome: SplitPlanOutcome, tree: FileTree, writer: FileWriter
) -> SplitPlanOutcome:
    """Write both files. Files that hold the same commitment already stay as they are: another time
    or another size is no reason to void an approval."""
    assert outcome.plan is not None, "a plan without refusals is a plan"
    paths = split_plan_paths(outcome.environment, outcome.keyspace)
    committed = _sound_plan(tree, outcome.environment, outcome.keyspace)
    if committed is not None and is_same_split(committed.core, outcome.plan.core):
        plan = replace(committed, meta=replace(committed.meta, notes=outcome.plan.meta.notes))
        return replace(outcome, plan=plan, written=(paths.json, paths.sql))
    writer.write(paths.sql, outcome.readable_sql.encode())
    writer.write(paths.json, dump_split_plan(outcome.plan))
    return replace(outcome, written=(paths.json, paths.sql))


def verify_split(
    world: SplitPlanWorld, files: DesiredFiles, environment: Environment, *, tree: FileTree
) -> SplitVerifyOutcome:
    """The committed plan against what is derived here and now; one that has begun is the job's, and
    its targets are empty no more. Raises Refused for a file that is not sound."""
    keyspace = files.spec.keyspace
    plan = read_split_plan(tree, environment.name, keyspace)
    live = world.open_jobs().live(environment.name, keyspace)
    if live is not None:
        return _begun(live, plan, environment.name)
    derived = derive_split(world, files, environment)
    state, refusals = VerifyState.VERIFIED, derived.refusals
    if plan is None:
        state = VerifyState.UNPLANNED
        refusals = refusals or (split_unplanned(environment.name, keyspace),)
    elif derived.core is not None:
        refusals = compare_split_plans(plan.core, derived.core)
    if plan is not None and refusals:
        state = VerifyState.REFUSED
    return SplitVerifyOutcome(
        environment=environment.name,
        keyspace=keyspace,
        state=state,
        plan=plan or _missing(derived),
        refusals=refusals,
        notes=derived.notes,
    )


def _begun(job: SplitJob, plan: SplitPlan | None, environment: str) -> SplitVerifyOutcome:
    is_its_plan = plan is not None and plan.plan_id == job.plan_id
    return SplitVerifyOutcome(
        environment=environment,
        keyspace=job.keyspace,
        state=VerifyState.VERIFIED if is_its_plan else VerifyState.REFUSED,
        plan=plan,
        refusals=() if is_its_plan else refusals_from(Refused(_has_begun(job))),
        notes=(f"split {job.job_id} has begun by this plan, and is in its phase {job.phase}",)
        if is_its_plan
        else (),
    )


def split_unplanned(environment: str, keyspace: str) -> Refusal:
    return Refusal(
        code="split-plan-missing",
        message=f"keyspace {keyspace}: the spec replaces shards by others and there is no"
        f" {split_plan_paths(environment, keyspace).json}",
        recovery=f"run `reconciler plan {keyspace} --environment {environment} --write`, commit"
        " both files and have them reviewed",
    )


def _missing(derived: DerivedSplit) -> SplitPlan | None:
    """The plan that would be made, to be shown; nobody asks by what and when."""
    if derived.core is None:
        return None
    return split_plan_from_core(derived.core, derived.meta(created_at="", tool_version=""))


def _sound_plan(tree: FileTree, environment: str, keyspace: str) -> SplitPlan | None:
    """The plan that stands in the tree; one that is not sound is none."""
    try:
        return read_split_plan(tree, environment, keyspace)
    except Refused:
        return None


def _has_begun(job: SplitJob) -> Problem:
    return Problem(
        code="split-has-begun",
        message=f"split {job.job_id} of {job.keyspace} has begun: it is in its phase {job.phase},"
        f" by plan {job.plan_id}",
        recovery="let `reconciler apply` carry it to its end, or give it up with `reconciler"
        " abandon`, then plan again",
    )
