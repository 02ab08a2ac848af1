"""What those who watch an apply are told while it goes on."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import Problem
from reconciler.ledger.reasons import Reason
from reconciler.ledger.states import OperationState
from reconciler.ledger.swaps import Swapped
from reconciler.model.engine import Progress
from reconciler.model.object_id import ObjectId
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.plan.model import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStarted:
    """The first progress event: what there is to do. `done` were already at the after-state;
    `finalizers` are the steps of the whole keyspace that are left. `goes_on`: an earlier run has
    begun with it."""

    at_s: float
    keyspace: str
    apply_id: int
    waves: tuple[tuple[str, ...], ...]
    statements: int
    done: tuple[str, ...]
    finalizers: tuple[Moment, ...] = ()
    goes_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardStarted:
    at_s: float
    keyspace: str
    shard: str
    wave: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardTakenUp:
    """What an earlier run had begun was looked at, and goes on there."""

    at_s: float
    keyspace: str
    shard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementStarted:
    """`number` counts from 1 to `of` within the shard."""

    at_s: float
    keyspace: str
    shard: str
    object_id: ObjectId
    sql: str
    number: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementAdvanced:
    """A statement that takes long goes on; told each time its engine was asked."""

    at_s: float
    keyspace: str
    shard: str
    object_id: ObjectId
    number: int
    of: int
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEnded:
    at_s: float
    keyspace: str
    shard: str
    object_id: ObjectId
    number: int
    of: int
    elapsed_s: float
    problem: Problem | None = None  # None: applied, and read back as planned
    swapped: Swapped | None = None  # for how long others felt it


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementStopped:
    """This run does no more for it; nothing of it has taken effect."""

    at_s: float
    keyspace: str
    shard: str
    object_id: ObjectId
    number: int
    of: int
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardEnded:
    at_s: float
    keyspace: str
    shard: str
    wave: int
    state: OperationState
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizerStarted:
    """A step of the whole keyspace."""

    at_s: float
    keyspace: str
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizerEnded:
    """This run does no more for it, or only looks."""

    at_s: float
    keyspace: str
    moment: Moment
    state: OperationState
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutWaits:
    """Nothing runs and why: soaking, a lock, a gate. `shard` None: the whole rollout waits."""

    at_s: float
    keyspace: str
    reason: Reason
    shard: str | None = None
    until_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutEnded:
    at_s: float
    keyspace: str
    verdict: ApplyVerdict


ProgressEvent = (
    RolloutStarted
    | ShardStarted
    | ShardTakenUp
    | StatementStarted
    | StatementAdvanced
    | StatementEnded
    | StatementStopped
    | ShardEnded
    | FinalizerStarted
    | FinalizerEnded
    | RolloutWaits
    | RolloutEnded
)
