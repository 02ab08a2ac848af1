"""What happens next in a Reshard: a question that can be asked twice and answered alike.

Vitess copies, fences and keeps the routes; the job says how far people allow it to go. Nothing is
concluded from what was sent: what the topology and the workflows say is where the move stands
(SP-91). Each phase says of itself what a process finds that takes the job up in it.
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
    ReshardStep,
    TickEnd,
    Verdict,
    Wait,
)
from reconciler.reshard.decide import failed, granted
from reconciler.reshard.failures import ground_changed, table_unplanned
from reconciler.reshard.job import Approval, JobChange, JobRequest, JobRequestKind, SplitJob
from reconciler.reshard.limits import RESHARD_LAG_S_MAX, SWITCHES_REFUSED_MAX
from reconciler.reshard.phases import Phase
from reconciler.reshard.seen import TickLimits
from reconciler.reshard.transitions import not_known_here, why_not_retried
from reconciler.reshard.vitess.failures import (
    comparison_failed,
    definition_changed,
    rows_differ,
    shards_gone,
    stream_failed,
    switch_refused,
    tables_not_compared,
    targets_not_empty,
    why_not_taken_back,
)
from reconciler.reshard.vitess.seen import ComparisonState, ReshardSeen, StreamState
from reconciler.reshard.vitess.work import ReshardWork

_COPIES = (Phase.BACKFILL, Phase.CATCHUP)
_BEGINS = (Phase.PLANNED, *_COPIES)
#: A stop rests none of them: between two parts of a switch nobody takes writes (SP-121).
_SWITCHING = (Phase.CUTOVER, Phase.ABANDONING)
_BROKEN_OFF = (ComparisonState.STOPPED, ComparisonState.ERROR)
_COMPARING = (ComparisonState.PENDING, ComparisonState.STARTED, ComparisonState.UNKNOWN)


def next_reshard_action(
    job: SplitJob,
    work: ReshardWork,
    seen: ReshardSeen,
    requests: Sequence[JobRequest],
    limits: TickLimits,
) -> Action:
    """What was asked comes first, then what stands in the way, then the way of the phase."""
    if requests and (answer := _answer(job, requests[0], limits)):
        return answer
    if job.held_by is not None and job.is_live and job.phase not in _SWITCHING:
        return End(TickEnd.HELD)
    if job.phase in _BEGINS and seen.foreign:
        return End(TickEnd.REFUSED, seen.foreign[0])
    if job.is_live and (gone := _missed(job, work, seen)):
        is_in_the_way = job.phase is Phase.ABANDONING and not _is_to_go_back(work, seen)
        return End(TickEnd.REFUSED, shards_gone(job, gone, may_be_deleted=is_in_the_way))
    if job.phase in _COPIES and job.ground and (changed := ground_changed(job, seen.ground)):
        return failed(job, changed, Phase.PLANNED)
    if job.phase in _COPIES and (unplanned := _unplanned(job, work, seen)):
        return failed(job, unplanned, job.phase)
    return _within_phase(job, work, seen, limits)


def may_hold_writers(job: SplitJob, work: ReshardWork, seen: ReshardSeen) -> bool:
    """Whether a switch may be under way, in one direction or the other."""
    goes_back = job.phase is Phase.ABANDONING and _is_to_go_back(work, seen)
    return job.phase is Phase.CUTOVER or goes_back


def _within_phase(
    job: SplitJob, work: ReshardWork, seen: ReshardSeen, limits: TickLimits
) -> Action:
    match job.phase:
        case Phase.PLANNED:
            return _planned(job, work, seen, limits)
        case Phase.BACKFILL:
            return _backfill(job, work, seen, limits)
        case Phase.CATCHUP:
            return _catchup(job, work, seen, limits)
        case Phase.CUTOVER:
            return _cutover(job, work, seen)
        case Phase.CLEANUP:
            return _cleanup(job, work, seen, limits)
        case Phase.ABANDONING:
            return _abandoning(work, seen)
        case Phase.FAILED:
            return End(TickEnd.FAILED, job.problem)
        case Phase.DONE:
            return End(TickEnd.DONE)
        case Phase.ABANDONED:
            return End(TickEnd.ABANDONED)
        case Phase.ARM | Phase.FENCE | Phase.DELTA_COPY:
            raise AssertionError("a fence of ours is no phase of a Reshard")
        case _:
            assert_never(job.phase)


def _planned(job: SplitJob, work: ReshardWork, seen: ReshardSeen, limits: TickLimits) -> Action:
    """The ground is recorded once the targets were seen empty and the sources as they were
    reviewed, and before anything is made: what stands on the targets from then on is this job's. A
    ground that is known already is that of an attempt whose copy is worth nothing."""
    if limits.lacks(Approval.START):
        return End(TickEnd.AWAITS_START)
    if limits.left_s <= 0:
        return End(TickEnd.IN_PROGRESS)
    if job.ground:
        return Do(ReshardStep.TAKE_DOWN) if _is_begun(seen) else _forgotten()
    if seen.strange or _is_begun(seen):
        where = (*seen.strange, *seen.filled)
        return failed(job, targets_not_empty(job, where), Phase.PLANNED)
    if problem := _unplanned(job, work, seen) or _not_as_planned(job, work, seen):
        return failed(job, problem, Phase.PLANNED)
    return Go(Phase.BACKFILL, JobChange(ground=seen.ground))


def _unplanned(job: SplitJob, work: ReshardWork, seen: ReshardSeen) -> Problem | None:
    """Vitess makes every table of the sources on the targets, whatever the plan names; what is made
    later it copies nowhere."""
    for one in seen.ground:
        if one.table not in work.tables:
            return table_unplanned(job, one.shard, one.table)
    return None


def _not_as_planned(job: SplitJob, work: ReshardWork, seen: ReshardSeen) -> Problem | None:
    """Vitess makes the targets' tables of what it finds on a source by then (SP-102)."""
    found = {(one.shard, one.table): one.columns for one in seen.ground}
    for shard in work.sources:
        for table in work.tables:
            is_reviewed = table in work.definitions and (shard, table) in found
            if not is_reviewed or found[shard, table] != work.definitions[table]:
                return definition_changed(job, table, shard)
    return None


