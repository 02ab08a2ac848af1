"""A split job as it is recorded, and what may become of it.

A job is written by compare and set on its phase and its revision. Everything that a driver decides
rests on a job that it read; a driver that was overtaken changes nothing any more. Nothing here
holds a host, a user or a password (PL-12): shards are named, never addressed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.errors import Problem
from reconciler.ledger.states import RequestState
from reconciler.reshard.phases import (
    BEFORE_CUTOVER,
    ENDED,
    RETRY_PHASES,
    IllegalMove,
    Move,
    Phase,
    move_of,
)

#: What the phases of a job mean, and what stands on its servers in each of them. A program that
#: changes either speaks another protocol, and takes up no job of this one.
SPLIT_PROTOCOL = 1


class SplitEngine(StrEnum):
    """Who moves the rows. A stored word never changes."""

    TRACKER = "tracker"  # triggers record what changed, this program copies
    VITESS_RESHARD = "vitess-reshard"  # Vitess moves them, and keeps the routes as well


#: To where a job goes that is caught up, by who keeps the writes waiting.
_FENCED_BY = {Phase.ARM: SplitEngine.TRACKER, Phase.CUTOVER: SplitEngine.VITESS_RESHARD}


class Approval(StrEnum):
    """What a person allows of a plan's move, each for itself."""

    START = "start"
    CUTOVER = "cutover"
    CLEANUP = "cleanup"


class JobRequestKind(StrEnum):
    """What one process may ask of the one that drives a job."""

    STOP = "stop"  # no tick goes on with it until it is resumed; its helpers stay
    RESUME = "resume"
    RETRY = "retry"
    ABANDON = "abandon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """One approval, given to the plan that the job carries out."""

    approval: Approval
    by: str
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TableGround:
    """What a source's table was when its changes began to be tracked: the storage engine's number
    for it, which TRUNCATE, ALTER and a swapped table change, and a digest of its columns."""

    shard: str
    table: str
    table_id: int
    columns: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSplitJob:
    """`sources` are replaced by `targets`, which cover exactly the same range; `expected_version`
    is the catalog's that the plan was made from."""

    environment: str
    keyspace: str
    plan_id: str
    commit: str
    engine: SplitEngine
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    expected_version: int

    def __post_init__(self) -> None:
        assert self.sources, "a move has a source"
        assert self.targets, "a move has a target"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitJob:
    """`revision` counts the writes of the row. `retry_phase` is that of a failed job, and
    `abandoned_in` the phase in which a job was when somebody gave it up. `cutover_version` is the
    catalog's in which the targets own the range, `opened_version` that in which they serve it.
    `fence_epoch` counts how often the fence was about to be closed. `held_by` asked the job to
    stop, and nobody has resumed it."""

    job_id: int
    environment: str
    keyspace: str
    plan_id: str
    commit: str
    engine: SplitEngine
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    expected_version: int
    started_s: float
    phase: Phase
    phase_since_s: float
    revision: int = 1
    protocol: int = SPLIT_PROTOCOL
    retry_phase: Phase | None = None
    abandoned_in: Phase | None = None
    cutover_version: int | None = None
    cutover_s: float | None = None
    opened_version: int | None = None
    fence_epoch: int = 0
    ground: tuple[TableGround, ...] = ()
    held_by: str | None = None
    problem: Problem | None = None
    holder: str | None = None
    heartbeat_s: float = 0.0
    ended_s: float | None = None

    @property
    def is_live(self) -> bool:
        return self.phase not in ENDED

    @property
    def is_past_cutover(self) -> bool:
        return self.cutover_version is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChange:
    """What a move writes beside the phase. A failure says where a retry leads; nothing else does.
    `problem` stands until the job goes to another phase. `ground` None leaves it as it is."""

    problem: Problem | None = None
    retry_phase: Phase | None = None
    ground: tuple[TableGround, ...] | None = None


NO_CHANGE = JobChange()


