"""The rows of a keyspace's own steps, which change its VSchema: how each stands and what it waits
for, and what of an apply they make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from reconciler.ledger.reasons import ToBeReleased
from reconciler.ledger.states import Hold, OperationState
from reconciler.outcomes.apply import FinalizerRow
from reconciler.plan.model import Moment
from reconciler.report.reason_words import wait_words
from reconciler.report.times import duration, since


def step_title(row: FinalizerRow, rows: Sequence[FinalizerRow]) -> str:
    """'first step: ', 'last step: '; nothing where the last one is all there is."""
    if len(rows) == 1 and row.moment is Moment.LAST:
        return ""
    return f"{row.moment} step: "


def step_words(row: FinalizerRow, now_s: float | None = None) -> str:
    """'applied, 0.34 s', 'waits for 3 shards'. `now_s` is when somebody looks; None: it is over."""
    parts = [_state(row)]
    if row.state is OperationState.RUNNING and row.started_s is not None:
        parts.append(since(row.started_s, now_s))
    elif row.attempts and row.started_s is not None and row.settled_s is not None:
        parts.append(duration(row.settled_s - row.started_s))
    if (wait := step_waits_for(row)) and row.state is not OperationState.PENDING:
        parts.append(f"waits for {wait}")
    return ", ".join(parts)


def step_waits_for(row: FinalizerRow) -> str:
    """'3 shards', after "waits for"; empty for nothing."""
    if row.waits_for in (ToBeReleased(Hold.GATE), ToBeReleased(Hold.KEPT_GATE)):
        return "somebody to release it"
    return wait_words(row.waits_for)


def steps_progress(rows: Sequence[FinalizerRow]) -> str:
    """'VSchema applied', 'VSchema failed for now'; what needs a person first. Empty where the apply
    has no such step."""
    states = [row.state for row in rows]
    if not states:
        return ""
    for state, words in _PROGRESS:
        if state in states:
            return f"VSchema {words}"
    return "VSchema applied" if {*states} == {OperationState.COMPLETED} else "VSchema not applied"


_PROGRESS = (
    (OperationState.UNKNOWN, "unknown"),
    (OperationState.FAILED, "failed"),
    (OperationState.FAILED_RETRYABLE, "failed for now"),
    (OperationState.RUNNING, "being applied"),
)


def _state(row: FinalizerRow) -> str:
    match row.state:
        case OperationState.PENDING:
            return f"waits for {step_waits_for(row) or 'its turn'}"
        case OperationState.RUNNING | OperationState.WAITING_FOR_CUTOVER:
            return "applying"
        case OperationState.COMPLETED:
            return "applied" if row.attempts else "found in effect, nothing was sent"
        case OperationState.FAILED_RETRYABLE:
            return "failed for now"
        case OperationState.UNKNOWN:
            return "outcome unknown"
        case OperationState.CANCELLED:
            return "cancelled, it was not applied"
        case OperationState.FAILED | OperationState.STOPPED:
            return row.state.value
        case _:
            assert_never(row.state)