def _forgotten() -> Go:
    return Go(Phase.PLANNED, JobChange(ground=()))


def _backfill(job: SplitJob, work: ReshardWork, seen: ReshardSeen, limits: TickLimits) -> Action:
    """`create` is not done at once: one that was cut off is taken away and made again."""
    if limits.left_s <= 0:
        return End(TickEnd.IN_PROGRESS)
    if not _is_begun(seen):
        return Do(ReshardStep.CREATE)
    if not _is_whole(work, seen):
        return Do(ReshardStep.TAKE_DOWN)
    if stands := _at_rest(job, seen):
        return stands
    return Go(Phase.CATCHUP) if seen.is_copied else Wait("Vitess copies rows")


def _catchup(job: SplitJob, work: ReshardWork, seen: ReshardSeen, limits: TickLimits) -> Action:
    """Each stay in this phase compares all rows once; then it waits to be allowed."""
    if limits.left_s <= 0:
        return End(TickEnd.IN_PROGRESS)
    if not _is_whole(work, seen):
        return Go(
            Phase.FAILED, JobChange(problem=stream_failed(job, ""), retry_phase=Phase.PLANNED)
        )
    if seen.comparison is not None and seen.comparison.state in _BROKEN_OFF:
        return failed(job, comparison_failed(job, seen.comparison.state), Phase.CATCHUP)
    if stands := _at_rest(job, seen):
        return stands
    if compared := _comparison(job, work, seen):
        return compared
    if not seen.is_copied or seen.lag_s is None or seen.lag_s > RESHARD_LAG_S_MAX:
        return Wait("the targets are behind")
    if seen.progress.foreseen is None:
        return Do(ReshardStep.FORESEE)
    if limits.lacks(Approval.CUTOVER):
        return End(TickEnd.AWAITS_CUTOVER)
    if seen.progress.switches_refused >= SWITCHES_REFUSED_MAX:
        return End(TickEnd.IN_PROGRESS, switch_refused(job, seen.progress.switches_refused))
    return Go(Phase.CUTOVER) if limits.has_time_for_fence else End(TickEnd.IN_PROGRESS)


def _comparison(job: SplitJob, work: ReshardWork, seen: ReshardSeen) -> Action | None:
    """None: all rows of all tables were found equal. What no VDiff has compared is not equal."""
    found = seen.comparison
    if found is None:
        return Do(ReshardStep.COMPARE)
    if found.differing:
        return failed(job, rows_differ(job, found.differing), Phase.PLANNED)
    if found.state in _COMPARING:
        return Wait(f"Vitess compares rows, {found.rows_compared:,} so far")
    if missing := tuple(sorted(set(work.tables) - set(found.tables))):
        return failed(job, tables_not_compared(job, missing), Phase.PLANNED)
    return None


def _cutover(job: SplitJob, work: ReshardWork, seen: ReshardSeen) -> Action:
    """Whoever is here was allowed to switch, and does not look at the time that is left: behind a
    switch that was cut off nobody may write. Where the sources serve as before and Vitess has said
    no, nothing was switched."""
    if _has_switched(work, seen):
        return Go(Phase.CLEANUP)
    serves = set(work.sources) <= seen.serving and not seen.serving & set(work.targets)
    if serves and not seen.reverse and seen.progress.is_refused:
        return Do(ReshardStep.READS_BACK) if seen.are_reads_switched else Go(Phase.CATCHUP)
    if not seen.are_reads_switched and not seen.reverse:
        return Do(ReshardStep.SWITCH_READS)
    return Do(ReshardStep.SWITCH_WRITES)


