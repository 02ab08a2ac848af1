"""The ledger's rows after a move of their state machine, at the version they were read with."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from reconciler.errors import Problem
from reconciler.ledger.model import StoredFinalizer, StoredOperation
from reconciler.ledger.states import SETTLED, OperationState
from reconciler.rollout.transitions import Move, moved

_Row = TypeVar("_Row", StoredOperation, StoredFinalizer)


def moved_row(
    row: StoredOperation, move: Move, now_s: float, problem: Problem | None = None
) -> StoredOperation:
    after = _moved(row, move, now_s, problem)
    since_s = row.waits_since_s if _is_next_try(row.state, after.state) else None
    return replace(after, waits_for=None, waits_since_s=since_s)


def moved_finalizer(
    row: StoredFinalizer, move: Move, now_s: float, problem: Problem | None = None
) -> StoredFinalizer:
    return _moved(row, move, now_s, problem)


def _moved(row: _Row, move: Move, now_s: float, problem: Problem | None) -> _Row:
    state = moved(row.state, move)
    is_start = state is OperationState.RUNNING and row.started_s is None
    return replace(
        row,
        state=state,
        started_s=now_s if is_start else row.started_s,
        settled_s=now_s if state in SETTLED else None,
        problem=problem,
    )


def _is_next_try(before: OperationState, after: OperationState) -> bool:
    """Trying again is part of one wait: who looks wants to know since when it comes no further."""
    tries = {before, after}
    return tries == {OperationState.RUNNING, OperationState.FAILED_RETRYABLE}
