"""When the steps of a whole keyspace run: the first before every shard, the last behind them all.

Rule (FZ-1): the last one is never begun while an operation of the keyspace is not completed, and
where one never will be, it never runs. To a soak, a gate, a stop and a choice of waves it is one
more wave.
"""

from __future__ import annotations

from collections.abc import Collection

from reconciler.ledger.finalizers import VSchemaFailedForNow, VSchemaGateClosed, VSchemaNotAsked
from reconciler.ledger.states import SETTLED
from reconciler.ledger.states import OperationState as S
from reconciler.plan.model import Moment
from reconciler.rollout.actions import (
    Action,
    EndUnseen,
    Halt,
    HaltAtFinalizer,
    Pause,
    PauseFor,
    Soak,
    StartFinalizer,
    Wait,
)
from reconciler.rollout.snapshot import RolloutLimits, RolloutSnapshot

_NEVER_DONE = SETTLED - {S.COMPLETED}
_UNSETTLED = tuple(state for state in S if state not in SETTLED)


def is_anything_left(snapshot: RolloutSnapshot) -> bool:
    """Of shards or of the keyspace."""
    steps = snapshot.finalizers.states.values()
    return _has_unsettled(snapshot.states.values()) or _has_unsettled(steps)


def lost_finalizer(snapshot: RolloutSnapshot) -> Moment | None:
    """The step that was sent, of which nobody has seen since what became of it."""
    found = snapshot.finalizers
    return next(
        (
            moment
            for moment, state in found.states.items()
            if state is S.UNKNOWN and moment is not found.in_flight and moment not in found.in_vain
        ),
        None,
    )


def finalizer_failed(snapshot: RolloutSnapshot) -> HaltAtFinalizer | None:
    """Nothing is changed that needs what the first step was to make."""
    state = snapshot.finalizers.states.get(Moment.FIRST)
    return HaltAtFinalizer(Moment.FIRST) if state in _NEVER_DONE else None


def never_last(snapshot: RolloutSnapshot) -> Halt | None:
    """Every shard has come to its end and not every one to a good one: what is left is the last
    step alone, and it never runs, whatever `on_failure` says."""
    if _has_unsettled(snapshot.states.values()):
        return None
    unfinished = (
        shard
        for wave in snapshot.waves
        for shard in wave
        if snapshot.states[shard] is not S.COMPLETED
    )
    shard = next(unfinished, None)
    return None if shard is None else Halt(shard)


def before_first_wave(snapshot: RolloutSnapshot) -> Action | None:
    """None once the first step is done, or where there is none."""
    if not _is_left(snapshot, Moment.FIRST):
        return None
    return Wait() if snapshot.in_flight else _driven(snapshot, Moment.FIRST)


def after_last_wave(snapshot: RolloutSnapshot, limits: RolloutLimits) -> Action | None:
    """For a snapshot in which every shard is settled. None once the last step has come to its end,
    or where there is none."""
    if not _is_left(snapshot, Moment.LAST):
        return None
    if snapshot.in_flight:
        return Wait()
    if halt := never_last(snapshot):
        return halt
    begun = snapshot.finalizers.states[Moment.LAST] is not S.PENDING
    if not begun and (held := _before_last(snapshot, limits)):
        return held
    return _driven(snapshot, Moment.LAST)


def _has_unsettled(states: Collection[S]) -> bool:
    """Looked for one by one, the first that most of what is left is in: each is found, or not, by
    the interpreter itself, and it is asked with each shard that ends, of all of them."""
    return any(state in states for state in _UNSETTLED)


def _is_left(snapshot: RolloutSnapshot, moment: Moment) -> bool:
    state = snapshot.finalizers.states.get(moment)
    return state is not None and state not in SETTLED


def _before_last(snapshot: RolloutSnapshot, limits: RolloutLimits) -> Action | None:
    """As before a wave; where no shard had work there is nothing to watch first."""
    if limits.last_wave is not None:
        return Pause(PauseFor.LATER_WAVE, VSchemaNotAsked())
    if not snapshot.states:
        return None
    until_s = max(snapshot.settled_s[shard] for shard in snapshot.states) + limits.soak_s
    if snapshot.now_s < until_s:
        return Soak(Moment.LAST, until_s)
    gates_passed = sum(1 for wave in snapshot.waves if wave)
    if limits.gate and gates_passed > snapshot.gates_open:
        return Pause(PauseFor.GATE, VSchemaGateClosed())
    return None


def _driven(snapshot: RolloutSnapshot, moment: Moment) -> Action:
    found = snapshot.finalizers
    if found.in_flight is not None:
        return Wait()
    if found.states[moment] is S.UNKNOWN:
        return EndUnseen(moment)
    if moment in found.in_vain:
        return Pause(PauseFor.FINALIZER, VSchemaFailedForNow(moment))
    return StartFinalizer(moment)
