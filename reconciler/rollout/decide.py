"""What happens next in a rollout: a question that can be asked twice and answered alike.

States, policy, requests and the time go in; one action comes out. Whoever acts on it comes back
with the next snapshot; nothing is remembered here.
"""

from __future__ import annotations

from collections import Counter
from typing import assert_never

from reconciler.ledger.copies import CutoverOverdue
from reconciler.ledger.reasons import GateClosed, ShardFailed, WaveNotAsked
from reconciler.ledger.states import SETTLED
from reconciler.ledger.states import OperationState as S
from reconciler.limits import SHARDS_AT_WORK_MAX
from reconciler.rollout.actions import (
    Action,
    AwaitChecks,
    EndCancelled,
    EndStopped,
    EndUnknown,
    Finish,
    Halt,
    Pause,
    PauseFor,
    RefuseWave,
    Settle,
    SettleFinalizer,
    Soak,
    Start,
    Wait,
)
from reconciler.rollout.cutover import AwaitCutover, CopyOrder, CutOver, StopCopies, cutover_step
from reconciler.rollout.finalizer import (
    after_last_wave,
    before_first_wave,
    finalizer_failed,
    is_anything_left,
    lost_finalizer,
    never_last,
)
from reconciler.rollout.promotion import broken, held, is_unmeasured_for_long
from reconciler.rollout.snapshot import Asked, RolloutLimits, RolloutSnapshot
from reconciler.spec.model import OnFailure

_IN_HAND = frozenset({S.RUNNING, S.WAITING_FOR_CUTOVER})
_STARTABLE = frozenset({S.PENDING, S.FAILED_RETRYABLE, S.STOPPED})
_NOT_BEGUN = frozenset({S.PENDING, S.STOPPED})  # a stop moves what waits for its wave as well


def next_action(snapshot: RolloutSnapshot, limits: RolloutLimits) -> Action:
    """Looking comes before everything, then following what runs, asking to end before starting,
    failures before waves."""
    lost = _lost(snapshot)
    if unseen := [shard for shard in lost if shard not in snapshot.looked_at]:
        room = _room(snapshot, limits)
        return Settle(tuple(unseen[:room])) if room > 0 else Wait()
    if (moment := lost_finalizer(snapshot)) is not None:
        return SettleFinalizer(moment)
    if snapshot.asked is Asked.NOTHING and (running := _unfollowed(snapshot)):
        room = _room(snapshot, limits)
        return Start(tuple(running[:room])) if room > 0 else Wait()
    if ending := _ending(snapshot, limits, lost):
        is_at_work = snapshot.in_flight or snapshot.finalizers.in_flight is not None
        return Wait() if is_at_work else ending
    if step := before_first_wave(snapshot):
        return step
    for index, wave in enumerate(snapshot.waves):
        if any(snapshot.states[shard] not in SETTLED for shard in wave):
            return _within_wave(snapshot, limits, index)
    if step := after_last_wave(snapshot, limits):
        return step
    return Wait() if snapshot.in_flight else Finish()


def nothing_new_may_start(snapshot: RolloutSnapshot, limits: RolloutLimits) -> bool:
    """True if shards in flight must not begin another operation either (ST-7)."""
    return _ending(snapshot, limits, _lost(snapshot)) is not None


def copies_order(snapshot: RolloutSnapshot, limits: RolloutLimits) -> CopyOrder:
    """What becomes of copies that are being made, or wait. Who asked to end waits for none. Where
    a failure or a guard ends the rollout, those that nobody has to release are finished as any
    statement is, the others would wait for ever."""
    match _ending(snapshot, limits, _lost(snapshot)):
        case None:
            return CopyOrder.GO_ON
        case EndStopped():
            return CopyOrder.STOP
        case EndCancelled():
            return CopyOrder.GIVE_UP
        case Halt():
            return CopyOrder.GIVE_UP_HELD
        case _:
            return CopyOrder.STOP_HELD


