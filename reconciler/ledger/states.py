"""The states of an operation and of an apply, as the ledger stores them; the words never change.

An operation is one table of one shard in one apply. Which moves between states are legal is
`rollout.transitions`; what an apply's state is, given its operations, is `rollout.projection`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OperationState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    WAITING_FOR_CUTOVER = "waiting_for_cutover"
    COMPLETED = "completed"
    FAILED_RETRYABLE = "failed_retryable"
    FAILED = "failed"
    UNKNOWN = "unknown"  # a statement was sent and nobody has looked since
    STOPPED = "stopped"  # not settled: keeps its shard reserved until resumed or cancelled
    CANCELLED = "cancelled"


SETTLED = frozenset({OperationState.COMPLETED, OperationState.FAILED, OperationState.CANCELLED})


class ApplyState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    RUNNING_DEGRADED = "running_degraded"
    PAUSED = "paused"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED = frozenset({ApplyState.COMPLETED, ApplyState.FAILED, ApplyState.CANCELLED})


class StatementState(StrEnum):
    INTENDED = "intended"  # about to be sent, or sent: a crash here means "look at the shard"
    APPLIED = "applied"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NEVER_RAN = "never_ran"  # found at the before-state afterwards


class RequestKind(StrEnum):
    """What one process may ask of the one that drives an apply."""

    STOP = "stop"
    CANCEL = "cancel"
    RELEASE = "release"
    THROTTLE = "throttle"
    UNTHROTTLE = "unthrottle"
    RETRY = "retry"  # of one that failed or was cancelled: it may be begun again by itself
    RESUME = "resume"  # written by whoever goes on: what was asked before it was for the run before


@dataclass(frozen=True, slots=True)
class UnknownKind:
    """What a later version of the program asks, by its word. It is refused by name: whoever drives
    goes on, and whoever asked knows that nobody did it (RG-86)."""

    word: str

    def __str__(self) -> str:
        return self.word


class RequestState(StrEnum):
    """Every request ends in one of the last three; none is ever lost."""

    PENDING = "pending"
    APPLIED = "applied"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


class Hold(StrEnum):
    """Why nothing new starts until a person or the next run says so."""

    NONE = "none"
    GATE = "gate"  # between waves
    KEPT_GATE = "kept_gate"  # the same, and the spec that was reviewed says whose it is
    FAILURE = "failure"  # on_failure: pause
    CUTOVER = "cutover"  # copies that a person has to release were kept for as long as they may
    GUARD = "guard"  # a window is closed, or something could not be measured


AT_A_GATE = frozenset({Hold.GATE, Hold.KEPT_GATE})
