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
from typing import assert_never

from reconciler.drive.split.reshard_tick import ReshardWorld, run_reshard_tick
from reconciler.drive.split.tick import run_tick
from reconciler.drive.split.world import SplitWorld, TickResult
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.flows.gates import SpecGate, review_facts, spec_gate_of_git
from reconciler.flows.limits import (
    ENDED_SPLITS_KEPT,
    ENDED_SPLITS_KEPT_S,
    SPLITS_FORGOTTEN_AT_ONCE,
)
from reconciler.flows.split.derive import SplitPlanWorld, derive_split
from reconciler.flows.split.orders import reshard_order, split_order
from reconciler.flows.split.plan import abandoned_last, split_unplanned
from reconciler.guard.model import Obstacle, Refusal, refusals_from
from reconciler.guard.review.git import Review, review_refusals
from reconciler.ledger.states import RequestState
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.ports.files import History
from reconciler.ports.split_jobs import SplitJobs
from reconciler.reshard.job import Approval, JobRequestKind, NewSplitJob, SplitJob
from reconciler.reshard.plan.compare import compare_split_plans
from reconciler.reshard.plan.files import read_split_plan, split_plan_paths
from reconciler.reshard.plan.model import SplitPlan
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitApplyRequest:
    """`holder` is who drives, in words that no other process has; `runtime_s` for how long.
    `resumes`: a job that somebody has stopped goes on, by the word of `resumed_by` or, if that is
    None, of who drives; one that was given up is begun again, if its
    keyspace is among those that the command has `named`. `waves` and `part` are those of an
    apply of a schema: whoever asks says so, for a split has none (SP-76)."""

    commit: str
    review: Review
    holder: str
    runtime_s: float
    waves: WaveChoice
    part: PartOrder | None
    resumes: bool = False
    resumed_by: str | None = None
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitConnections:
    """What can be reached with the logins that the spec names."""

    planning: SplitPlanWorld
    driving: SplitWorld | ReshardWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitGates:
    """What a forge says: was the spec reviewed, and was this plan?"""

    spec: SpecGate
    plan: Callable[[SplitPlan], tuple[Refusal, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitApplyWorld:
    """Nothing calls `connect` before the spec was found reviewed (GT-1): by `gates`, where a forge
    is asked for that, else by git."""

    history: History
    connect: Callable[[], SplitConnections]
    gates: SplitGates | None = None


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

    if is_of_a_wave(request.waves, request.part):
        return refused(refusals_from(Refused(_no_waves(keyspace, environment.name))))
    if unreviewed := _spec_refusals(world, files, request):
        return refused(unreviewed)
    if plan is None:
        return refused((split_unplanned(environment.name, keyspace),))
    reached = world.connect()
    job = reached.driving.jobs.live(environment.name, keyspace)
    if job is None:
        refusals = (
            _given_up(reached.driving.jobs, plan, request)
            or _plan_refusals(world, files, plan, request)
            or _live_refusals(reached.planning, files, environment, plan)
        )
        if refusals:
            return refused(refusals)
        job = _opened(reached.driving, plan, request)
    if job.plan_id != plan.plan_id:
        return refused(refusals_from(Refused(_other_plan(job, environment.name))))
    if not _is_as_planned(job, plan):
        return refused(refusals_from(Refused(_other_move(job))))
    _approve_start(reached.driving, job, request)
    if request.resumes:
        _ask_to_go_on(reached.driving, job, request)
    result = _driven(reached.driving, plan, job, environment, request)
    _forget_old(reached.driving)
    return SplitApplyOutcome(
        environment=environment.name,
        keyspace=keyspace,
        plan=plan,
        job=result.job,
        how=result.how,
        problem=result.problem,
        foreseen=result.foreseen,
    )


def is_of_a_wave(waves: WaveChoice, part: PartOrder | None) -> bool:
    """What is asked for is a part of a rollout, which only a schema's plan has."""
    return part is not None or waves is not WaveChoice.ALL


def _is_as_planned(job: SplitJob, plan: SplitPlan) -> bool:
    """The record is what the plan made of it, or somebody else has written to it (SP-104)."""
    core = plan.core
    recorded = (job.sources, job.targets, job.expected_version, job.engine)
    return recorded == (core.source_names, core.targets, core.base.version, core.engine)


def _ask_to_go_on(
    world: SplitWorld | ReshardWorld, job: SplitJob, request: SplitApplyRequest
) -> None:
    """Behind a stop that was answered, or waits for its answer: requests are answered in order."""
    waiting = world.jobs.requests(job.job_id, RequestState.PENDING)
    if job.held_by is not None or any(one.kind is JobRequestKind.STOP for one in waiting):
        now_s = world.clock.now_s()
        asked_by = request.resumed_by or request.holder
        world.jobs.ask(job.job_id, JobRequestKind.RESUME, asked_by=asked_by, now_s=now_s)


def _forget_old(world: SplitWorld | ReshardWorld) -> None:
    """In small steps, run by run: history is no reason for a run to fail."""
    ended_before_s = world.clock.now_s() - ENDED_SPLITS_KEPT_S
    with suppress(Unavailable):
        world.jobs.sweep(
            ended_before_s=ended_before_s, keep=ENDED_SPLITS_KEPT, limit=SPLITS_FORGOTTEN_AT_ONCE
        )


def _driven(
    world: SplitWorld | ReshardWorld,
    plan: SplitPlan,
    job: SplitJob,
    environment: Environment,
    request: SplitApplyRequest,
) -> TickResult:
    """Raises Refused where the spec no longer leads to what the job was begun on."""
    holder, runtime_s = request.holder, request.runtime_s
    match world:
        case SplitWorld():
            order = split_order(plan, job, environment, holder=holder, runtime_s=runtime_s)
            return run_tick(world, order)
        case ReshardWorld():
            asked = reshard_order(plan, job, environment, holder=holder, runtime_s=runtime_s)
            return run_reshard_tick(world, asked)


def _spec_refusals(
    world: SplitApplyWorld, files: DesiredFiles, request: SplitApplyRequest
) -> tuple[Refusal, ...]:
    match request.review:
        case Review.NONE:
            return ()
        case Review.GIT:
            return spec_gate_of_git(world.history, request.commit, files)
        case Review.GITHUB:
            assert world.gates is not None, "its record is a gate"
            return world.gates.spec()
        case _:
            assert_never(request.review)


def _plan_refusals(
    world: SplitApplyWorld, files: DesiredFiles, plan: SplitPlan, request: SplitApplyRequest
) -> tuple[Refusal, ...]:
    """Was this very plan reviewed? Once it has begun, its id is what the job was opened with."""
    if request.review is Review.NONE:
        return ()
    if request.review is Review.GITHUB:
        assert world.gates is not None, "its record is a gate"
        return world.gates.plan(plan)
    found = review_facts(
        world.history, request.commit, plan.core, files.spec.path, partial(_plan_id_in, plan=plan)
    )
    return review_refusals(plan.plan_id, found)


def _plan_id_in(tree: FileTree, plan: SplitPlan) -> str | None:
    """A plan at the tip that cannot be read is not this plan."""
    try:
        found = read_split_plan(tree, plan.core.environment, plan.core.keyspace)
    except Refused:
        return None
    return found.plan_id if found else None


def _given_up(jobs: SplitJobs, plan: SplitPlan, request: SplitApplyRequest) -> tuple[Refusal, ...]:
    """The review stands, and so does what somebody decided after it (SP-65). Who names no keyspace
    may mean the paused apply of another one."""
    is_meant = request.resumes and plan.core.keyspace in request.named
    last = None if is_meant else abandoned_last(jobs, plan)
    return refusals_from(Refused(_was_given_up(last))) if last is not None else ()


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


def _opened(
    world: SplitWorld | ReshardWorld, plan: SplitPlan, request: SplitApplyRequest
) -> SplitJob:
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


def _approve_start(
    world: SplitWorld | ReshardWorld, job: SplitJob, request: SplitApplyRequest
) -> None:
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


def _no_waves(keyspace: str, environment: str) -> Problem:
    return Problem(
        code="split-without-waves",
        message=f"shards of {keyspace} in {environment} are being replaced by others, and a wave of"
        " an apply of its schema is asked for: a split has none",
        recovery="run `reconciler apply` without --wave to go on with the split; a schema is"
        " applied when it is over",
    )


def _was_given_up(job: SplitJob) -> Problem:
    return Problem(
        code="split-given-up",
        message=f"split {job.job_id} of {job.keyspace} carried out this plan ({job.plan_id}), and"
        " was given up: no run begins it again by itself",
        recovery="take the change of shards back by a pull request, or begin it again with"
        f" `reconciler resume {job.keyspace} --environment {job.environment}`",
    )


def _other_plan(job: SplitJob, environment: str) -> Problem:
    path = split_plan_paths(environment, job.keyspace).json
    return Problem(
        code="split-other-plan",
        message=f"split {job.job_id} of {job.keyspace} was begun by plan {job.plan_id}, and {path}"
        " holds another",
        recovery=f"put the plan that it was begun by back to {path} (its commit is"
        f" {job.commit[:12]}), or give the split up with `reconciler abandon`",
    )


def _other_move(job: SplitJob) -> Problem:
    return Problem(
        code="split-record-differs",
        message=f"split {job.job_id} of {job.keyspace} is recorded as {', '.join(job.sources)} to"
        f" {', '.join(job.targets)} from version {job.expected_version} of the routes, and its plan"
        f" {job.plan_id} moves other shards",
        recovery="find out who wrote to the ledger's `reconciler_split_jobs`, and restore its row"
        " from a copy",
    )