def _lost(snapshot: RolloutSnapshot) -> list[str]:
    if S.UNKNOWN not in snapshot.states.values():  # asked with each shard that ends, of all of them
        return []
    return [
        shard
        for wave in snapshot.waves
        for shard in wave
        if snapshot.states[shard] is S.UNKNOWN and shard not in snapshot.in_flight
    ]


def _unfollowed(snapshot: RolloutSnapshot) -> list[str]:
    """Shards whose statement an earlier run began, and which an engine was found to have in hand:
    it goes on whatever this run decides, so it is followed before anything else."""
    if not any(state in snapshot.states.values() for state in _IN_HAND):
        return []
    return [
        shard
        for wave in snapshot.waves
        for shard in wave
        if snapshot.states[shard] in _IN_HAND and shard not in snapshot.in_flight
    ]


def _ending(snapshot: RolloutSnapshot, limits: RolloutLimits, lost: list[str]) -> Action | None:
    """Why nothing new starts any more, if there is a reason."""
    if not is_anything_left(snapshot):
        return None
    if halt := finalizer_failed(snapshot) or never_last(snapshot):
        return halt
    match snapshot.asked:
        case Asked.STOP:
            return EndStopped()
        case Asked.CANCEL:
            return EndCancelled()
        case Asked.NOTHING:
            pass
        case _:
            assert_never(snapshot.asked)
    if snapshot.guard_hold is not None:
        return Pause(PauseFor.GUARD, snapshot.guard_hold)
    if snapshot.cutover_hold is not None:
        return _overdue(snapshot.cutover_hold, limits)
    return _after_failure(snapshot, limits, lost)


def _overdue(held: CutoverOverdue, limits: RolloutLimits) -> Pause:
    """Only copies that were complete can be released by a person, and only where one has to."""
    is_for_a_person = limits.cutover.gate and held.ready == held.of
    why = PauseFor.CUTOVER if is_for_a_person else PauseFor.CUTOVER_OVERDUE
    return Pause(why, held)


def _after_failure(
    snapshot: RolloutSnapshot, limits: RolloutLimits, lost: list[str]
) -> Action | None:
    failed = _first_failed(snapshot)
    match limits.on_failure:
        case OnFailure.CONTINUE:
            return None
        case OnFailure.PAUSE if snapshot.failures_released:
            return None
        case OnFailure.PAUSE if failed is not None:
            return Pause(PauseFor.FAILURE, ShardFailed(failed))
        case OnFailure.HALT if failed is not None and not lost:
            return Halt(failed)
        case _:
            return EndUnknown(tuple(lost)) if lost else None


def _first_failed(snapshot: RolloutSnapshot) -> str | None:
    if S.FAILED not in snapshot.states.values():
        return None
    failed = (s for wave in snapshot.waves for s in wave if snapshot.states[s] is S.FAILED)
    return next(failed, None)


def _within_wave(snapshot: RolloutSnapshot, limits: RolloutLimits, index: int) -> Action:
    """The next step inside the first wave that is not settled."""
    number = index + 1
    begun = any(_has_begun(snapshot, shard) for shard in snapshot.waves[index])
    if limits.last_wave is not None and number > limits.last_wave and not snapshot.in_flight:
        return Pause(PauseFor.LATER_WAVE, WaveNotAsked(number))
    if not begun and (held := _before_wave(snapshot, limits, index)):
        return held
    if shards := _startable(snapshot, limits, snapshot.waves[index]):
        return Start(shards)
    if step := _cutover(snapshot, limits, index):
        return step
    if snapshot.in_flight:
        return Wait()
    return EndUnknown(tuple(_lost(snapshot)))


