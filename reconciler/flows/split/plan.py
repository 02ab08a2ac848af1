"""`plan` and `verify` of a move: derived, kept beside the schema's plans, held against review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.errors import Problem, Refused
from reconciler.flows.split.derive import DerivedSplit, SplitPlanWorld, derive_split
from reconciler.guard.model import Refusal, refusals_from
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.outcomes.plan import VerifyState
from reconciler.outcomes.split import SplitPlanOutcome, SplitVerifyOutcome
from reconciler.ports.files import FileWriter
from reconciler.ports.split_jobs import SplitJobs
from reconciler.reshard.job import SplitJob
from reconciler.reshard.phases import Phase
from reconciler.reshard.plan.codec import dump_split_plan, split_plan_from_core
from reconciler.reshard.plan.compare import compare_split_plans
from reconciler.reshard.plan.files import read_split_plan, split_plan_paths
from reconciler.reshard.plan.model import SplitCore, SplitPlan
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
    or another size is no reason to void an approval; other words for it are, for they are what is
    read."""
    assert outcome.plan is not None, "a plan without refusals is a plan"
    paths = split_plan_paths(outcome.environment, outcome.keyspace)
    committed = _sound_plan(tree, outcome.environment, outcome.keyspace)
    if committed is not None and committed.core == outcome.plan.core:
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
    jobs = world.open_jobs()
    live = jobs.live(environment.name, keyspace)
    if live is not None:
        return _begun(live, plan, files)
    derived = derive_split(world, files, environment)
    state, refusals = VerifyState.VERIFIED, derived.refusals
    if plan is None:
        state = VerifyState.UNPLANNED
        refusals = refusals or (split_unplanned(environment.name, keyspace),)
    elif derived.core is not None:
        refusals = compare_split_plans(plan.core, derived.core) or _reworded(plan, derived.core)
    if plan is not None and refusals:
        state = VerifyState.REFUSED
    return SplitVerifyOutcome(
        environment=environment.name,
        keyspace=keyspace,
        state=state,
        plan=plan or _missing(derived),
        refusals=refusals,
        notes=(*_notes_on(jobs, plan), *derived.notes),
    )


def _reworded(plan: SplitPlan, derived: SplitCore) -> tuple[Refusal, ...]:
    """What a move costs, and what becomes of the source, its readers take from words: these are
    held against this program's before the review, and by nobody after it (SP-103)."""
    if plan.core.readable == derived.readable:
        return ()
    core = plan.core
    return refusals_from(
        Refused(
            Problem(
                code="split-plan-reworded",
                message=f"{split_plan_paths(core.environment, core.keyspace).sql} tells the move in"
                " other words than this version of reconciler, and nobody can tell whether they are"
                " true",
                recovery="run `reconciler plan --write` again, with the version that verifies, and"
                " have the new plan reviewed",
            )
        )
    )


def _begun(job: SplitJob, plan: SplitPlan | None, files: DesiredFiles) -> SplitVerifyOutcome:
    """Schema files that are not as they were planned with are a change that no plan has: it waits
    until the split is over (SP-69). The spec's may be, for it leads to the servers."""
    if plan is None or plan.plan_id != job.plan_id:
        refusals = refusals_from(Refused(_has_begun(job)))
    else:
        waiting = _changed_schema(plan, files)
        refusals = refusals_from(Refused(_schema_waits(job, waiting))) if waiting else ()
    told = f"split {job.job_id} has begun by this plan, and is in its phase {job.phase}"
    return SplitVerifyOutcome(
        environment=job.environment,
        keyspace=job.keyspace,
        state=VerifyState.REFUSED if refusals else VerifyState.VERIFIED,
        plan=plan,
        refusals=refusals,
        notes=() if refusals else (told,),
    )


def _changed_schema(plan: SplitPlan, files: DesiredFiles) -> list[str]:
    planned = {one.path: one.sha256 for one in plan.core.inputs}
    now, of_spec = dict(files.digests), dict(files.spec_digests)
    paths = sorted({*planned, *now} - of_spec.keys())
    return [path for path in paths if planned.get(path) != now.get(path)]


def _schema_waits(job: SplitJob, paths: Sequence[str]) -> Problem:
    more = f" and {len(paths) - SHARDS_NAMED_MAX} more" if paths[SHARDS_NAMED_MAX:] else ""
    return Problem(
        code="split-schema-waits",
        message=f"split {job.job_id} of {job.keyspace} is in its phase {job.phase}, and its plan"
        f" was made from other schema files: {', '.join(paths[:SHARDS_NAMED_MAX])}{more}",
        recovery="change the schema when the split is over: `reconciler plan` plans it then; what"
        " is merged before has no plan, and nothing applies it",
    )


def _notes_on(jobs: SplitJobs, plan: SplitPlan | None) -> tuple[str, ...]:
    last = None if plan is None else abandoned_last(jobs, plan)
    if last is None:
        return ()
    told = (
        f"split {last.job_id} carried this plan out and was given up: `reconciler resume"
        f" {last.keyspace}` begins it again, and no `apply` does"
    )
    return (told,)


def abandoned_last(jobs: SplitJobs, plan: SplitPlan) -> SplitJob | None:
    """The job that was the keyspace's last one, if it carried out this plan and was given up."""
    core = plan.core
    last = jobs.ended(core.environment, keyspace=core.keyspace, limit=1)
    given_up = (one for one in last if one.phase is Phase.ABANDONED)
    return next((one for one in given_up if one.plan_id == plan.plan_id), None)


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
        recovery="let `reconciler apply` carry it on until its targets serve, or give it up with"
        " `reconciler abandon`, then plan again",
    )
