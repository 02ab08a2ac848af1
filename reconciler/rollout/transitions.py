"""Every legal move of an operation is a row of one table; the diagram in the docs is drawn from it.

Anything that is not a row raises and changes nothing. A state without rows is final: no writer
takes an operation out of it (ST-4).
"""

from __future__ import annotations

from enum import StrEnum

from reconciler.ledger.states import OperationState as S


class Move(StrEnum):
    """What happened to an operation."""

    START = "start"  # intent is recorded, its next statement is about to be sent
    AWAIT_CUTOVER = "await cutover"  # its engine has copied the table and waits to swap
    CUT_OVER = "cut over"  # it is told to swap, or has done so by itself
    COMPLETE = "complete"  # its last statement applied and read back as planned
    FAIL_FOR_NOW = "fail for now"  # a transient error: nothing took effect
    FAIL = "fail"
    LOSE = "lose"  # sent, and no answer came
    FIND_DONE = "find done"  # a look at the shard found its after-state
    FIND_UNDONE = "find undone"  # a look at the shard found statements left to do
    FIND_RUNNING = "find running"  # its engine says that it still goes on
    STOP = "stop"
    RESUME = "resume"
    CANCEL = "cancel"


class IllegalMove(Exception):
    """A bug of ours: no input can cause it."""


TRANSITIONS: dict[tuple[S, Move], S] = {
    (S.PENDING, Move.START): S.RUNNING,
    (S.PENDING, Move.FAIL_FOR_NOW): S.FAILED_RETRYABLE,
    (S.PENDING, Move.FAIL): S.FAILED,
    (S.PENDING, Move.FIND_DONE): S.COMPLETED,
    (S.PENDING, Move.STOP): S.STOPPED,
    (S.PENDING, Move.CANCEL): S.CANCELLED,
    (S.RUNNING, Move.AWAIT_CUTOVER): S.WAITING_FOR_CUTOVER,
    (S.RUNNING, Move.COMPLETE): S.COMPLETED,
    (S.RUNNING, Move.FAIL_FOR_NOW): S.FAILED_RETRYABLE,
    (S.RUNNING, Move.FAIL): S.FAILED,
    (S.RUNNING, Move.LOSE): S.UNKNOWN,
    (S.RUNNING, Move.STOP): S.STOPPED,
    (S.RUNNING, Move.CANCEL): S.CANCELLED,
    (S.WAITING_FOR_CUTOVER, Move.CUT_OVER): S.RUNNING,
    (S.WAITING_FOR_CUTOVER, Move.FAIL): S.FAILED,
    (S.WAITING_FOR_CUTOVER, Move.LOSE): S.UNKNOWN,
    (S.WAITING_FOR_CUTOVER, Move.STOP): S.STOPPED,
    (S.WAITING_FOR_CUTOVER, Move.CANCEL): S.CANCELLED,
    (S.FAILED_RETRYABLE, Move.START): S.RUNNING,
    (S.FAILED_RETRYABLE, Move.FAIL): S.FAILED,
    (S.FAILED_RETRYABLE, Move.FIND_DONE): S.COMPLETED,
    (S.FAILED_RETRYABLE, Move.STOP): S.STOPPED,
    (S.FAILED_RETRYABLE, Move.CANCEL): S.CANCELLED,
    (S.UNKNOWN, Move.FIND_DONE): S.COMPLETED,
    (S.UNKNOWN, Move.FIND_UNDONE): S.PENDING,
    (S.UNKNOWN, Move.FIND_RUNNING): S.RUNNING,
    (S.UNKNOWN, Move.FAIL): S.FAILED,
    (S.UNKNOWN, Move.CANCEL): S.CANCELLED,
    (S.STOPPED, Move.RESUME): S.PENDING,
    (S.STOPPED, Move.FIND_DONE): S.COMPLETED,
    (S.STOPPED, Move.CANCEL): S.CANCELLED,
}


def moved(state: S, move: Move) -> S:
    """The state after `move`; raises IllegalMove where the table has no such row."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        raise IllegalMove(f"an operation that is {state} cannot {move}") from None


def render_diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {S.PENDING}"]
    lines += [f"    {state} --> {after}: {move}" for (state, move), after in TRANSITIONS.items()]
    leaving = {state for state, _ in TRANSITIONS}
    lines += [f"    {state} --> [*]" for state in S if state not in leaving]
    return "\n".join(lines) + "\n"
