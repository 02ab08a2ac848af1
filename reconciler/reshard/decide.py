"""What happens next in a split: a question that can be asked twice and answered alike.

The job, what was looked at, approvals, requests and the time left go in; one action comes out.
Whoever acts on it looks again and comes back; nothing is remembered here. Each phase says of itself
what a process finds that takes the job up in it, after whatever ended the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from reconciler.errors import Problem
from reconciler.ledger.states import UnknownKind
from reconciler.reshard.actions import (
    Action,
    Answer,
    Do,
    End,
    Go,
    LetGo,
    Reserve,
    Step,
    TickEnd,
    Verdict,
    Wait,
)
from reconciler.reshard.failures import (
    arrivals_outrun,
    copy_gone,
    definition_changed,
    event_runs,
    fences_lost,
    ground_changed,
    owned_by_targets,
    queue_gone,
    table_unplanned,
    targets_left,
    tracker_gone,
)
from reconciler.reshard.job import (
    NO_CHANGE,
    Approval,
    JobChange,
    JobRequest,
    JobRequestKind,
    SplitJob,
)
from reconciler.reshard.limits import FENCED_WORK_SHARE, FENCES_LOST_MAX, OUTRUN_AFTER_S
from reconciler.reshard.phases import Phase
from reconciler.reshard.seen import Seen, TickLimits
from reconciler.reshard.transitions import not_known_here, why_not_abandoned, why_not_retried

WAITS_FOR_XA = "prepared XA transactions"

_FENCING = (Phase.FENCE, Phase.DELTA_COPY)
_FENCED = (*_FENCING, Phase.CUTOVER)


def next_action(
    job: SplitJob, seen: Seen, requests: Sequence[JobRequest], limits: TickLimits
) -> Action:
    """What was asked comes first, then what a fence must not outlive, then the way of the phase."""
    if seen.has_cut_over and not job.is_past_cutover:
        return End(TickEnd.REFUSED, owned_by_targets(job))
    if requests and (answer := _answer(job, requests[0])):
        return answer
    if held := _held(job, seen):
        return held
    if failure := _broken(job, seen):
        return failure
    if _leaves_fence_closed(job, seen):
        return Do(Step.REOPEN)
    return _within_phase(job, seen, limits)


def _within_phase(job: SplitJob, seen: Seen, limits: TickLimits) -> Action:
    match job.phase:
        case Phase.PLANNED:
            return _planned(job, seen, limits)
        case Phase.BACKFILL:
            return _backfill(job, seen, limits)
        case Phase.CATCHUP:
            return _catchup(job, seen, limits)
        case Phase.ARM:
            return _arm(seen, limits)
        case Phase.FENCE:
            return _fence(job, seen, limits)
        case Phase.DELTA_COPY:
            return _delta_copy(job, seen)
        case Phase.CUTOVER:
            return _cutover(job, seen, limits)
        case Phase.CLEANUP:
            return _cleanup(job, seen, limits)
        case Phase.FAILED:
            rests = job.opened_version is not None and seen.is_open
            return (_at_rest(job, seen) if rests else None) or End(TickEnd.FAILED, job.problem)
        case Phase.ABANDONING:
            return _abandoning(job, seen)
        case Phase.DONE:
            return End(TickEnd.DONE)
        case Phase.ABANDONED:
            return End(TickEnd.ABANDONED, job.problem)
        case _:
            assert_never(job.phase)


def _planned(job: SplitJob, seen: Seen, limits: TickLimits) -> Action:
    """Whatever is made is compared if it is there. A ground that is known is that of an attempt
    whose copy is worth nothing: it is forgotten when nothing stands there any more."""
    if limits.lacks(Approval.START):
        return End(TickEnd.AWAITS_START)
    if limits.left_s <= 0:
        return End(TickEnd.IN_PROGRESS)
    if job.ground and not seen.progress.is_cleared:
        return Do(Step.START_OVER)
    if job.ground:
        return Go(Phase.PLANNED, JobChange(ground=()))
    return Go(Phase.BACKFILL) if seen.progress.is_prepared else Do(Step.PREPARE)


def _backfill(job: SplitJob, seen: Seen, limits: TickLimits) -> Action:
    """No row is read before every change is tracked, and it is recorded what is: an XA transaction
    that was prepared before the triggers stood leaves no trace when it is committed. Until then
    nothing tells of an ALTER but the plan: a ground is one of tables that were reviewed. How far
    the copy has come, the targets tell."""
    if limits.left_s <= 0:
        return End(TickEnd.IN_PROGRESS)
    if not job.ground:
        if altered := _altered(seen):
            return failed(job, altered, Phase.PLANNED)
        if not seen.is_tracked:
            return Do(Step.TRACK)
        if seen.prepared:
            return Wait(WAITS_FOR_XA)
        return Go(Phase.BACKFILL, JobChange(ground=seen.ground))
    if seen.brake is not None:
        return Wait(seen.brake)
    return Go(Phase.CATCHUP) if seen.progress.is_copied else Do(Step.COPY)


def _altered(seen: Seen) -> Problem | None:
    found = ((source.shard, table) for source in seen.sources for table in source.altered)
    return next((definition_changed(shard, table) for shard, table in found), None)


def _catchup(job: SplitJob, seen: Seen, limits: TickLimits) -> Action:
    """What this process has not compared itself counts as not compared."""
    if limits.left_s <= 0:
        return End(TickEnd.IN_PROGRESS)
    if seen.brake is not None:
        return Wait(seen.brake)
    if not seen.progress.is_compared:
        return Do(Step.COMPARE)
    if not _fits_fence(seen.drain_s, limits):
        return _outrun(job, seen) or Do(Step.DRAIN)
    if not _fits_fence(seen.fenced_work_s, limits):
        return Do(Step.COMPARE)
    if limits.lacks(Approval.CUTOVER):
        return End(TickEnd.AWAITS_CUTOVER)
    if seen.progress.fences_lost >= FENCES_LOST_MAX:
        return End(TickEnd.IN_PROGRESS, fences_lost(job, seen.progress.fences_lost))
    if not limits.has_time_for_cutover:
        return End(TickEnd.IN_PROGRESS)
    return Do(Step.COMPARE) if seen.gains_by_a_round else Go(Phase.ARM)


def _arm(seen: Seen, limits: TickLimits) -> Action:
    """Triggers that are there are compared, to the letter; missing ones are made."""
    if limits.lacks(Approval.CUTOVER) or not limits.has_time_for_cutover:
        return Go(Phase.CATCHUP)
    if not seen.progress.is_compared:
        return Go(Phase.CATCHUP)
    if not seen.is_armed:
        return Do(Step.ARM)
    return Go(Phase.FENCE) if _fits_fence(seen.fenced_work_s, limits) else Go(Phase.CATCHUP)


def _fence(job: SplitJob, seen: Seen, limits: TickLimits) -> Action:
    """A process that finds the fence closed by another one that died has compared nothing: it goes
    back. So does one that has come too late for an epoch, which is used once."""
    if not seen.progress.is_compared:
        return Go(Phase.CATCHUP)
    if all(source.is_closed_by(job.fence_epoch) for source in seen.sources):
        return Go(Phase.DELTA_COPY)
    if any(
        source.fence_epoch == job.fence_epoch and not source.is_closed_by(job.fence_epoch)
        for source in seen.sources
    ):
        return Go(Phase.CATCHUP)
    return Do(Step.FLIP) if limits.has_time_for_cutover else Go(Phase.CATCHUP)


def _delta_copy(job: SplitJob, seen: Seen) -> Action:
    """Writes rest, but for XA transactions that were prepared before: their rows and their marks in
    the queue appear when they are committed. Only then is an empty queue the end."""
    if not all(source.is_closed_by(job.fence_epoch) for source in seen.sources):
        return Go(Phase.CATCHUP)
    if not seen.progress.is_compared:
        return Go(Phase.CATCHUP)
    if seen.prepared:
        return Wait(WAITS_FOR_XA)
    if seen.queued:
        return Do(Step.DRAIN)
    if seen.progress.to_compare:
        return Do(Step.COMPARE_AT_REST)
    return Go(Phase.CUTOVER)


def _cutover(job: SplitJob, seen: Seen, limits: TickLimits) -> Action:
    """Only a fence that is sealed, which never opens by itself, may be cut over. Whoever wrote
    while it was being sealed has left a mark, so that the queue is drained once more, or an XA
    transaction that is prepared: on MariaDB that one keeps no lock, and leaves its mark when it is
    committed. A process that finds the fence sealed by another one that died does not know what
    that one drained and never compared: it goes back, as from behind any other fence. So does one
    that is not ready when the time is over for which a fence may be closed: this one does not open
    by itself. That no
    earlier process has cut over, the job itself says: it was read after every write to it had
    ended, and who writes to it now keeps an earlier one from it."""
    if not seen.progress.is_compared:
        return Go(Phase.CATCHUP)
    if not all(source.is_sealed_by(job.fence_epoch) for source in seen.sources):
        if all(source.is_closed_by(job.fence_epoch) for source in seen.sources):
            return Do(Step.SEAL)
        return Go(Phase.CATCHUP)
    if seen.prepared:
        return Go(Phase.CATCHUP)
    left_to_do = _left_behind_seal(seen)
    if left_to_do and seen.progress.at_cutover_s >= limits.fence_budget_s:
        return Go(Phase.CATCHUP)
    return Do(left_to_do or Step.CUT_OVER)


def _left_behind_seal(seen: Seen) -> Step | None:
    if seen.queued:
        return Step.DRAIN
    if seen.progress.to_compare:
        return Step.COMPARE_AT_REST
    return None if seen.progress.is_finished else Step.FINISH_TABLES


def _cleanup(job: SplitJob, seen: Seen, limits: TickLimits) -> Action:
    """Nobody serves the range before the last line of the first part: it does not look at the
    time that is left. The application's triggers come from the source, so before it goes. What
    serves is worked on once more, at the very end."""
    if job.opened_version is None:
        if not seen.is_retired:
            return Do(Step.RETIRE if seen.progress.has_triggers else Step.ADD_TRIGGERS)
        return Do(Step.OPEN_ROUTES)
    if not seen.is_open:
        return Do(Step.OPEN_TARGETS)
    if limits.lacks(Approval.CLEANUP):
        return _at_rest(job, seen) or End(TickEnd.AWAITS_CLEANUP)
    if (limits.since_cutover_s or 0.0) < max(limits.grace_s, limits.retain_s):
        return _at_rest(job, seen) or End(TickEnd.RETAINS_SOURCE)
    if seen.progress.is_cleaned:
        return Go(Phase.DONE)
    if not seen.progress.is_source_dropped:
        return _at_rest(job, seen) or Do(Step.DROP_SOURCES)
    return Do(Step.CLEAN_UP) if job.reserves else Reserve()


def _at_rest(job: SplitJob, seen: Seen) -> Do | LetGo | None:
    """As soon as nothing of it is on a table of a shard that serves, nobody waits for the source's
    end before a schema is changed (SP-79)."""
    if not job.reserves:
        return None
    return LetGo() if seen.progress.is_unguarded else Do(Step.DROP_GUARDS)


def _abandoning(job: SplitJob, seen: Seen) -> Action:
    """That it is given up was recorded first; nothing else leads out of here. What is gone already
    is not missed."""
    if not seen.progress.is_cleaned:
        return Do(Step.TAKE_DOWN)
    left = seen.progress.left
    return Go(Phase.ABANDONED, JobChange(problem=targets_left(job, left)) if left else NO_CHANGE)


def _answer(job: SplitJob, request: JobRequest) -> Action | None:
    """None: at the cutover nobody can tell yet what may be asked, so it stays asked."""
    if job.phase is Phase.CUTOVER:
        return None
    match request.kind:
        case JobRequestKind.STOP if job.phase in _FENCING:
            return Go(Phase.CATCHUP)
        case JobRequestKind.STOP:
            return Answer(request, Verdict.HOLD)
        case JobRequestKind.RESUME:
            return Answer(request, Verdict.RESUME)
        case JobRequestKind.RETRY:
            return granted(request, Verdict.RETRY, why_not_retried(job))
        case JobRequestKind.ABANDON:
            return granted(request, Verdict.ABANDON, why_not_abandoned(job))
        case UnknownKind(word=word):
            return Answer(request, Verdict.REFUSE, not_known_here(word))
        case _:
            assert_never(request.kind)


def granted(request: JobRequest, verdict: Verdict, problem: Problem | None) -> Answer:
    """Unless there is a reason why not."""
    return Answer(request, verdict if problem is None else Verdict.REFUSE, problem)


def _held(job: SplitJob, seen: Seen) -> Action | None:
    """A job rests where no writer waits for it: with an open fence, or with targets that serve. One
    that is given up does not: its fence may be closed, and only its end opens it."""
    if job.held_by is None or not job.is_live or job.phase in (Phase.CUTOVER, Phase.ABANDONING):
        return None
    if job.phase in _FENCING:
        return Go(Phase.CATCHUP)
    if job.is_past_cutover:
        is_open = job.opened_version is not None and seen.is_open
        return (_at_rest(job, seen) or End(TickEnd.HELD)) if is_open else None
    return Do(Step.REOPEN) if _leaves_fence_closed(job, seen) else End(TickEnd.HELD)


def _broken(job: SplitJob, seen: Seen) -> Go | None:
    """Whether what is copied is still what is tracked, and is still where it went: asked before
    everything that is built on it."""
    if job.phase not in (Phase.BACKFILL, Phase.CATCHUP, Phase.ARM, *_FENCED) or not job.ground:
        return None
    problem = ground_changed(job, seen.ground)
    for source in seen.sources:
        for table in source.untracked:
            problem = problem or tracker_gone(source.shard, table)
        for table in source.unqueued:
            problem = problem or queue_gone(source.shard, table)
    for target in seen.targets:
        for name in target.missing:
            problem = problem or copy_gone(target.shard, name)
    return _unplanned(job, seen) if problem is None else failed(job, problem, Phase.PLANNED)


def _unplanned(job: SplitJob, seen: Seen) -> Go | None:
    """A table that no plan knows spoils nothing of what was copied; what an event has spoilt, the
    comparison of all rows finds, which a retry begins anew."""
    retry = Phase.BACKFILL if job.phase is Phase.BACKFILL else Phase.CATCHUP
    for source in seen.sources:
        for table in source.unplanned:
            return failed(job, table_unplanned(job, source.shard, table), retry)
    for target in seen.targets:
        for event in target.events:
            return failed(job, event_runs(target.shard, event), retry)
    return None


def failed(job: SplitJob, problem: Problem, retry: Phase) -> Go:
    """Recorded first; a fence that is closed is opened from there."""
    retry = Phase.CLEANUP if job.phase is Phase.CLEANUP else retry
    return Go(Phase.FAILED, JobChange(problem=problem, retry_phase=retry))


def _leaves_fence_closed(job: SplitJob, seen: Seen) -> bool:
    """Outside of the phases that need it, and never behind the point of no return. A job that has
    ended touches nothing."""
    if not job.is_live or job.is_past_cutover:
        return False
    if job.phase in (*_FENCED, Phase.CLEANUP, Phase.ABANDONING):
        return False
    return any(source.may_refuse_writes for source in seen.sources)


def _fits_fence(work_s: float | None, limits: TickLimits) -> bool:
    return work_s is not None and work_s < limits.fence_budget_s * FENCED_WORK_SHARE


def _outrun(job: SplitJob, seen: Seen) -> Go | None:
    """A copy that is slower than the writes, for long enough to be sure."""
    progress = seen.progress
    arrivals, drained = progress.arrivals_per_s, progress.drained_per_s
    if progress.drained_for_s < OUTRUN_AFTER_S or arrivals is None or drained is None:
        return None
    if arrivals < drained:
        return None
    problem = arrivals_outrun(job, arrivals_per_s=arrivals, drained_per_s=drained)
    return failed(job, problem, Phase.CATCHUP)