def _cleanup(job: SplitJob, work: ReshardWork, seen: ReshardSeen, limits: TickLimits) -> Action:
    """As long as the clean-up is not allowed, every write goes back to the sources as well, and
    they can serve again. It is allowed once, and not taken back: then the sources are given up."""
    if _is_over(job, work, seen):
        return Go(Phase.DONE)
    if limits.lacks(Approval.CLEANUP):
        return End(TickEnd.AWAITS_CLEANUP)
    if (limits.since_cutover_s or 0.0) < max(limits.grace_s, limits.retain_s):
        return End(TickEnd.RETAINS_SOURCE)
    return Do(ReshardStep.COMPLETE)


def _abandoning(work: ReshardWork, seen: ReshardSeen) -> Action:
    """That it is given up was recorded first. Nothing is taken away where the targets may serve."""
    if _is_to_go_back(work, seen):
        return Do(ReshardStep.SWITCH_BACK)
    if seen.are_reads_switched and seen.streams:
        return Do(ReshardStep.READS_BACK)
    return Do(ReshardStep.TAKE_DOWN) if _is_begun(seen) else Go(Phase.ABANDONED)


def _is_to_go_back(work: ReshardWork, seen: ReshardSeen) -> bool:
    """The targets serve, or the traffic is on its way back from them."""
    if not set(work.sources) <= seen.serving or seen.serving & set(work.targets):
        return True
    return any(one.is_frozen for one in seen.streams)


def _answer(job: SplitJob, request: JobRequest, limits: TickLimits) -> Action | None:
    """None: at the cutover nobody can tell yet what may be asked, so it stays asked."""
    if job.phase is Phase.CUTOVER:
        return None
    match request.kind:
        case JobRequestKind.STOP:
            return Answer(request, Verdict.HOLD)
        case JobRequestKind.RESUME:
            return Answer(request, Verdict.RESUME)
        case JobRequestKind.RETRY:
            return granted(request, Verdict.RETRY, why_not_retried(job))
        case JobRequestKind.ABANDON:
            allowed = [one for one in Approval if not limits.lacks(one)]
            why_not = why_not_taken_back(job, allowed)
            return granted(request, Verdict.ABANDON, why_not)
        case UnknownKind(word=word):
            return Answer(request, Verdict.REFUSE, not_known_here(word))
        case _:
            assert_never(request.kind)


def _at_rest(job: SplitJob, seen: ReshardSeen) -> Action | None:
    """A stream that broke is started once in a tick: what stopped it may be gone. One that is only
    at rest is, until it shows: its server may have been away for the moment of the start. A VDiff
    lets streams rest while it takes its looks at both sides: who started them then would have it
    compare rows of different moments (SP-125)."""
    is_compared = seen.comparison is not None and seen.comparison.state in _COMPARING
    broken = [one for one in seen.resting if one.state is StreamState.ERROR]
    resting = broken if is_compared else seen.resting
    if not resting:
        return None
    if not seen.progress.has_started:
        return Do(ReshardStep.START)
    if broken:
        return failed(job, stream_failed(job, broken[0].words), Phase.BACKFILL)
    return Do(ReshardStep.START)


def _is_begun(seen: ReshardSeen) -> bool:
    return bool(seen.streams or seen.reverse or seen.filled)


def _is_whole(work: ReshardWork, seen: ReshardSeen) -> bool:
    return tuple(sorted((one.source, one.target) for one in seen.streams)) == work.streams


def _missed(job: SplitJob, work: ReshardWork, seen: ReshardSeen) -> tuple[str, ...]:
    """Shards that have to be there. Behind the cutover Vitess takes the sources out; of a split
    that is given up a target that does not serve may be deleted: nothing of it can be taken down
    there any more (SP-124)."""
    not_missed: set[str] = set()
    if job.is_past_cutover:
        not_missed = set(work.sources)
    elif job.phase is Phase.ABANDONING and not _is_to_go_back(work, seen):
        not_missed = set(work.targets) & set(seen.deleted)
    return tuple(shard for shard in seen.gone if shard not in not_missed)


def _has_switched(work: ReshardWork, seen: ReshardSeen) -> bool:
    """All of it: topology, streams, and the way back."""
    return (
        set(work.targets) <= seen.serving
        and not seen.serving & set(work.sources)
        and seen.are_reads_switched
        and _is_whole(work, seen)
        and all(one.is_frozen for one in seen.streams)
        and {one.source for one in seen.reverse} == set(work.targets)
        and {one.target for one in seen.reverse} == set(work.sources)
        and all(one.state is not StreamState.STOPPED for one in seen.reverse)
    )


def _is_over(job: SplitJob, work: ReshardWork, seen: ReshardSeen) -> bool:
    """The targets serve, and neither the workflows nor the sources are there any more."""
    return (
        job.is_past_cutover
        and set(work.targets) <= seen.serving
        and not (seen.streams or seen.reverse)
        and set(work.sources) <= set(seen.gone)
    )
