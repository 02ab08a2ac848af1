"""What the ledger holds: one apply, its operations and statements, who drives it, who asked what.

Rows as they were read carry the version they had; a write names the version it was decided on and
fails if another writer was faster (ST-4). Nothing here holds a host, a user or a password.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import Problem
from reconciler.ledger.deploys import DeployIntent, DeployStep
from reconciler.ledger.reasons import Answer, Happened, Reason, Wait
from reconciler.ledger.states import (
    ApplyState,
    Hold,
    OperationState,
    RequestKind,
    RequestState,
    StatementState,
    UnknownKind,
)
from reconciler.model.engine import NOTHING_TOLD, Handle, Progress
from reconciler.model.object_id import ObjectId
from reconciler.plan.model import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOperation:
    shard: str
    object_id: ObjectId
    wave: int  # counts from 1
    position: int  # in rollout order over the whole apply
    statements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFinalizer:
    """A step of the whole keyspace: its VSchema goes from one fingerprint to another."""

    moment: Moment
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApply:
    """`waves` hold the shards with work; operations are listed in rollout order. There is always
    an operation or a finalizer."""

    environment: str
    keyspace: str
    plan_id: str
    commit: str
    waves: tuple[tuple[str, ...], ...]
    operations: tuple[NewOperation, ...]
    finalizers: tuple[NewFinalizer, ...] = ()
    region: str = ""  # of whose shards it is; '': of all

    def __post_init__(self) -> None:
        assert self.operations or self.finalizers, "an apply has something to do"


@dataclass(frozen=True, slots=True)
class Soaking:
    """The number of the wave that comes next, and when."""

    wave: int
    until_s: float


@dataclass(frozen=True, slots=True, order=True)
class ReleasedCopy:
    """A copy that may be swapped in: that of the statement at `index` of the shard's change set."""

    shard: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredApply:
    """`problem` is the first failure in rollout order; `reason` why nothing starts, and
    `waits_since_s` since when. `gates_open` is how many gates between waves with work somebody has
    opened, `copies_released` are the copies that somebody has released."""

    apply_id: int
    environment: str
    keyspace: str
    plan_id: str
    commit: str
    waves: tuple[tuple[str, ...], ...]
    state: ApplyState
    version: int
    started_s: float
    hold: Hold = Hold.NONE
    reason: Reason | None = None
    waits_since_s: float | None = None
    soaking: Soaking | None = None
    gates_open: int = 0
    failures_released: bool = False
    copies_released: tuple[ReleasedCopy, ...] = ()
    completed_s: float | None = None
    problem: Problem | None = None
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOperation:
    """`statements_done` counts those that are known to have taken effect."""

    shard: str
    object_id: ObjectId
    wave: int
    position: int
    statements: int
    state: OperationState
    version: int
    statements_done: int = 0
    started_s: float | None = None
    settled_s: float | None = None
    waits_for: Wait | None = None
    waits_since_s: float | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStatement:
    """`index` is the statement's place in its shard's change set; by `handle` its engine finds it
    again, whoever asks; `progress` is the last that the engine told while it ran. `left` are the
    names of what its engine made, or took the table's rows away in, and that stayed when it had
    ended."""

    shard: str
    index: int
    object_id: ObjectId
    sql: str
    state: StatementState
    attempts: int
    intended_s: float
    handle: Handle
    settled_s: float | None = None
    problem: Problem | None = None
    progress: Progress = NOTHING_TOLD
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFinalizer:
    """A step of the whole keyspace. It has no shard and no statement (FZ-2): `intended_s` is when
    its last intent was recorded, and `attempts` how many were; nothing is sent before that."""

    moment: Moment
    before: str
    after: str
    state: OperationState
    version: int
    attempts: int = 0
    started_s: float | None = None
    intended_s: float | None = None
    settled_s: float | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementOfApply:
    """A statement with the apply that it belongs to."""

    apply_id: int
    is_finished: bool  # the apply, not the statement
    row: StoredStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which applies somebody asks for: begun from `since_s` on and before `until_s`, that stand at
    one of `states`, of plans whose id begins so. What is not said holds for all."""

    since_s: float | None = None
    until_s: float | None = None
    states: tuple[ApplyState, ...] = ()
    plan: str = ""


EVERY_APPLY = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """So many applies of the keyspace are gone; the latest of them had ended at `until_s`."""

    keyspace: str
    applies: int
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write to one apply: every write names the fence, an older one is refused."""

    environment: str
    keyspace: str
    apply_id: int
    holder: str
    fence: int
    region: str = ""


@dataclass(frozen=True, slots=True)
class TakenOn:
    """A lease to go on with an apply. Requests up to the number `resumed_at` were for the runs
    before this one."""

    lease: Lease
    resumed_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLease:
    """`holder` None: the driver said good-bye. A driver that died did not."""

    apply_id: int
    fence: int
    holder: str | None
    heartbeat_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asked of an apply; `answer` says what became of it."""

    request_id: int
    apply_id: int
    kind: RequestKind | UnknownKind
    asked_by: str
    asked_s: float
    state: RequestState
    answer: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationEntry:
    """The row as it shall be; `row.version` is the one that was read."""

    row: StoredOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEntry:
    """A statement's intent or outcome; written once before and once after its effect."""

    row: StoredStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizerEntry:
    """The row as it shall be; `row.version` is the one that was read."""

    row: StoredFinalizer


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployEntry:
    """A write that PlanetScale is about to be sent; it counts those of its step so far."""

    step: DeployStep
    intent: DeployIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressEntry:
    """How far a statement whose intent is recorded has come."""

    shard: str
    index: int
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEntry:
    """A line of history, for people."""

    at_s: float
    what: Happened
    shard: str | None = None
    object_id: ObjectId | None = None


Entry = OperationEntry | StatementEntry | FinalizerEntry | DeployEntry | ProgressEntry | EventEntry
