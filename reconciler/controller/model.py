"""What a controller knows when it decides: what git wants, what the ledger says, what it tried.

Two clocks are in it. What the ledger says was dated by whoever wrote it and decides nothing here;
all that is measured is measured on this process' own clock, which never jumps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.ledger.states import ApplyState, Hold


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One keyspace of one environment: what an apply, and a look for drift, are about."""

    environment: str
    keyspace: str


class TaskKind(StrEnum):
    APPLY = "apply"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True, order=True)
class Task:
    kind: TaskKind
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the tip of the protected branch asks of a place. `work` is the id of its plan, or what
    stands for its files where there is no plan: then an apply looks whether one is missing (GD-11).
    `after` are the environments that come first, `earlier` the deployments that do, `behind` other
    keyspaces, where these are."""

    place: Place
    work: str
    drift_every_s: float
    after: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    behind: tuple[Place, ...] = ()
    plan_id: str | None = None
    is_moving: bool = False  # shards are being replaced by others, which `reconciler apply` drives


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The latest apply of a place, as its ledger has it. `mark` is another one whenever anything
    was written to it. `is_driven`: somebody shows signs of life. `is_released`: a person released
    what holds it. `is_stopped`: a person asked it to stop, and nobody has gone on since.
    `is_retried`: it has ended, and a person asked to begin again with what is left."""

    mark: str
    plan_id: str | None = None
    state: ApplyState | None = None
    hold: Hold = Hold.NONE
    is_driven: bool = False
    is_released: bool = False
    is_stopped: bool = False
    is_retried: bool = False


class TryEnd(StrEnum):
    """How an errand ended, as far as it matters for what comes next."""

    DONE = "done"  # for this work there is nothing left to do
    AGAIN = "again"  # it was refused, failed, or ended early: looked at again later


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The last apply of a place by this process. `mark` is what the ledger said after it, None
    until it was read again; `in_a_row` how often this work was tried."""

    work: str
    end: TryEnd
    ended_s: float
    in_a_row: int = 1
    mark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """`recorded` has the places whose ledger was read since this process last did something there;
    `led` are those in whose ledger this process leads. `looked_s` is when the
    last look for drift ended. Times are of the process' own clock."""

    wanted: tuple[Wanted, ...]
    recorded: Mapping[Place, Recorded]
    tried: Mapping[Place, Tried]
    looked_s: Mapping[Place, float]
    running: frozenset[Task]
    led: frozenset[Place]
    now_s: float


class WaitsFor(StrEnum):
    """Why a place is left alone: the words are shown to people and programs."""

    ITS_TURN = "its turn"  # it is due, and as much runs as may at once
    RUNNING = "running"  # this process works on it
    ANOTHER = "another process"  # somebody drives it
    LEADER = "the leader"  # another replica leads
    LEDGER = "the ledger"  # which has not been read since
    NOTHING = "nothing"  # done
    GATE = "a release of the gate"
    FAILURE = "a release of the failure"
    CUTOVER = "a release of the copies"
    STOPPED = "somebody to resume it"
    FAILED = "a new plan, or somebody to apply it again"
    CANCELLED = "a new plan, or somebody to apply it again, for it was cancelled"
    KEYSPACE = "a keyspace that comes before it"
    DEPLOYMENT = "a deployment that comes before it"
    SPLIT = "the end of a split, which `reconciler apply` drives"
    LATER = "a later try"


FOR_A_PERSON = frozenset(
    {
        WaitsFor.GATE,
        WaitsFor.FAILURE,
        WaitsFor.CUTOVER,
        WaitsFor.STOPPED,
        WaitsFor.FAILED,
        WaitsFor.CANCELLED,
    }
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Why a place is not worked on; `until_s` is when it is due, of a LATER one."""

    waits_for: WaitsFor
    until_s: float | None = None