def _cutover(
    snapshot: RolloutSnapshot, limits: RolloutLimits, index: int
) -> CutOver | AwaitCutover | StopCopies | None:
    """What nobody could see yet does not hold the wave's copies up where others go on past it."""
    wave = snapshot.waves[index]
    past = snapshot.looked_at if limits.on_failure is OnFailure.CONTINUE else frozenset()
    others = [
        shard
        for shard in wave
        if snapshot.states[shard] not in SETTLED and shard not in snapshot.ready
    ]
    return cutover_step(
        limits.cutover,
        limits.cutover_windows,
        wave=index + 1,
        ready={shard: snapshot.ready[shard] for shard in wave if shard in snapshot.ready},
        others_left=sum(shard not in past or shard in snapshot.in_flight for shard in others),
        released=snapshot.copies_released,
        wall_s=snapshot.wall_s,
    )


def _room(snapshot: RolloutSnapshot, limits: RolloutLimits) -> int:
    """For how many more shards: one whose copy waits does no work, and only takes its place among
    all that can be kept."""
    working = limits.parallel - (len(snapshot.in_flight) - len(snapshot.ready))
    most = max(limits.parallel, SHARDS_AT_WORK_MAX)
    return max(0, min(working, most - len(snapshot.in_flight)))


def _has_begun(snapshot: RolloutSnapshot, shard: str) -> bool:
    return shard in snapshot.in_flight or snapshot.states[shard] not in _NOT_BEGUN


def _before_wave(snapshot: RolloutSnapshot, limits: RolloutLimits, index: int) -> Action | None:
    """What keeps a wave from beginning: soak, then what the spec measures, then gate. The first one
    with work has none of them."""
    number = index + 1
    earlier = [shard for wave in snapshot.waves[:index] for shard in wave]
    if not earlier:
        return None
    until_s = max(snapshot.settled_s[shard] for shard in earlier) + limits.soak_s
    if refused := _broken(snapshot, limits, index):
        return refused
    if snapshot.now_s < until_s:
        return Soak(number, until_s)
    if awaited := _awaited(snapshot, limits, number, until_s):
        return awaited
    gates_passed = sum(1 for wave in snapshot.waves[:index] if wave)
    if limits.gate and gates_passed > snapshot.gates_open:
        return Pause(PauseFor.GATE, GateClosed(number))
    return None


def _broken(
    snapshot: RolloutSnapshot, limits: RolloutLimits, index: int
) -> RefuseWave | Pause | None:
    """A check that failed ends the apply as a shard that failed would, with the soak or without."""
    number = index + 1
    reason = broken(limits.promote_if, snapshot.promotion.before(number), number)
    if reason is None:
        return None
    if limits.on_failure is OnFailure.PAUSE:
        return Pause(PauseFor.CHECK, reason)
    return RefuseWave(snapshot.waves[index][0], reason)


def _awaited(
    snapshot: RolloutSnapshot, limits: RolloutLimits, number: int, until_s: float
) -> AwaitChecks | Pause | None:
    standings = snapshot.promotion.before(number)
    reason = held(limits.promote_if, standings, number, until_s=until_s)
    if reason is None:
        return None
    if is_unmeasured_for_long(standings, until_s=until_s, now_s=snapshot.now_s):
        return Pause(PauseFor.GUARD, reason)
    return AwaitChecks(number, until_s, reason)


def _startable(
    snapshot: RolloutSnapshot, limits: RolloutLimits, wave: tuple[str, ...]
) -> tuple[str, ...]:
    """Shards of the wave that may start now, within the bounds over all and per host."""
    room = _room(snapshot, limits)
    working = snapshot.in_flight - snapshot.ready.keys()
    busy = Counter(limits.hosts.get(shard, shard) for shard in working)
    chosen: list[str] = []
    for shard in wave:
        if len(chosen) >= room:
            break
        if shard in snapshot.in_flight or snapshot.states[shard] not in _STARTABLE:
            continue
        host = limits.hosts.get(shard, shard)
        if limits.parallel_per_host is None or busy[host] < limits.parallel_per_host:
            busy[host] += 1
            chosen.append(shard)
    return tuple(chosen)
