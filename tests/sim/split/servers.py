"""The ports of a split over databases in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from reconciler.drive.split.planned import planned_digest
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.ports.split_servers import (
    Ack,
    Busy,
    Definition,
    Fence,
    Ground,
    OutOfTurn,
    OwnersSeen,
    QueueSeen,
    SourceFacts,
    SplitSource,
    SplitWork,
    TableSeen,
    TableToMove,
)
from reconciler.reshard.helper_tables import FenceState, GuardState
from reconciler.reshard.rows import Chunk, Digest, Dirty, Key, MovedColumn, MovedTable, Row
from tests.sim.split.database import SLOT, Database, SimTable, Values

COLUMNS = ("id", "customer", "slot", "note")
NO_GROUND = Ground(problems=(), settings=(), rows_bytes=0)


def key_of(number: int) -> Key:
    return (str(number).encode(),)


def number_of(key: Key) -> int:
    return int(key[0])


def shape_of(work: SplitWork, name: str) -> MovedTable:
    wanted = next(table for table in work.tables if table.name == name)
    return MovedTable(
        number=wanted.number,
        name=name,
        columns=tuple(
            MovedColumn(name=column, data_type="varchar", column_type="varchar(20)")
            for column in COLUMNS
        ),
        key=("id",),
        shard_by=wanted.shard_by,
    )


def planned_definitions(source: Database, tables: tuple[TableToMove, ...]) -> dict[str, str]:
    """As the plan has them, which was made when the source was so."""
    work = SplitWork(job=0, identity="", tables=tables)
    found = cast(SplitSource, SimSource(source, work, lambda: ""))
    return {table.name: planned_digest(found, found.definition(table.name)) for table in tables}


def refused(code: str) -> Refused:
    return Refused(Problem(code=code, message=code, recovery="look"))


def unavailable(what: str) -> Unavailable:
    return Unavailable(Problem(code="sim", message=what, recovery="look"))


def digest_rows(rows: Mapping[int, Values], keys: Collection[int]) -> Digest:
    bits = 0
    for key in keys:
        text = repr(rows[key]).encode()
        bits ^= int.from_bytes(hashlib.sha256(text).digest()[:16])
    return Digest(len(keys), bits)


def digests_by_key(
    rows: Mapping[int, Values], after: Key | None, end: Key | None
) -> dict[Key, Digest]:
    return digests_of_keys(rows, map(key_of, within(rows, after, end)))


def digests_of_keys(rows: Mapping[int, Values], keys: Iterable[Key]) -> dict[Key, Digest]:
    return {key: digest_rows(rows, [number_of(key)]) for key in keys if number_of(key) in rows}


def end_of_range(rows: Mapping[int, Values], after: Key | None, size: int) -> Key | None:
    keys = within(rows, after, None)
    return key_of(keys[size - 1]) if len(keys) >= size else None


def within(rows: Mapping[int, Values], after: Key | None, end: Key | None) -> list[int]:
    low = None if after is None else number_of(after)
    high = None if end is None else number_of(end)
    return sorted(
        key for key in rows if (low is None or key > low) and (high is None or key <= high)
    )


@dataclass
class SimSource:
    database: Database
    work: SplitWork
    triggers_made: Callable[[], str] = field(default=lambda: "t")

    def take_over(self) -> None:
        """What a session does, whatever is asked over it."""

    def ground(self) -> Ground:
        return NO_GROUND

    def shape(self, table: str) -> MovedTable:
        found = self.database.tables.get(table)
        if found is None or not found.has_key:
            raise refused("split-table-unfit")
        return shape_of(self.work, table)

    def definition(self, table: str) -> Definition:
        if table not in self.database.tables:
            raise refused("split-table-unfit")
        found = self.database.tables[table]
        return Definition(
            table=table,
            bare=found.definition,
            afterwards=(),
            foreign_keys=found.foreign_keys,
            triggers=(),
        )

    def facts(self) -> SourceFacts:
        return SourceFacts(
            identity=self.database.identity,
            fence=self.fence(),
            tables=tuple(
                TableSeen(
                    name=name,
                    table_id=table.table_id,
                    definition=f"{table.definition} {[key.sql for key in table.foreign_keys]}",
                    tracker=table.tracker if table.has_key else None,
                    fence=table.fence if table.has_key else None,
                )
                for name, table in sorted(self.database.tables.items())
                if name in self._names()
            ),
            others=tuple(sorted({*self.database.tables} - self._names())),
            retired=tuple(sorted(self.database.retired)),
            queues=tuple(sorted(self.database.queues)),
            prepared=self.database.prepared,
        )

    def _names(self) -> set[str]:
        return {table.name for table in self.work.tables}

    def fence(self) -> Fence | None:
        found = self.database
        if found.fence is None:
            return None
        left_s = None if found.expires_s is None else found.expires_s - found.now_s()
        return Fence(state=found.fence, epoch=found.epoch, left_s=left_s)

    def queue(self, table: str) -> QueueSeen:
        queue = self.database.queues[table]
        oldest_s = 0.0 if queue else None
        return QueueSeen(depth=len(queue), oldest_s=oldest_s, last=max(queue, default=None))

    def prepared(self) -> int:
        return self.database.prepared

    def make_helpers(self) -> Busy | None:
        if self.database.identity not in (None, self.work.identity):
            raise refused("split-wrong-shard")
        for table in self.work.tables:
            self.database.queues.setdefault(table.name, {})
        if self.database.identity is None:
            self.database.identity = self.work.identity
            self.database.fence, self.database.epoch = FenceState.OPEN, 0
        return None

    def _table(self, name: str) -> SimTable:
        if self.database.identity != self.work.identity:
            raise refused("split-wrong-shard")
        if name not in self.database.tables:
            raise refused("split-table-unfit")
        return self.database.tables[name]

    def arm_tracker(self, table: str) -> Busy | None:
        found = self._table(table)
        if found.tracker is None:
            if self.database.holders(table):
                return Busy(f"table {table}")
            found.tracker = self.triggers_made()
        return None

    def arm_fence(self, table: str) -> Busy | None:
        found = self._table(table)
        if found.fence is None:
            if self.database.holders(table):
                return Busy(f"table {table}")
            found.fence = "fence"
        return None

    def drop_fence(self, table: str) -> Busy | None:
        if self.database.identity is None or table not in self.database.tables:
            return None
        if self.database.holders(table):
            return Busy(f"table {table}")
        self.database.tables[table].fence = None
        return None

    def drop_tracker(self, table: str) -> Busy | None:
        if self.database.identity is None or table not in self.database.tables:
            return None
        if self.database.holders(table):
            return Busy(f"table {table}")
        self.database.tables[table].tracker = None
        return None

    def drop_helpers(self) -> Busy | None:
        self.database.queues.clear()
        self.database.fence = self.database.identity = self.database.expires_s = None
        return None

    def read_chunk(self, table: str, after: Key | None, *, rows: int) -> Chunk:
        found = self.database.tables[table].rows
        keys = within(found, after, None)[:rows]
        return Chunk(
            rows=tuple(self._row(table, found[key], key) for key in keys),
            end=key_of(keys[-1]) if keys else None,
        )

    def _row(self, table: str, values: Values, key: int) -> Row:
        shard_by = shape_of(self.work, table).shard_by
        owner = values[COLUMNS.index(shard_by)] if shard_by else None
        return Row(key=key_of(key), owner=owner, values=values)

    def read_queue(self, table: str, *, keys: int) -> tuple[Dirty, ...]:
        queue = self.database.queues[table]
        return tuple(Dirty(seq, key_of(queue[seq])) for seq in sorted(queue)[:keys])

    def read_rows(self, table: str, keys: Sequence[Key]) -> tuple[Row, ...]:
        found = self.database.tables[table].rows
        numbers = (number_of(key) for key in keys)
        return tuple(self._row(table, found[key], key) for key in numbers if key in found)

    def forget(self, table: str, seqs: Sequence[int]) -> None:
        for seq in seqs:
            self.database.queues[table].pop(seq, None)

    def flip(self, epoch: int, *, budget_s: float) -> bool | Busy:
        if self.database.behind_fence():
            return Busy("the fence")
        found = self.database
        if found.epoch < epoch and found.is_fence_open:
            found.fence, found.epoch = FenceState.FENCED, epoch
            found.expires_s = found.now_s() + budget_s
            return True
        return found.epoch == epoch and found.fence is FenceState.FENCED and not found.is_fence_open

    def seal(self, epoch: int) -> bool | Busy:
        """Of a server that reads its clock before it has the lock, and then waits for it."""
        if self.database.behind_fence():
            return Busy("the fence")
        found = self.database
        was_closed = not found.is_fence_open
        found.while_sealing()
        if (found.fence, found.epoch) == (FenceState.FENCED, epoch) and was_closed:
            found.fence, found.expires_s = FenceState.SEALED, None
        return (found.fence, found.epoch) == (FenceState.SEALED, epoch)

    def reopen(self, epoch: int) -> bool | Busy:
        found = self.database
        if found.epoch == epoch and found.fence in (FenceState.FENCED, FenceState.SEALED):
            found.fence, found.expires_s = FenceState.OPEN, None
        return (found.fence, found.epoch) == (FenceState.OPEN, epoch)

    def digest(self, table: str, after: Key | None, end: Key | None) -> Digest:
        found = self.database.tables[table].rows
        return digest_rows(found, within(found, after, end))

    def digests(self, table: str, after: Key | None, end: Key | None) -> dict[Key, Digest]:
        return digests_by_key(self.database.tables[table].rows, after, end)

    def digests_of(self, table: str, keys: Sequence[Key]) -> dict[Key, Digest]:
        return digests_of_keys(self.database.tables[table].rows, keys)

    def end_of_range(self, table: str, after: Key | None, *, rows: int) -> Key | None:
        return end_of_range(self.database.tables[table].rows, after, rows)

    def counter(self, table: str) -> int | None:
        return self.database.counter

    def may_retire(self) -> Busy | None:
        return None

    def retire(self, epoch: int) -> bool | Busy:
        found = self.database
        if found.epoch != epoch or found.fence not in (FenceState.SEALED, FenceState.MOVED):
            return False
        found.fence = FenceState.MOVED
        for name in self._names() & {*found.tables}:
            found.retired[name] = found.tables.pop(name)
        return True

    def drop_retired(self) -> Busy | None:
        if self.database.identity != self.work.identity:
            raise refused("split-wrong-shard")
        self.database.retired.clear()
        return None


@dataclass
class SimTarget:
    database: Database
    work: SplitWork

    def take_over(self) -> None:
        """As the source's."""

    def ground(self) -> Ground:
        return NO_GROUND

    def claim(self) -> Busy | None:
        if self.database.identity not in (None, self.work.identity):
            raise refused("split-wrong-shard")
        if self.database.identity is None:
            self.database.identity = self.work.identity
            self.database.guard = GuardState.CLOSED
        return None

    def identity(self) -> str | None:
        return self.database.identity

    def _check(self) -> None:
        if self.database.identity is None:
            self._refuse_unmarked()
        if self.database.identity != self.work.identity:
            raise refused("split-wrong-shard")

    def make_table(self, table: MovedTable, definition: Definition) -> Busy | None:
        self._check()
        if table.name not in self.database.tables:
            self.database.add_table(table.name, definition.bare)
        self.database.made.add(table.name)
        return None

    def _check_closed(self) -> None:
        self._check()
        if self.database.guard is not GuardState.CLOSED:
            raise refused("split-target-serves")

    def missing(self) -> tuple[str, ...]:
        helpers = () if self.database.identity else ("acks",)
        wanted = (*(table.name for table in self.work.tables), *helpers)
        return tuple(name for name in wanted if name not in self.database.tables)

    def running_events(self) -> tuple[str, ...]:
        return tuple(sorted(self.database.events))

    def acks(self) -> Mapping[int, Ack]:
        return {
            bracket: Ack(batch=batch, cursor=cursor, rows=rows)
            for bracket, (batch, cursor, rows) in self.database.acks.items()
        }

    def take(
        self,
        bracket: int,
        batch: int,
        cursor: Key | None,
        table: MovedTable,
        *,
        replaced: Sequence[Row],
        deleted: Sequence[Key],
    ) -> OutOfTurn | None:
        if self.database.identity is None:
            raise unavailable("no acknowledgements")
        stored, _, rows = self.database.acks.get(bracket, (0, None, 0))
        if batch != stored + 1:
            return OutOfTurn(stored)
        if replaced or deleted:
            if table.name not in self.database.tables:
                raise unavailable("no such table")
            found = self.database.tables[table.name].rows
            for key in deleted:
                found.pop(number_of(key), None)
            for row in replaced:
                self._replace(found, number_of(row.key), row.values)
        self.database.acks[bracket] = (batch, cursor, rows + len(replaced))
        return None

    @staticmethod
    def _replace(rows: dict[int, Values], key: int, values: Values) -> None:
        slot = values[SLOT]
        for other in [one for one, row in rows.items() if slot is not None and row[SLOT] == slot]:
            del rows[other]
        rows[key] = values

    def digest(self, table: MovedTable, after: Key | None, end: Key | None) -> Digest:
        found = self.database.tables[table.name].rows
        return digest_rows(found, within(found, after, end))

    def digests(self, table: MovedTable, after: Key | None, end: Key | None) -> dict[Key, Digest]:
        return digests_by_key(self.database.tables[table.name].rows, after, end)

    def digests_of(self, table: MovedTable, keys: Sequence[Key]) -> dict[Key, Digest]:
        return digests_of_keys(self.database.tables[table.name].rows, keys)

    def end_of_range(self, table: MovedTable, after: Key | None, *, rows: int) -> Key | None:
        return end_of_range(self.database.tables[table.name].rows, after, rows)

    def misplaced(
        self, table: MovedTable, is_owned: Callable[[bytes], bool], after: Key | None, *, rows: int
    ) -> OwnersSeen:
        found = self.database.tables[table.name].rows
        keys = within(found, after, None)[:rows]
        column = COLUMNS.index(table.shard_by or "")
        wrong = sum(not is_owned(found[key][column] or b"") for key in keys)
        return OwnersSeen(
            misplaced=wrong, scanned=len(keys), end=key_of(keys[-1]) if keys else None
        )

    def raise_counter(self, table: str, *, at_least: int) -> Busy | None:
        if self.database.is_read_by_others:
            return Busy(f"table {table}")
        self.database.counter = max(self.database.counter, at_least)
        return None

    def arm_guard(self, table: MovedTable) -> Busy | None:
        self._check()
        self.database.tables[table.name].guard = True
        return None

    def guard(self) -> GuardState | None:
        if self.database.guard is None:
            self._refuse_unmarked()
        return self.database.guard

    def _refuse_unmarked(self) -> None:
        if any(table.guard for table in self.database.tables.values()):
            raise refused("split-mark-gone")

    def open_guard(self) -> None:
        self._check()
        self.database.guard = GuardState.OPEN

    def add_foreign_keys(self, definition: Definition) -> Busy | None:
        self._check()
        self.database.tables[definition.table].foreign_keys = definition.foreign_keys
        return None

    def add_triggers(self, definition: Definition) -> Busy | None:
        self._check()
        return None

    def is_as(self, definition: Definition) -> bool:
        return self.database.tables[definition.table].definition == definition.bare

    def orphans(self, definition: Definition) -> tuple[Problem, ...]:
        return ()

    def trigger_problems(self, definition: Definition) -> tuple[Problem, ...]:
        return self.database.of_triggers

    def drop_guard(self, table: str) -> Busy | None:
        if self.database.is_read_by_others:
            return Busy(f"table {table}")
        if self.database.identity is None:
            self._refuse_unmarked()
        elif table in self.database.tables:
            self.database.tables[table].guard = False
        return None

    def drop_helpers(self) -> Busy | None:
        self.database.acks.clear()
        self.database.made.clear()
        self.database.identity = self.database.guard = None
        return None

    def drop_made(self) -> Busy | None:
        if self.database.identity is None:
            self._refuse_unmarked()
            return None
        self._check_closed()
        for name in self.database.made:
            self.database.tables.pop(name, None)
        return None
