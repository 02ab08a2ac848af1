"""The record of one shard's work while it goes on.

Rule: what is recorded together is durable together, and nothing is sent to a shard before the
intent to send it is. An outcome may travel with the next intent, because it can be observed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.drive.limits import PROGRESS_RECORDED_EVERY_S
from reconciler.drive.moved_rows import moved_row
from reconciler.errors import Problem, ReconcilerError
from reconciler.ledger.deploys import DeployIntended
from reconciler.ledger.model import (
    DeployEntry,
    Entry,
    EventEntry,
    Lease,
    OperationEntry,
    ProgressEntry,
    StatementEntry,
    StoredOperation,
    StoredStatement,
)
from reconciler.ledger.reasons import Completed, Failed, FoundRunning, Happened, Wait
from reconciler.ledger.states import SETTLED, OperationState, StatementState
from reconciler.ledger.swaps import Swapped
from reconciler.model.engine import Handle, Progress
from reconciler.model.object_id import ObjectId
from reconciler.plan.model import PlannedStatement
from reconciler.ports.clock import Clock
from reconciler.ports.ledger import Ledger
from reconciler.rollout.transitions import Move

_HALFWAY = frozenset(
    {
        OperationState.RUNNING,
        OperationState.WAITING_FOR_CUTOVER,
        OperationState.FAILED_RETRYABLE,
    }
)


class RecordLost(Exception):
    """The ledger did not take an entry: from here on nothing more may be sent."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class ShardRecorder:
    """Rows of one shard's operations as they were last written, and what is to be written next."""

    def __init__(
        self,
        ledger: Ledger,
        lease: Lease,
        clock: Clock,
        shard: str,
        rows: Mapping[ObjectId, StoredOperation],
        recorded: Iterable[StoredStatement] = (),
    ) -> None:
        """`recorded` are the shard's statements as earlier runs have left them."""
        self._ledger = ledger
        self._lease = lease
        self._clock = clock
        self._shard = shard
        self._unwritten: list[Entry] = []
        self._rows = dict(rows)
        self._intended: dict[int, StoredStatement] = {}
        self._recorded = {row.index: row for row in recorded}
        self._left: dict[int, tuple[str, ...]] = {}
        self._advanced_s = float("-inf")
        self.swapped: dict[ObjectId, Swapped] = {}

    @property
    def rows(self) -> tuple[StoredOperation, ...]:
        return tuple(self._rows.values())

    def state(self, object_id: ObjectId) -> OperationState:
        return self._rows[object_id].state

    def problem(self, object_id: ObjectId) -> Problem | None:
        return self._rows[object_id].problem

    def move(self, object_id: ObjectId, move: Move, problem: Problem | None = None) -> None:
        """Raises IllegalMove and changes nothing if the table of transitions has no such row."""
        self._put(moved_row(self._rows[object_id], move, self._clock.now_s(), problem))

    def complete(self, object_id: ObjectId) -> None:
        is_running = self.state(object_id) is OperationState.RUNNING
        self.move(object_id, Move.COMPLETE if is_running else Move.FIND_DONE)
        self.tell(Completed(), object_id)

    def lose(self, object_id: ObjectId, problem: Problem) -> None:
        """Nobody knows what came of what was sent, by this process or by an earlier one."""
        if self.state(object_id) in (OperationState.PENDING, OperationState.FAILED_RETRYABLE):
            self.move(object_id, Move.START)
        self.move(object_id, Move.LOSE, problem)

    def count_done(self, object_id: ObjectId, done: int) -> None:
        self._put(replace(self._rows[object_id], statements_done=done, waits_since_s=None))

    def explain(self, object_id: ObjectId, problem: Problem) -> None:
        """Say why an operation is where it is, without moving it."""
        self._put(replace(self._rows[object_id], problem=problem))

    def wait(self, object_id: ObjectId, waits_for: Wait | None) -> None:
        """Name what the operation waits for, None for nothing any more; durable at once, for those
        who watch. It has waited since it first began to wait in a row."""
        row = self._rows[object_id]
        since_s = None
        if waits_for is not None:
            since_s = row.waits_since_s if row.waits_since_s is not None else self._clock.now_s()
        self._put(replace(row, waits_for=waits_for, waits_since_s=since_s))
        self.write()

    def intend(
        self,
        index: int,
        statement: PlannedStatement,
        attempt: int,
        handle: Handle,
        size_bytes: int | None,
    ) -> StoredStatement:
        """Durable when this returns, with what finds it again: the statement may now be sent.
        `size_bytes` is how large its table is, where that says how long it takes."""
        if self.state(statement.object_id) is not OperationState.RUNNING:
            self.move(statement.object_id, Move.START)
        self._intended[index] = StoredStatement(
            shard=self._shard,
            index=index,
            object_id=statement.object_id,
            sql=statement.sql,
            state=StatementState.INTENDED,
            attempts=attempt,
            intended_s=self._clock.now_s(),
            handle=handle,
            progress=Progress(bytes_total=size_bytes),
        )
        self._unwritten.append(StatementEntry(row=self._intended[index]))
        self.write()
        return self._intended[index]

    def intend_deploy(self, entry: DeployEntry, told: DeployIntended) -> None:
        """Durable when this returns, with all that is to be known of the shard: PlanetScale may now
        be asked."""
        self._unwritten.append(entry)
        self.tell(told)
        self.write()

    def take_up(self, row: StoredStatement, progress: Progress) -> None:
        """A statement that another run intended goes on, and its operation runs."""
        moves = {OperationState.UNKNOWN: Move.FIND_RUNNING, OperationState.PENDING: Move.START}
        if move := moves.get(self.state(row.object_id)):
            self.move(row.object_id, move)
            self.tell(FoundRunning(), row.object_id)
        self._intended[row.index] = replace(
            row,
            state=StatementState.INTENDED,
            settled_s=None,
            problem=None,
            progress=_with_size(progress, row),
        )
        self._unwritten.append(StatementEntry(row=self._intended[row.index]))

    def advance(self, index: int, progress: Progress, *, at_once: bool = False) -> None:
        """Durable soon, for those who watch: not each step of a long way is a write."""
        row, now_s = self._intended[index], self._clock.monotonic_s()
        progress = _with_size(progress, row)
        is_due = at_once or now_s - self._advanced_s >= PROGRESS_RECORDED_EVERY_S
        if progress == row.progress or not is_due:
            return
        self._advanced_s = now_s
        self._intended[index] = replace(row, progress=progress)
        entry = ProgressEntry(shard=self._shard, index=index, progress=progress)
        self._unwritten.append(entry)
        self.write()

    def intended(self, index: int) -> StoredStatement | None:
        """What this process recorded last before it sent the statement."""
        return self._intended.get(index)

    def conclude(self, index: int, state: StatementState, problem: Problem | None = None) -> None:
        """What became of a statement that this process intended, or an earlier one whose statement
        it was to take up."""
        sent = self._intended.get(index) or self._recorded[index]
        row = replace(
            sent,
            state=state,
            settled_s=self._clock.now_s(),
            problem=problem,
            left=self._left_by(sent, state),
        )
        self._unwritten.append(StatementEntry(row=row))

    def conclude_found(self, row: StoredStatement, state: StatementState) -> None:
        """What a look at the shard says became of a statement that another run intended."""
        found = replace(
            row, state=state, settled_s=self._clock.now_s(), left=self._left_by(row, state)
        )
        self._unwritten.append(StatementEntry(row=found))

    def leave(self, index: int, names: tuple[str, ...]) -> None:
        """What a statement's engine made and that stays; recorded with its end."""
        self._left[index] = names

    def _left_by(self, row: StoredStatement, state: StatementState) -> tuple[str, ...]:
        """Where nobody looked what stays of a statement that has ended, all of it may (EN-30)."""
        if state not in (StatementState.APPLIED, StatementState.FAILED):
            return ()
        return self._left.pop(row.index, row.handle.helpers)

    def fail(self, object_id: ObjectId, problem: Problem) -> None:
        """The operation failed, and what the shard had left to do after it never starts."""
        self.move(object_id, Move.FAIL, problem)
        self.tell(Failed(problem.message), object_id)
        for row in self.rows:
            if row.state not in SETTLED:
                self.move(row.object_id, Move.CANCEL)

    def stop_halfway(self) -> None:
        """What has begun and is between two statements, or waits to be cut over, is stopped; it can
        be resumed."""
        for row in self.rows:
            if row.state in _HALFWAY:
                self.move(row.object_id, Move.STOP)

    def resume_stopped(self) -> None:
        for row in self.rows:
            if row.state is OperationState.STOPPED:
                self.move(row.object_id, Move.RESUME)

    def tell(self, what: Happened, object_id: ObjectId | None = None) -> None:
        """A line of history."""
        entry = EventEntry(
            at_s=self._clock.now_s(), what=what, shard=self._shard, object_id=object_id
        )
        self._unwritten.append(entry)

    def tell_swapped(self, what: Swapped, object_id: ObjectId) -> None:
        """The same of a swap, which the end of the run tells again."""
        self.tell(what, object_id)
        self.swapped[object_id] = what

    def write(self) -> None:
        """Raises RecordLost; then nothing that was unwritten is in the ledger."""
        if not self._unwritten:
            return
        entries, self._unwritten = self._unwritten, []
        try:
            self._ledger.record(self._lease, entries)
        except ReconcilerError as error:
            raise RecordLost(error.problems[0]) from error

    def _put(self, row: StoredOperation) -> None:
        """Several moves of one operation between two writes are one entry."""
        for place, entry in enumerate(self._unwritten):
            if isinstance(entry, OperationEntry) and entry.row.object_id == row.object_id:
                merged = replace(row, version=entry.row.version)
                self._unwritten[place] = OperationEntry(row=merged)
                self._rows[row.object_id] = row
                return
        self._unwritten.append(OperationEntry(row=row))
        self._rows[row.object_id] = replace(row, version=row.version + 1)


def _with_size(progress: Progress, row: StoredStatement) -> Progress:
    """How large the table was when the statement was sent is kept, where its engine counts no
    bytes."""
    if progress.bytes_total is not None:
        return progress
    return replace(progress, bytes_total=row.progress.bytes_total)
