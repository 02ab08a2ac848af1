"""`apply` of a move: begun once, as it was reviewed, and driven on by every run after that.

Before a job is open, everything is asked as for any plan: the review, the files, and the plan once
more from the servers (SP-72). An open job is the plan's that it was opened with: its servers hold
what it has made, and are none that a plan could be derived from. What leads to them is in the spec,
so that the spec is asked for its review in every run (SP-76).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from reconciler.drive.split.tick import run_tick
from reconciler.drive.split.world import SplitOrder, SplitWorld
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.flows.gates import review_facts, spec_gate_of_git
from reconciler.flows.limits import (
    ENDED_SPLITS_KEPT,
    ENDED_SPLITS_KEPT_S,
    SPLITS_FORGOTTEN_AT_ONCE,
)
from reconciler.flows.split.derive import SplitPlanWorld, derive_split
from reconciler.flows.split.plan import split_unplanned
from reconciler.guard.model import Obstacle, Refusal, refusals_from
from reconciler.guard.review.git import Review, review_refusals
from reconciler.model.fleet import parse_key_range
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.ports.files import History
from reconciler.ports.split_servers import TableToMove
from reconciler.reshard.batches import Owners
from reconciler.reshard.job import Approval, JobRequestKind, NewSplitJob, SplitJob
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS, selftest
from reconciler.reshard.plan.compare import compare_split_plans
from reconciler.reshard.plan.files import read_split_plan, split_plan_paths
from reconciler.reshard.plan.model import SplitPlan
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, ShardSpec
from reconciler.spec.tree import FileTree


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitApplyRequest:
    """`holder` is who drives, in words that no other process has; `runtime_s` for how long.
    `resumes`: a job that somebody has stopped goes on."""

    commit: str
    review: Review
    holder: str
    runtime_s: float
    resumes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitConnections:
    """What can be reached with the logins that the spec names."""

    planning: SplitPlanWorld
    driving: SplitWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitApplyWorld:
    """Nothing calls `connect` before the spec was found reviewed (GT-1)."""

    history: History
    connect: Callable[[], SplitConnections]


def apply_split(
    world: SplitApplyWorld,
    files: DesiredFiles,
    environment: Environment,
    request: SplitApplyRequest,
) -> SplitApplyOutcome:
    """Begin the reviewed move, or go on with it. Raises Refused for an unsound plan file, and
    Unavailable if the ledger cannot be reached."""
    keyspace = files.spec.keyspace
    tree = world.history.tree(request.commit)
    plan = read_split_plan(tree, environment.name, keyspace)

    def refused(refusals: tuple[Obstacle, ...]) -> SplitApplyOutcome:
        return SplitApplyOutcome(
            environment=environment.name, keyspace=keyspace, plan=plan, refusals=refusals
        )

    if unreviewed := _spec_refusals(world.history, files, request):
        return refused(unreviewed)
    if plan is None:
        return refused((split_unplanned(environment.name, keyspace),))
    reached = world.connect()
    job = reached.driving.jobs.live(environment.name, keyspace)
    if job is None:
        refusals = _plan_refusals(world.history, files, plan, request) or _live_refusals(
            reached.planning, files, environment, plan
        )
        if refusals:
            return refused(refusals)
        job = _opened(reached.driving, plan, request)
    if job.plan_id != plan.plan_id:
        return refused(refusals_from(Refused(_other_plan(job, environment.name))))
    _approve_start(reached.driving, job, request)
    if request.resumes and job.held_by is not None:
        now_s = reached.driving.clock.now_s()
        reached.driving.jobs.ask(
            job.job_id, JobRequestKind.RESUME, asked_by=request.holder, now_s=now_s
        )
    order = split_order(plan, job, environment, request)
    result = run_tick(reached.driving, order)
    _forget_old(reached.driving)
    return SplitApplyOutcome(
        environment=environment.name,
        keyspace=keyspace,
        plan=plan,
        job=result.job,
        how=result.how,
        problem=result.problem,
    )


def _forget_old(world: SplitWorld) -> None:
    """In small steps, run by run: history is no reason for a run to fail."""
    ended_before_s = world.clock.now_s() - ENDED_SPLITS_KEPT_S
    with suppress(Unavailable):
        world.jobs.sweep(
            ended_before_s=ended_before_s, keep=ENDED_SPLITS_KEPT, limit=SPLITS_FORGOTTEN_AT_ONCE
        )


def split_order(
    plan: SplitPlan, job: SplitJob, environment: Environment, request: SplitApplyRequest
) -> SplitOrder:
    """What the plan says, with the connections that the spec has. Raises Refused where the spec no
    longer lists a shard of the job, or this program knows another function by the name."""
    core = plan.core
    function = KEY_FUNCTIONS[core.key_function.name]
    if selftest(function) != core.key_function.selftest:
        raise Refused(_other_function(job, core.key_function.name))
    retiring = {
        one.name: ShardSpec(name=one.name, connection=one.connection)
        for one in environment.retiring
    }
    return SplitOrder(
        job_id=job.job_id,
        holder=request.holder,
        identity=plan.identity,
        sources=_listed(job, job.sources, retiring, "retiring"),
        targets=_listed(
            job, job.targets, {shard.name: shard for shard in environment.shards}, "shards"
        ),
        tables=tuple(
            TableToMove(number=table.number, name=table.name, shard_by=table.shard_by)
            for table in core.moved
            if table.number is not None
        ),
        owners=Owners(
            ranges=tuple(
                (name, key_range)
                for name in job.targets
                if (key_range := parse_key_range(name)) is not None
            ),
            keyspace_id=function.key,
        ),
        rows_per_chunk=core.terms.rows_per_chunk,
        fence_budget_s=core.terms.fence_budget_s,
        grace_s=core.terms.grace_s,
        retain_s=core.terms.retain_s,
        approvals=frozenset(core.approvals),
        runtime_s=request.runtime_s,
    )


def _spec_refusals(
    history: History, files: DesiredFiles, request: SplitApplyRequest
) -> tuple[Refusal, ...]:
    if request.review is Review.NONE:
        return ()
    assert request.review is Review.GIT, "a forge's record of a move is not asked for here"
    return spec_gate_of_git(history, request.commit, files)


def _plan_refusals(
    history: History, files: DesiredFiles, plan: SplitPlan, request: SplitApplyRequest
) -> tuple[Refusal, ...]:
    """Was this very plan reviewed? Once it has begun, its id is what the job was opened with."""
    if request.review is Review.NONE:
        return ()
    found = review_facts(
        history, request.commit, plan.core, files.spec.path, partial(_plan_id_in, plan=plan)
    )
    return review_refusals(plan.plan_id, found)


def _plan_id_in(tree: FileTree, plan: SplitPlan) -> str | None:
    """A plan at the tip that cannot be read is not this plan."""
    try:
        found = read_split_plan(tree, plan.core.environment, plan.core.keyspace)
    except Refused:
        return None
    return found.plan_id if found else None


def _live_refusals(
    world: SplitPlanWorld, files: DesiredFiles, environment: Environment, plan: SplitPlan
) -> tuple[Obstacle, ...]:
    """What was reviewed is what would be begun, and this login can carry it out."""
    derived = derive_split(world, files, environment)
    if derived.core is None:
        return derived.refusals
    if refusals := compare_split_plans(plan.core, derived.core):
        return refusals
    return refusals_from(Refused(*derived.of_login)) if derived.of_login else ()


def _opened(world: SplitWorld, plan: SplitPlan, request: SplitApplyRequest) -> SplitJob:
    core = plan.core
    new = NewSplitJob(
        environment=core.environment,
        keyspace=core.keyspace,
        plan_id=plan.plan_id,
        commit=request.commit,
        engine=core.engine,
        sources=core.source_names,
        targets=core.targets,
        expected_version=core.base.version,
    )
    return world.jobs.open(new, holder=request.holder, now_s=world.clock.now_s())


def _approve_start(world: SplitWorld, job: SplitJob, request: SplitApplyRequest) -> None:
    """The review of the plan is what approves the start; said again by a run that finds the job
    opened by one that ended before it could."""
    if any(one.approval is Approval.START for one in world.jobs.approvals(job.job_id)):
        return
    world.jobs.approve(
        job.job_id,
        Approval.START,
        plan_id=job.plan_id,
        by=request.holder,
        now_s=world.clock.now_s(),
    )


def _listed(
    job: SplitJob, names: tuple[str, ...], shards: dict[str, ShardSpec], listed: str
) -> tuple[ShardSpec, ...]:
    for name in names:
        if name not in shards:
            raise Refused(
                Problem(
                    code="split-shard-unlisted",
                    message=f"split {job.job_id} of {job.keyspace} is not finished, and the spec no"
                    f" longer has shard {name} in `{listed}`: nobody could reach it",
                    recovery=f"put {name} with its connection back into `{listed}` until the split"
                    " is done or abandoned (`reconciler status`)",
                )
            )
    return tuple(shards[name] for name in names)


def _other_plan(job: SplitJob, environment: str) -> Problem:
    path = split_plan_paths(environment, job.keyspace).json
    return Problem(
        code="split-other-plan",
        message=f"split {job.job_id} of {job.keyspace} was begun by plan {job.plan_id}, and {path}"
        " holds another",
        recovery=f"put the plan that it was begun by back to {path} (its commit is"
        f" {job.commit[:12]}), or give the split up with `reconciler abandon`",
    )


def _other_function(job: SplitJob, name: str) -> Problem:
    return Problem(
        code="split-function-changed",
        message=f"split {job.job_id} of {job.keyspace} copies rows by {name}, and this version of"
        " reconciler gives other keys by that name",
        recovery="go on with the version that began it, or give it up with `reconciler abandon`",
    )
