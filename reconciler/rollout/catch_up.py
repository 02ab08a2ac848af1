"""What the ledger says of an operation against what a look at the shards found.

The live schema is the truth, the ledger the record (ST-13): a record that lags behind is brought
forward; one that claims more than the shard shows means that somebody took a change back.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.ledger.model import StoredFinalizer, StoredOperation
from reconciler.ledger.states import SETTLED, OperationState
from reconciler.rollout.transitions import Move

_MAY_BE_RUNNING = frozenset({OperationState.RUNNING, OperationState.WAITING_FOR_CUTOVER})


@dataclass(frozen=True, slots=True)
class BringForward:
    """Make this move, if any, with this many statements known to be done."""

    move: Move | None
    done: int


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Its driver died while it ran: the statement may be running yet, so a look at the tables does
    not settle it."""

    move: Move | None


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Recorded as completed, and live is before that."""


@dataclass(frozen=True, slots=True)
class Agrees:
    pass


CatchUp = BringForward | LookAgain | TakenBack | Agrees


def catch_up(row: StoredOperation, done: int) -> CatchUp:
    """`done` is how many of the operation's statements a look found in effect."""
    return _caught_up(row.state, done, of=row.statements, recorded=row.statements_done)


def catch_up_finalizer(row: StoredFinalizer, *, is_done: bool) -> CatchUp:
    """`is_done`: a look found its step in effect."""
    done = int(is_done)
    return _caught_up(row.state, done, of=1, recorded=done)


def _caught_up(state: OperationState, done: int, *, of: int, recorded: int) -> CatchUp:
    all_done = done == of
    if state is OperationState.COMPLETED and not all_done:
        return TakenBack()
    if state in SETTLED:
        return Agrees()
    if state in _MAY_BE_RUNNING:
        return LookAgain(Move.LOSE)
    if state is OperationState.UNKNOWN:
        return LookAgain(None)
    if all_done:
        return BringForward(Move.FIND_DONE, done)
    if state is OperationState.STOPPED:
        return BringForward(Move.RESUME, done)
    return Agrees() if recorded == done else BringForward(None, done)
