"""What may become of a split job.

A job is written by compare and set on its phase and its revision. Everything that a driver decides
rests on a job that it read; a driver that was overtaken changes nothing any more.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler import __version__
from reconciler.errors import Problem
from reconciler.reshard.job import NO_CHANGE, JobChange, NewSplitJob, SplitEngine, SplitJob
from reconciler.reshard.phases import (
    BEFORE_CUTOVER,
    ENDED,
    RETRY_PHASES,
    IllegalMove,
    Move,
    Phase,
    move_of,
)

#: To where a job goes that is caught up, by who keeps the writes waiting.
_FENCED_BY = {Phase.ARM: SplitEngine.TRACKER, Phase.CUTOVER: SplitEngine.VITESS_RESHARD}


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
        after = replace(after, ended_s=now_s, reserves=True)
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


def let_go(job: SplitJob) -> SplitJob:
    """The job while what is left to do is the source's, and its targets serve (SP-79)."""
    if not may_let_go(job):
        raise IllegalMove(f"a job in {job.phase} keeps its keyspace")
    return replace(job, revision=job.revision + 1, reserves=False)


def may_let_go(job: SplitJob) -> bool:
    """Vitess takes traffic back until its clean-up, and its streams end at a DDL."""
    return job.is_live and job.opened_version is not None and job.engine is SplitEngine.TRACKER


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
        and (job.reserves or may_let_go(job))
    )


def not_known_here(word: str) -> Problem:
    """Of a request that a later version knows (RG-86)."""
    return Problem(
        code="split-request-unknown",
        message=f"reconciler {__version__} drives the split and does not know what {word!r} asks",
        recovery="upgrade whoever drives it, and ask again",
    )


def why_not_abandoned(job: SplitJob) -> Problem | None:
    """None for a job that may be given up, and for one that is being given up already. Vitess takes
    traffic back until the sources are given up, which an approval says, and nothing here."""
    if job.phase in (*BEFORE_CUTOVER, Phase.ABANDONING) or job.retry_phase in BEFORE_CUTOVER:
        return None
    if job.is_of_vitess and job.is_live and job.is_past_cutover:
        return None
    if not job.is_live:
        return _has_ended(job)
    if job.phase is Phase.CUTOVER:
        return Problem(
            code="split-at-cutover",
            message=f"split {job.job_id} of {job.keyspace} is at its cutover: nobody can tell yet"
            " whether the targets own the range",
            recovery="let `reconciler apply` go on with it: it looks at the routes first, and ends"
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
