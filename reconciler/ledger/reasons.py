"""Why an apply stands as it does, what became of a request, what happened: kinds with arguments.

The ledger keeps them (`ledger/codec.py`), reports put them into words (`report/reason_words.py`),
and nothing is ever decided on one.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.ledger.copies import (
    CopiesNotReady,
    CopiesReleased,
    CopiesThrottled,
    CopySlowed,
    CopyStopped,
    CutoverClosed,
    CutoverOverdue,
    CutoverReleased,
    CutoverShut,
    ItsCutover,
    LeftBehind,
    RowsCompared,
)
from reconciler.ledger.deploys import DeployIntended, DeployWait
from reconciler.ledger.finalizers import (
    StepHappened,
    StepReason,
    StepWait,
    VSchemaFailedForNow,
    VSchemaRefused,
)
from reconciler.ledger.neighbours import BlockerEnded, EarlierSession
from reconciler.ledger.promotions import PromotionReason, PromotionUnmeasured
from reconciler.ledger.resumes import ResumeAnswer
from reconciler.ledger.reviewed import Reviewed
from reconciler.ledger.states import ApplyState, Hold, RequestKind, RequestState, StatementState
from reconciler.ledger.swaps import Swapped


@dataclass(frozen=True, slots=True)
class InWords:
    """Somebody else's own words: a server's, a guard's, those of another version."""

    text: str


# --- why an apply stands as it does ---


@dataclass(frozen=True, slots=True)
class GateClosed:
    """A person has to release the wave."""

    wave: int


@dataclass(frozen=True, slots=True)
class WaveNotAsked:
    """This run was asked for the waves before it."""

    wave: int


@dataclass(frozen=True, slots=True)
class WaveRefused:
    """A gate, asked again, does not let the wave begin; `more` counts its further reasons."""

    wave: int
    message: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class Soaks:
    """The wave begins by itself, then."""

    wave: int
    until_s: float


@dataclass(frozen=True, slots=True)
class ShardFailed:
    """Nothing new starts until a person releases the failure."""

    shard: str


@dataclass(frozen=True, slots=True)
class Halted:
    """The shard's failure ended the apply."""

    shard: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody asked for it."""


@dataclass(frozen=True, slots=True)
class LeftAtOnce:
    """Somebody insisted: what was on its way is left to itself."""


@dataclass(frozen=True, slots=True)
class OutcomeUnseen:
    """Nobody knows yet what became of these shards' statements."""

    shards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undriven:
    """It could go on, and nobody drives it."""


OfGuard = (
    InWords
    | WaveRefused
    | CutoverOverdue
    | PromotionUnmeasured
    | VSchemaRefused
    | VSchemaFailedForNow
)
"""Why a guard holds an apply, which no person can release."""


@dataclass(frozen=True, slots=True)
class NothingToRelease:
    """No person holds it, or what does was released before; `reason` is that of a guard."""

    hold: Hold
    reason: OfGuard | None = None
    is_driven: bool = False


Reason = (
    InWords
    | GateClosed
    | WaveNotAsked
    | WaveRefused
    | Soaks
    | ShardFailed
    | Halted
    | Stopped
    | LeftAtOnce
    | OutcomeUnseen
    | CopiesNotReady
    | CutoverClosed
    | CutoverShut
    | CutoverOverdue
    | Undriven
    | NothingToRelease
    | EarlierSession
    | BlockerEnded
    | ItsCutover
    | DeployWait
    | StepReason
    | PromotionReason
)


# --- what a table of a shard waits for ---


@dataclass(frozen=True, slots=True)
class NextTry:
    """The last one failed for now; `message` is why."""

    message: str


@dataclass(frozen=True, slots=True)
class LimitExceeded:
    """A server's lag or load, which passes by itself."""

    message: str


@dataclass(frozen=True, slots=True)
class ItsWave:
    """A later one than the wave that runs."""

    wave: int


@dataclass(frozen=True, slots=True)
class EndOfSoak:
    """Its wave has come, and the one before is still being watched."""


@dataclass(frozen=True, slots=True)
class ToBeReleased:
    """What the apply is held by, and by whom it is released."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class ItsTurn:
    """Among the shards of its wave, or the tables of its shard."""


Wait = (
    InWords
    | EarlierSession
    | NextTry
    | LimitExceeded
    | ItsWave
    | EndOfSoak
    | ToBeReleased
    | ItsCutover
    | DeployWait
    | StepWait
    | ItsTurn
)
"""In words: who is in the way, as the server says it."""


# --- what became of a request ---


@dataclass(frozen=True, slots=True)
class NothingUnfinished:
    """There is no apply to ask."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """It is recorded, and no answer came in time."""


@dataclass(frozen=True, slots=True)
class EndedMeanwhile:
    pass


@dataclass(frozen=True, slots=True)
class CancelledAlready:
    pass


@dataclass(frozen=True, slots=True)
class NothingNewStarts:
    """What runs is finished first."""


@dataclass(frozen=True, slots=True)
class RestNeverStarts:
    """What runs is finished first."""


@dataclass(frozen=True, slots=True)
class StaysStopped:
    """Nobody drove it."""


@dataclass(frozen=True, slots=True)
class EndedAs:
    """Nobody drove it; what was applied stays applied."""

    state: ApplyState


@dataclass(frozen=True, slots=True)
class Released:
    """Nobody drives it yet."""


@dataclass(frozen=True, slots=True)
class GateKept:
    """The spec names who may open it, and who asks is none of them."""

    by: tuple[str, ...]


Answer = (
    InWords
    | NothingUnfinished
    | Unanswered
    | EndedMeanwhile
    | ResumeAnswer
    | CancelledAlready
    | NothingNewStarts
    | RestNeverStarts
    | StaysStopped
    | EndedAs
    | Released
    | GateKept
    | CopiesNotReady
    | CutoverShut
    | CutoverReleased
    | CopiesReleased
    | CopiesThrottled
    | NothingToRelease
)


# --- what happened ---


@dataclass(frozen=True, slots=True)
class Begun:
    by: str


@dataclass(frozen=True, slots=True)
class TakenUp:
    by: str


@dataclass(frozen=True, slots=True)
class StateChanged:
    """Of the apply."""

    state: ApplyState
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """A table of a shard."""


@dataclass(frozen=True, slots=True)
class Failed:
    message: str


@dataclass(frozen=True, slots=True)
class OutcomeLost:
    """Nobody knows what became of a statement, or of its shard."""

    message: str


@dataclass(frozen=True, slots=True)
class StatementFound:
    """A look at the shard told what became of one that was in doubt."""

    state: StatementState


@dataclass(frozen=True, slots=True)
class FoundRunning:
    """Its engine says that a statement which was in doubt still goes on."""


@dataclass(frozen=True, slots=True)
class CutOverBegun:
    """The engine was told to swap in the copy it has made."""


@dataclass(frozen=True, slots=True)
class EarlierRunCameThrough:
    """A statement of an earlier run has taken effect by now."""


@dataclass(frozen=True, slots=True)
class Requested:
    """Somebody asked something of the apply."""

    asked: RequestKind
    by: str
    state: RequestState
    answer: Answer | None = None


Happened = (
    InWords
    | Begun
    | TakenUp
    | Reviewed
    | StateChanged
    | Completed
    | Failed
    | OutcomeLost
    | StatementFound
    | FoundRunning
    | CutOverBegun
    | CopySlowed
    | CopyStopped
    | LeftBehind
    | RowsCompared
    | EarlierRunCameThrough
    | BlockerEnded
    | Swapped
    | DeployIntended
    | StepHappened
    | Requested
)

Told = Reason | Wait | Answer | Happened
