"""What a shard's work is given and what it gives back, between the driver and its threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import IntEnum

from reconciler.drive.limits import RETRY_PAUSE_S, RETRY_PAUSE_S_MAX, ROLLOUT_POLL_S
from reconciler.drive.shard.basis import ShardBasis
from reconciler.drive.shard.room import CopyRoom
from reconciler.errors import Problem
from reconciler.guard.classify import states_along
from reconciler.guard.model import Refusal
from reconciler.ledger.model import ReleasedCopy, StoredOperation, StoredStatement
from reconciler.ledger.states import StatementState
from reconciler.ledger.swaps import Swapped
from reconciler.model.engine import Handle
from reconciler.model.object_id import ObjectId
from reconciler.ports.clock import Clock, WorkerPool
from reconciler.ports.deploy_requests import DeployRequests
from reconciler.ports.engine import EngineWork
from reconciler.ports.keyspaces import VSchemas
from reconciler.ports.ledger import Ledger
from reconciler.ports.shards import ShardSession, ShardSessions
from reconciler.rollout.cutover import CopyOrder
from reconciler.rollout.operations import ShardWork
from reconciler.spec.model import PlanetScaleDatabase, RolloutSpec, ShardSpec

IN_DOUBT = (StatementState.INTENDED, StatementState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutWorld:
    """What a rollout asks of the world. `jitter` gives numbers from 0 up to 1; `interrupts` counts
    how often somebody at the terminal asked to end it; `vschemas` is there where a keyspace is in
    Vitess, `deploys` where one is at PlanetScale."""

    sessions: ShardSessions
    ledger: Ledger
    workers: WorkerPool
    clock: Clock
    jitter: Callable[[], float]
    interrupts: Callable[[], int]
    vschemas: VSchemas | None = None
    deploys: DeployRequests | None = None


def session_of(world: RolloutWorld, task: ShardTask) -> AbstractContextManager[ShardSession]:
    """The shard as it was judged: of that server, with those settings. Raises Unavailable."""
    basis = task.basis
    return world.sessions.open(task.spec, server=basis.server, settings=basis.settings)


class Brake(IntEnum):
    """How soon shards in flight must end: set by the driver, read before every statement."""

    OFF = 0
    NO_NEW_OPERATION = 1
    AFTER_STATEMENT = 2


@dataclass(frozen=True, slots=True)
class WaitingCopy:
    """A complete copy: of the statement at `index`, since when on the clock that never jumps."""

    index: int
    since_s: float


class StopSignal:
    """The one thing that the driver and the shards in flight share. `waiting` and `room` are told
    by shards, all else by the driver: which copies may be swapped in, and what becomes of the
    others. A shard that may not swap in what was `released` takes that back."""

    def __init__(self) -> None:
        self.brake = Brake.OFF
        self.copies = CopyOrder.GO_ON
        self.released: frozenset[ReleasedCopy] = frozenset()
        self.waiting: dict[str, WaitingCopy] = {}
        self.is_throttled = False
        self.room = CopyRoom()

    def leave_all(self) -> None:
        """This run is over, whatever is in flight: nothing more is sent or swapped in by it."""
        self.copies = CopyOrder.LEAVE
        self.brake = Brake.AFTER_STATEMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardTask:
    """`tables` and `programs` are those that statements may touch; `recorded` the shard's
    statements as the ledger has them from earlier runs; `copies_left` what applies that have ended
    may have left of tables; `keep_old_s`: for how long tables as they were stay beside their
    copies. `database`: that of PlanetScale, which takes all of `work` in one deploy request;
    None: the shard is a server's."""

    spec: ShardSpec
    work: ShardWork
    rows: Mapping[ObjectId, StoredOperation]
    recorded: tuple[StoredStatement, ...]
    basis: ShardBasis
    tables: frozenset[str]
    rollout: RolloutSpec
    apply_id: int = 0
    keep_old_s: int = 0
    copies_left: Mapping[ObjectId, Handle] = field(default_factory=dict)
    plan_id: str = ""
    database: PlanetScaleDatabase | None = None
    programs: frozenset[ObjectId] = frozenset()

    @property
    def server(self) -> str:
        """What tells its server from others; one that is not known is taken for its own."""
        return self.basis.server or f"shard {self.work.shard}"

    @property
    def next_index(self) -> int:
        """Statements run in the order of the change set, so the done ones come first."""
        return sum(row.statements_done for row in self.rows.values())

    def engine_work(self, index: int) -> EngineWork:
        return EngineWork(
            statement=self.work.statements[index],
            lock_wait_s=self.rollout.lock_wait_s,
            run_limit_s=self.rollout.run_limit_s,
            replica_lag_max_s=self.rollout.replica_lag_max_s,
            threads_running_max=self.rollout.threads_running_max,
            is_on_purpose=self.rollout.cutover.is_on_purpose,
            keep_old_s=self.keep_old_s,
            apply_id=self.apply_id,
            shard=self.work.shard,
        )

    @property
    def in_doubt(self) -> StoredStatement | None:
        """The next statement, if it was intended before and nobody knows what came of it."""
        row = self._recorded_next
        return row if row is not None and row.state in IN_DOUBT else None

    def earlier_handle(self, index: int) -> Handle | None:
        """Of the last try at that statement, or of what an apply before this one has left of a copy
        of its table: what its engine made then is taken up, or cleared away."""
        statement = self.work.statements[index]
        if (row := self._recorded_at(index)) is not None:
            return row.handle
        handle = self.copies_left.get(statement.object_id)
        return handle if handle is not None and handle.engine is statement.engine else None

    def copies_not_taken_up(self) -> tuple[tuple[Handle, EngineWork], ...]:
        """What applies that have ended may have left beside a table of this one, and what no
        statement of this one takes up or clears away: a swap that came through after its apply had
        ended leaves nothing to copy."""
        of_object = {statement.object_id: i for i, statement in enumerate(self.work.statements)}
        to_do = self.work.statements[self.next_index :]
        copied = {(one.object_id, one.engine) for one in to_do}
        return tuple(
            (handle, self.engine_work(of_object[object_id]))
            for object_id, handle in self.copies_left.items()
            if object_id in of_object and (object_id, handle.engine) not in copied
        )

    @property
    def _recorded_next(self) -> StoredStatement | None:
        return self._recorded_at(self.next_index)

    def _recorded_at(self, index: int) -> StoredStatement | None:
        return next((row for row in self.recorded if row.index == index), None)

    def definition_of(self, object_id: ObjectId, fingerprint: str | None) -> str | None:
        """The text with that fingerprint, where the plan holds it: the one before the change."""
        touched = {before.object_id: before.definition for before in self.work.change_set.touched}
        start = states_along(self.work.change_set)[0]
        return touched.get(object_id) if start.get(object_id) == fingerprint else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardResult:
    """Where the shard's operations are now. `swapped`: what this run put in another's place, and
    for how long that was felt. `hold`: a guard let nothing start. `ends_run`: the
    ledger or the lock was lost, and no shard may go on."""

    shard: str
    rows: tuple[StoredOperation, ...]
    statements_run: int = 0
    swapped: Mapping[ObjectId, Swapped] = field(default_factory=dict)
    hold: Refusal | None = None
    ends_run: Problem | None = None


def pause(clock: Clock, stop: StopSignal, seconds: float) -> None:
    """Sleep, unless shards in flight must end: nobody who asked to stop waits for a pause."""
    pause_unless(clock, lambda: stop.brake is Brake.AFTER_STATEMENT, seconds)


def pause_unless(clock: Clock, is_ending: Callable[[], bool], seconds: float) -> None:
    """Sleep, or until that is so: what a stop finishes has its pauses as before."""
    until_s = clock.monotonic_s() + seconds
    while not is_ending():
        left_s = until_s - clock.monotonic_s()
        if left_s <= 0:
            return
        clock.sleep(min(ROLLOUT_POLL_S, left_s))


def retry_pause_s(attempt: int, jitter: float) -> float:
    """Doubling, with a random half, so that many shards do not knock at the same moment."""
    longest_s = min(RETRY_PAUSE_S_MAX, RETRY_PAUSE_S * 2.0 ** (attempt - 1))
    return longest_s * (0.5 + jitter / 2)
