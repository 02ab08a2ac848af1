"""What may come next in a rollout, as values: one of them comes out of each decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.ledger.promotions import PromotionFailed, PromotionReason
from reconciler.ledger.reasons import Reason
from reconciler.plan.model import Moment
from reconciler.rollout.cutover import AwaitCutover, CutOver, StopCopies


@dataclass(frozen=True, slots=True)
class Start:
    shards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settle:
    """Look at these shards to learn what became of their statements."""

    shards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartFinalizer:
    moment: Moment


@dataclass(frozen=True, slots=True)
class SettleFinalizer:
    """Look at the keyspace to learn what became of this step."""

    moment: Moment


@dataclass(frozen=True, slots=True)
class Wait:
    """Something is in flight; ask again when it ends or a request arrives."""


@dataclass(frozen=True, slots=True)
class Soak:
    wave: int | Moment  # what comes next
    until_s: float


@dataclass(frozen=True, slots=True)
class AwaitChecks:
    """The soak is over since `until_s`, and what the spec measures does not let the wave begin
    yet."""

    wave: int
    until_s: float
    reason: PromotionReason


@dataclass(frozen=True, slots=True)
class RefuseWave:
    """What the spec measures keeps the wave from ever beginning in this apply; `shard` is the first
    whose turn it would be."""

    shard: str
    reason: PromotionFailed


class PauseFor(StrEnum):
    GATE = "gate"
    CHECK = "check"  # what the spec measures failed, and a person looks before it is asked again
    LATER_WAVE = "later wave"  # this run was asked for the waves before it
    FAILURE = "failure"
    GUARD = "guard"
    FINALIZER = "finalizer"  # it failed for now, and this run has tried often enough
    CUTOVER = "cutover"  # a person has to release the copies
    CUTOVER_OVERDUE = "cutover overdue"  # nobody can: not all are ready, or the time has not come


@dataclass(frozen=True, slots=True)
class Pause:
    why: PauseFor
    reason: Reason


@dataclass(frozen=True, slots=True)
class Halt:
    """A failure ends this apply: what has not started never will."""

    shard: str


@dataclass(frozen=True, slots=True)
class HaltAtFinalizer:
    """The same, where the keyspace's first step failed, which the shards' statements need."""

    moment: Moment


@dataclass(frozen=True, slots=True)
class EndStopped:
    pass


@dataclass(frozen=True, slots=True)
class EndCancelled:
    pass


@dataclass(frozen=True, slots=True)
class EndUnknown:
    """Nothing more can be done while nobody knows what became of these shards' statements."""

    shards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndUnseen:
    """The same, of a step of the whole keyspace."""

    moment: Moment


@dataclass(frozen=True, slots=True)
class Finish:
    pass


Action = (
    Start
    | Settle
    | StartFinalizer
    | SettleFinalizer
    | Wait
    | Soak
    | AwaitChecks
    | RefuseWave
    | CutOver
    | AwaitCutover
    | StopCopies
    | Pause
    | Halt
    | HaltAtFinalizer
    | EndStopped
    | EndCancelled
    | EndUnknown
    | EndUnseen
    | Finish
)
