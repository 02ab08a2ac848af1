"""What an apply's state is, given all its operations: never more, never anything else (ST-1)."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.ledger.states import SETTLED, ApplyState, Hold
from reconciler.ledger.states import OperationState as S

_ACTIVE = frozenset({S.RUNNING, S.WAITING_FOR_CUTOVER, S.UNKNOWN})
_TROUBLED = frozenset({S.FAILED, S.FAILED_RETRYABLE, S.UNKNOWN})

# The first of these that any operation of a shard has is what the shard is shown as.
_SHARD_PRECEDENCE = (
    S.UNKNOWN,
    S.RUNNING,
    S.WAITING_FOR_CUTOVER,
    S.FAILED_RETRYABLE,
    S.FAILED,
    S.STOPPED,
    S.PENDING,
    S.CANCELLED,
    S.COMPLETED,
)


def apply_state(states: Iterable[S], hold: Hold = Hold.NONE) -> ApplyState:
    """Of all its operations and finalizers, in any order. Raises where there are none: rows that
    could not be loaded are not zero rows (ST-14)."""
    present = frozenset(states)
    if not present:
        raise ValueError("an apply without operations is never recorded")
    if present <= SETTLED:
        return _finished(present)
    if present & _ACTIVE:
        return ApplyState.RUNNING_DEGRADED if present & _TROUBLED else ApplyState.RUNNING
    if hold is not Hold.NONE:
        return ApplyState.PAUSED
    if S.FAILED_RETRYABLE in present:
        return ApplyState.RUNNING_DEGRADED
    if S.STOPPED in present:
        return ApplyState.STOPPED
    if S.FAILED in present:
        return ApplyState.RUNNING_DEGRADED
    return ApplyState.PENDING if present == {S.PENDING} else ApplyState.RUNNING


def shard_state(states: Iterable[S]) -> S:
    """One word for a shard's operations: the one that most needs somebody's attention."""
    present = frozenset(states)
    return next(state for state in _SHARD_PRECEDENCE if state in present)


def _finished(present: frozenset[S]) -> ApplyState:
    if S.FAILED in present:
        return ApplyState.FAILED
    return ApplyState.CANCELLED if S.CANCELLED in present else ApplyState.COMPLETED