class Stage(StrEnum):
    """How far the copy of a bracket has come."""

    WAITING = "waiting"
    COPYING = "copying"
    COPIED = "copied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """One table on its way from one source to one target. `batch` is the number of the last batch
    that the target has acknowledged: it never goes back, whatever is begun again. `cursor` is the
    key of the last row that was scanned, as who copies writes it. The target itself knows better:
    this is what is shown, and where to begin looking."""

    bracket_id: int
    source: str
    target: str
    table: str
    stage: Stage = Stage.WAITING
    batch: int = 0
    cursor: str = ""
    rows_scanned: int = 0
    rows_accepted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """What the tick that drives has measured, for people: nothing is decided on it. `queued` are
    changed keys that have not gone over yet, the oldest of them for `oldest_s`; `rests` is why the
    copy rests now. Rates are rows or keys a second of work; None: not measured."""

    at_s: float
    queued: int = 0
    oldest_s: float | None = None
    copied_per_s: float | None = None
    arrivals_per_s: float | None = None
    drained_per_s: float | None = None
    compared_per_s: float | None = None
    to_compare: int = 0
    rests: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseEntry:
    """One line of a job's way: when it came into a phase, and, where it failed, why."""

    at_s: float
    before: Phase
    after: Phase
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """`problem` says why it was refused."""

    request_id: int
    job_id: int
    kind: JobRequestKind
    asked_by: str
    asked_s: float
    state: RequestState = RequestState.PENDING
    problem: Problem | None = None


def first_row(new: NewSplitJob, *, job_id: int, holder: str, now_s: float) -> SplitJob:
    """The job as it begins."""
    return SplitJob(
        job_id=job_id,
        environment=new.environment,
        keyspace=new.keyspace,
        plan_id=new.plan_id,
        commit=new.commit,
        engine=new.engine,
        sources=new.sources,
        targets=new.targets,
        expected_version=new.expected_version,
        started_s=now_s,
        phase=Phase.PLANNED,
        phase_since_s=now_s,
        holder=holder,
        heartbeat_s=now_s,
    )


def moved(job: SplitJob, to: Phase, *, change: JobChange = NO_CHANGE, now_s: float) -> SplitJob:
    """The job after a legal move, at its next revision. Raises IllegalMove: for what is no row of
    the table, for a retry that leads elsewhere than was written down, for a failure that does not
    say where one leads, and for a cutover of routes that the catalog keeps (`cut_over`)."""
    move = move_of(job.phase, to)
    _check(job, to, move, change)
    after = replace(
        job,
        revision=job.revision + 1,
        phase=to,
        phase_since_s=now_s,
        problem=change.problem,
        retry_phase=change.retry_phase,
        ground=job.ground if change.ground is None else change.ground,
    )
    if to is Phase.FENCE and move is Move.ADVANCE:
        after = replace(after, fence_epoch=job.fence_epoch + 1)
    if to in ENDED:
        after = replace(after, ended_s=now_s)
    match move:
        case Move.STAY:
            return replace(
                after,
                phase_since_s=job.phase_since_s,
                problem=change.problem or job.problem,
                retry_phase=job.retry_phase,
            )
        case Move.ABANDON:  # the way back of traffic that was switched is part of giving up
            gone = replace(after, cutover_version=None, opened_version=None, cutover_s=None)
            return replace(gone, abandoned_in=job.retry_phase or job.phase)
        case Move.CUT_OVER:  # whoever moved the rows keeps the routes, and serves them already
            version = job.expected_version + 1
            return replace(after, cutover_version=version, opened_version=version, cutover_s=now_s)
        case _:
            return after


def cut_over(job: SplitJob, *, now_s: float) -> SplitJob:
    """The job as it stands once the catalog says that its targets own the range."""
    if job.phase is not Phase.CUTOVER:
        raise IllegalMove(f"a job in {job.phase} is not cut over")
    return replace(
        job,
        revision=job.revision + 1,
        phase=Phase.CLEANUP,
        phase_since_s=now_s,
        cutover_version=job.expected_version + 1,
        cutover_s=now_s,
        problem=None,
    )


def opened(job: SplitJob) -> SplitJob:
    """The job once its targets serve what they own."""
    if job.phase is not Phase.CLEANUP or job.cutover_version is None or job.opened_version:
        raise IllegalMove(f"the targets of a job in {job.phase} are not to be opened")
    return replace(
        job, revision=job.revision + 1, opened_version=job.cutover_version + 1, problem=None
    )


