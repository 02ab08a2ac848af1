"""A shard's database in memory, with transactions: what a split's servers do, no more.

A statement asks the triggers when it runs; rows and marks appear when its transaction commits, with
the places in the queue that they were given before. A prepared XA transaction that lost its client
holds no lock that anybody waits for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from reconciler.errors import Problem, Unavailable
from reconciler.ports.split_servers import AddedKey
from reconciler.reshard.helper_tables import FenceState, GuardState
from reconciler.reshard.rows import Chunk, Key

Values = tuple[bytes | None, ...]  # id, customer, slot, note
ORDERS, COUNTRIES = "orders", "countries"
SLOT = 2


class Named(dict[str, Any]):
    """What a server answers of a name that it does not know."""

    def __missing__(self, name: str) -> NoReturn:
        raise Unavailable(Problem(code="sim", message=f"no table {name}", recovery="look"))


class WriteRefused(Exception):
    """By a trigger, a missing table, or a row that somebody else has locked."""


@dataclass
class SimTable:
    table_id: int
    definition: str = "d1"
    foreign_keys: tuple[AddedKey, ...] = ()
    rows: dict[int, Values] = field(default_factory=dict)
    tracker: str | None = None
    fence: str | None = None
    guard: bool = False
    has_key: bool = True


@dataclass
class Transaction:
    """`saw_fence` is what a plain read of an old snapshot would find."""

    database: Database
    changes: dict[tuple[str, int], Values | None] = field(default_factory=dict)
    marks: list[tuple[str, int, int]] = field(default_factory=list)
    passed_fence: bool = False
    is_prepared: bool = False
    saw_fence: FenceState | None = None

    def write(self, table: str, key: int, row: Values | None) -> None:
        """Raises WriteRefused; then nothing of the statement has happened."""
        self.database.check_write(self, table, key)
        self.changes[table, key] = row
        self.database.mark(self, table, key)

    def commit(self) -> None:
        self.database.commit(self)

    def rollback(self) -> None:
        self.database.open.remove(self)


@dataclass
class Database:
    now_s: Callable[[], float]
    tables: dict[str, SimTable] = field(default_factory=Named)
    retired: dict[str, SimTable] = field(default_factory=dict)
    queues: dict[str, dict[int, int]] = field(default_factory=Named)
    next_seq: int = 1
    next_table_id: int = 1
    open: list[Transaction] = field(default_factory=list)
    identity: str | None = None
    fence: FenceState | None = None
    epoch: int = 0
    expires_s: float | None = None
    guard: GuardState | None = None
    events: set[str] = field(default_factory=set)
    acks: dict[int, tuple[int, tuple[bytes, ...] | None, int]] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    counter: int = 1000
    reads_fence_with_lock: bool = True
    tracks: bool = True
    committed: Callable[[Transaction], None] = lambda transaction: None
    read_ahead: dict[tuple[str, Key | None], Chunk] = field(default_factory=dict)
    late: Transaction | None = None
    is_read_by_others: bool = False
    while_sealing: Callable[[], None] = lambda: None
    of_triggers: tuple[Problem, ...] = ()
    turn: object = None
    end_turn: Callable[[], None] = lambda: None

    # Writers

    def begin(self) -> Transaction:
        transaction = Transaction(self, saw_fence=self.fence)
        self.open.append(transaction)
        return transaction

    def check_write(self, transaction: Transaction, table: str, key: int) -> None:
        if table not in self.tables:
            raise WriteRefused("no such table")
        found = self.tables[table]
        if any((table, key) in other.changes for other in self.open if other is not transaction):
            raise WriteRefused("locked")
        if found.guard and self.guard is not GuardState.OPEN:
            raise WriteRefused("guard")
        if found.fence is not None:
            if not self._fence_admits(transaction):
                raise WriteRefused("fence")
            transaction.passed_fence = self.reads_fence_with_lock

    def _fence_admits(self, transaction: Transaction) -> bool:
        if not self.reads_fence_with_lock:
            return transaction.saw_fence is FenceState.OPEN or self.is_fence_open
        return self.is_fence_open

    @property
    def is_fence_open(self) -> bool:
        if self.fence is FenceState.FENCED:
            return self.expires_s is not None and self.expires_s <= self.now_s()
        return self.fence is FenceState.OPEN

    def mark(self, transaction: Transaction, table: str, key: int) -> None:
        if self.tables[table].tracker is not None and self.tracks:
            transaction.marks.append((table, self.next_seq, key))
            self.next_seq += 1

    def commit(self, transaction: Transaction) -> None:
        self.open.remove(transaction)
        for (table, key), row in transaction.changes.items():
            rows = (self.tables.get(table) or self.retired[table]).rows
            if row is None:
                rows.pop(key, None)
            else:
                rows[key] = row
        for table, seq, key in transaction.marks:
            if table in self.queues:
                self.queues[table][seq] = key
        self.committed(transaction)

    # What a split asks

    def holders(self, table: str) -> list[Transaction]:
        """Who keeps an ALTER or a trigger of the table waiting."""
        return [
            transaction
            for transaction in self.open
            if not transaction.is_prepared and any(name == table for name, _ in transaction.changes)
        ]

    def behind_fence(self) -> list[Transaction]:
        return [one for one in self.open if one.passed_fence and not one.is_prepared]

    @property
    def prepared(self) -> int:
        return sum(one.is_prepared for one in self.open)

    def add_table(self, name: str, definition: str = "d1") -> SimTable:
        self.tables[name] = SimTable(self.next_table_id, definition)
        self.next_table_id += 1
        return self.tables[name]

    def takes_writes(self) -> bool:
        """Whether somebody who came here now could write an order."""
        table = self.tables.get(ORDERS)
        if table is None or (table.guard and self.guard is not GuardState.OPEN):
            return False
        return table.fence is None or self.is_fence_open
