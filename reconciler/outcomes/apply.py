"""What `apply`, `status` and requests to an apply end in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import Problem
from reconciler.guard.model import Obstacle
from reconciler.ledger.model import EventEntry, Forgotten
from reconciler.ledger.reasons import Answer, Reason, Wait
from reconciler.ledger.states import (
    ApplyState,
    OperationState,
    RequestKind,
    RequestState,
    StatementState,
)
from reconciler.ledger.swaps import Swapped
from reconciler.model.engine import NOTHING_TOLD, Progress
from reconciler.model.object_id import ObjectId
from reconciler.model.quarantine import Quarantine
from reconciler.model.shadow_tables import ShadowGroup
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitStatus
from reconciler.outcomes.turns import Turn
from reconciler.plan.learned import TimeLeft
from reconciler.plan.model import Moment, Plan


class ApplyVerdict(StrEnum):
    """How one keyspace's apply ended for this process; the words are shown to people."""

    NOTHING_TO_DO = "nothing to do"  # every shard was at the plan's after-state already
    COMPLETED = "completed"
    DRIFTED = "drifted"  # all has run, and a look at every shard found another state
    UNCONFIRMED = "unconfirmed"  # all has run, and not every shard could be looked at then
    REFUSED = "refused"  # by a gate: nothing was sent
    SUPERSEDED = "superseded"  # a newer merge owns the keyspace: nothing was sent
    FAILED = "failed"
    PAUSED = "paused"  # waits for a person: a gate between waves, a failure, a closed window
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    UNKNOWN = "outcome unknown"  # a statement was sent and nobody could look yet


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRow:
    """One table of one shard. `runs` is the statement that is on its way, `progress` how far it
    was when its engine was last asked; `waits_for` names what it waits for before it goes on,
    `waits_since_s` since when. `swapped`: for how long others felt it that this process put it in
    another's place."""

    object_id: ObjectId
    state: OperationState
    statements: int
    statements_done: int
    started_s: float | None = None
    settled_s: float | None = None
    runs: str = ""
    progress: Progress = NOTHING_TOLD
    waits_for: Wait | None = None
    waits_since_s: float | None = None
    problem: Problem | None = None
    swapped: Swapped | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRow:
    """One shard with work; `wave` counts from 1; `state` sums its operations up."""

    shard: str
    wave: int
    state: OperationState
    operations: tuple[OperationRow, ...]

    @property
    def problem(self) -> Problem | None:
        """The shard's own first problem; two shards' never overwrite each other (RP-3)."""
        return next((row.problem for row in self.operations if row.problem), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizerRow:
    """A step of the whole keyspace: its VSchema, changed before all shards or behind them.
    `attempts` is how often it was sent; `waits_for` names what it waits for before it goes on."""

    moment: Moment
    state: OperationState
    attempts: int = 0
    started_s: float | None = None
    settled_s: float | None = None
    waits_for: Wait | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRow:
    """One wave's shards with work, counted by where they are; the rest waits. `soak_until_s` is
    when it starts, if it waits for the soak after the wave before it."""

    number: int
    shards: tuple[str, ...]
    completed: int
    failed: int
    running: int
    unknown: int = 0
    stopped: int = 0
    cancelled: int = 0
    soak_until_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone:
    """The shards of a keyspace that are in quarantine, by its spec."""

    environment: str
    keyspace: str
    quarantine: tuple[Quarantine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOutcome:
    """`apply_id` is None if nothing was started. `refusals` are reasons not to go on, or, of an
    apply that is done, what the look at every shard found. `problem` is the first failure in
    rollout order, or why the run ended early; `reason` what a paused or stopped apply waits for.
    `is_cut_off`: it lost its locks, its lease or its ledger, and nobody has said stop.
    `holds_nothing`: it is a part of which a shard failed, and that keeps no wave from beginning.
    `left_alone_before` is of what comes first: environments, where these files were tried, and
    keyspaces."""

    environment: str
    keyspace: str
    verdict: ApplyVerdict
    plan: Plan | None = None
    apply_id: int | None = None
    waves: tuple[WaveRow, ...] = ()
    shards: tuple[ShardRow, ...] = ()
    finalizers: tuple[FinalizerRow, ...] = ()
    refusals: tuple[Obstacle, ...] = ()
    problem: Problem | None = None
    reason: Reason | None = None
    statements_run: int = 0  # by this process
    elapsed_s: float = 0.0
    region: str | None = None
    is_cut_off: bool = False
    holds_nothing: bool = False
    quarantine: tuple[Quarantine, ...] = ()
    left_alone_before: tuple[LeftAlone, ...] = ()

    @property
    def something_is_done(self) -> bool:
        """By this run or by one before it: the fleet is between two states all the same."""
        done = (row.statements_done for shard in self.shards for row in shard.operations)
        applied = (row.state is OperationState.COMPLETED for row in self.finalizers)
        return bool(self.statements_run) or any(done) or any(applied)


@dataclass(frozen=True, slots=True, kw_only=True)
class RanStatement:
    """A statement that was ever intended, with how many shards it stands how on."""

    object_id: ObjectId
    sql: str
    states: tuple[tuple[StatementState, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyStatus:
    """One apply as the ledger knows it, live or past. `statements` are told where it is asked for
    as a whole. `holder` drives it, None if nobody does;
    `heartbeat_s` is its last sign of life. `reason` says why nothing starts, since
    `waits_since_s`. `left` is what engines left in this apply, or in one of the keyspace before it,
    by the record alone. `plan` is what it runs, of its region alone, where git has it. `time_left`
    is that of the statement which ends last, where the past tells of the like."""

    apply_id: int
    environment: str
    keyspace: str
    plan_id: str
    commit: str
    state: ApplyState
    started_s: float
    completed_s: float | None
    holder: str | None
    heartbeat_s: float | None
    waits_since_s: float | None
    reason: Reason | None
    problem: Problem | None
    waves: tuple[WaveRow, ...]
    shards: tuple[ShardRow, ...]
    events: tuple[EventEntry, ...] = ()
    left: tuple[ShadowGroup, ...] = ()
    finalizers: tuple[FinalizerRow, ...] = ()
    region: str | None = None
    statements: tuple[RanStatement, ...] = ()
    plan: Plan | None = None
    time_left: TimeLeft | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusOutcome:
    """`applies` newest first: the current one of each keyspace, or, where it `is_history`, all of
    the past. `splits` likewise. `turns` are where there is an order. `failed`: of these keyspaces
    nothing is known, for their ledger could not be asked, or may not be."""

    environment: str
    applies: tuple[ApplyStatus, ...]
    now_s: float
    splits: tuple[SplitStatus, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    is_history: bool = False
    turns: tuple[Turn, ...] = ()
    forgotten: tuple[Forgotten, ...] = ()
    failed: tuple[KeyspaceFailed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlOutcome:
    """What became of a request to an apply; `apply_id` is None where there was none to ask.
    PENDING: it is recorded, and whoever drives the apply has not answered yet."""

    environment: str
    keyspace: str
    kind: RequestKind
    state: RequestState
    answer: Answer
    apply_id: int | None = None
    region: str | None = None