def _check(job: SplitJob, to: Phase, move: Move, change: JobChange) -> None:
    if (move is Move.FAIL) != (change.retry_phase is not None):
        raise IllegalMove("a failure, and nothing else, says where a retry leads")
    match move:
        case Move.FAIL if change.problem is None:
            raise IllegalMove("a failure has a reason")
        case Move.FAIL if change.retry_phase not in RETRY_PHASES[job.phase]:
            raise IllegalMove(f"what failed in {job.phase} is not retried in {change.retry_phase}")
        case Move.RETRY if to is not job.retry_phase:
            raise IllegalMove(f"a retry leads to {job.retry_phase}, not to {to}")
        case Move.ABANDON if (problem := why_not_abandoned(job)) is not None:
            raise IllegalMove(problem.message)
        case Move.CUT_OVER if job.engine is SplitEngine.TRACKER:
            raise IllegalMove("routes and phase change in one transaction")
        case Move.ADVANCE if (
            to in _FENCED_BY and _FENCED_BY[to] is not job.engine and (job.phase is Phase.CATCHUP)
        ):
            raise IllegalMove(f"a job of {job.engine} does not go from {job.phase} to {to}")
        case Move.ADVANCE if to is Phase.DONE and job.opened_version is None:
            raise IllegalMove("the targets own the range and do not serve it yet")
        case _:
            pass


def is_coherent(job: SplitJob) -> bool:
    """Whether some way through the table could have led to this row."""
    is_past = job.phase in (Phase.CLEANUP, Phase.DONE) or job.retry_phase is Phase.CLEANUP
    known = {phase for phases in RETRY_PHASES.values() for phase in phases}
    return (
        (job.phase is Phase.FAILED) == (job.retry_phase is not None)
        and (job.retry_phase is None or job.retry_phase in known)
        and (job.abandoned_in is not None) == (job.phase in (Phase.ABANDONING, Phase.ABANDONED))
        and is_past == job.is_past_cutover == (job.cutover_s is not None)
        and job.cutover_version in (None, job.expected_version + 1)
        and (job.opened_version is None or job.is_past_cutover)
        and (job.phase is not Phase.DONE or job.opened_version is not None)
        and (job.ended_s is None) == job.is_live
    )


def why_not_abandoned(job: SplitJob) -> Problem | None:
    """None for a job that may be given up, and for one that is being given up already. Vitess takes
    traffic back until the sources are given up, which an approval says, and nothing here."""
    if job.phase in (*BEFORE_CUTOVER, Phase.ABANDONING) or job.retry_phase in BEFORE_CUTOVER:
        return None
    if job.engine is SplitEngine.VITESS_RESHARD and job.is_live and job.is_past_cutover:
        return None
    if not job.is_live:
        return _has_ended(job)
    if job.phase is Phase.CUTOVER:
        return Problem(
            code="split-at-cutover",
            message=f"split {job.job_id} of {job.keyspace} is at its cutover: nobody can tell yet"
            " whether the targets own the range",
            recovery="let `reconciler apply` go on with it: it looks at the catalog first, and ends"
            " before the point of no return or behind it",
        )
    return Problem(
        code="split-past-cutover",
        message=f"split {job.job_id} of {job.keyspace} is past its cutover: its targets own the"
        f" range since version {job.cutover_version} of the routes",
        recovery="let `reconciler apply` clean up; the way back is a move of its own, planned and"
        " reviewed",
    )


def why_not_retried(job: SplitJob) -> Problem | None:
    if job.phase is Phase.FAILED:
        return None
    if not job.is_live:
        return _has_ended(job)
    return Problem(
        code="split-not-failed",
        message=f"split {job.job_id} of {job.keyspace} has not failed: it is in its phase"
        f" {job.phase}",
        recovery="look at `reconciler status`; `reconciler apply` goes on with it",
    )


def _has_ended(job: SplitJob) -> Problem:
    return Problem(
        code="split-ended",
        message=f"split {job.job_id} of {job.keyspace} has ended: it is {job.phase}",
        recovery="look at `reconciler status`; what is left to change is a new plan",
    )
