"""`SplitSource` on a real server."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import as_unavailable
from reconciler.edges.mysql.reading import number
from reconciler.edges.mysql.split.fence import MysqlFence
from reconciler.edges.mysql.split.ground import source_ground
from reconciler.edges.mysql.split.limits import (
    QUEUE_COUNTED_MAX,
    SEQS_PER_STATEMENT,
)
from reconciler.edges.mysql.split.objects import (
    drop_tables,
    drop_triggers,
    drop_unmarked,
    make_table,
    make_triggers,
    stand_since,
    standing,
    tables_seen,
)
from reconciler.edges.mysql.split.problems import mark_gone, unwatched, wrong_shard
from reconciler.edges.mysql.split.row_reading import (
    pieces,
    read_chunk,
    read_digest,
    read_digests,
    read_digests_of,
    read_end_of_range,
    read_rows,
)
from reconciler.edges.mysql.split.session import SplitSession
from reconciler.edges.mysql.split.shapes import (
    definition_digest,
    read_definition_to_make,
    read_shape,
)
from reconciler.edges.mysql.split.table_ids import read_table_ids
from reconciler.errors import Refused, Unavailable
from reconciler.ports.split_servers import (
    Busy,
    Definition,
    Fence,
    Ground,
    QueueSeen,
    SourceFacts,
    SplitWork,
    TableSeen,
    TableToMove,
)
from reconciler.reshard.helper_tables import HelperNames, queue_table
from reconciler.reshard.row_sql import dirty_from, queue_sql
from reconciler.reshard.rows import Chunk, Digest, Dirty, Key, MovedTable, Row
from reconciler.reshard.triggers import (
    Purpose,
    SplitTrigger,
    fence_triggers,
    tracker_triggers,
    trigger_names,
)

_COUNTER = (
    "SELECT AUTO_INCREMENT FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s"
)


class MysqlSplitSource:
    """Not for two threads at once. A table's shape is read once: what changes it changes its
    digest, and stops the split."""

    def __init__(self, session: SplitSession, work: SplitWork) -> None:
        self._session = session
        self._work = work
        self._label = session.label
        self._names = HelperNames(work.job)
        self._fence = MysqlFence(session, self._names, work.identity)
        self._shapes: dict[str, MovedTable] = {}

    def take_over(self) -> None:
        self._session.take_over(self._work.identity)

    # Looking

    def ground(self) -> Ground:
        return source_ground(self._session, self._work)

    def shape(self, table: str) -> MovedTable:
        if table not in self._shapes:
            wanted = self._wanted(table)
            self._shapes[table] = self._session.looked(
                lambda link: read_shape(link, self._label, wanted)
            )
        return self._shapes[table]

    def definition(self, table: str) -> Definition:
        version = self._session.version
        return self._session.looked(
            lambda link: read_definition_to_make(link, self._label, table, version)
        )

    def facts(self) -> SourceFacts:
        there = self._tables()
        return SourceFacts(
            identity=self._fence.identity(),
            fence=self._fence.read(),
            tables=self._session.looked(lambda link: self._seen(link, there)),
            others=tuple(sorted(filter(self._is_others, there))),
            retired=tuple(
                table.name for table in self._work.tables if self._names.retired(table) in there
            ),
            queues=tuple(
                table.name for table in self._work.tables if self._names.queue(table) in there
            ),
            prepared=self.prepared(),
        )

    def fence(self) -> Fence | None:
        return self._fence.read()

    def queue(self, table: str) -> QueueSeen:
        name = quote_identifier(self._names.queue(self._wanted(table)))
        depth_sql = f"SELECT COUNT(*) FROM (SELECT 1 FROM {name} LIMIT {QUEUE_COUNTED_MAX}) some"
        ends_sql = (
            "SELECT TIMESTAMPDIFF(MICROSECOND, changed_at, UTC_TIMESTAMP(6)),"
            f" (SELECT MAX(seq) FROM {name}) FROM {name} ORDER BY seq LIMIT 1"
        )

        def look(link: Link) -> QueueSeen:
            depth = number(link.row(depth_sql, width=1)[0]) or 0
            ends = link.query(ends_sql, width=2)
            age_us, last = (number(ends[0][0]), number(ends[0][1])) if ends else (None, None)
            oldest_s = None if age_us is None else age_us / 1e6
            return QueueSeen(depth=depth, oldest_s=oldest_s, last=last)

        return self._session.looked(look)

    def prepared(self) -> int:
        return self._session.looked(lambda link: len(link.query("XA RECOVER")))

    def counter(self, table: str) -> int | None:
        found = self._session.looked(lambda link: link.query(_COUNTER, [table], width=1))
        return number(found[0][0]) if found else None

    # What is made, and what goes again

    def make_helpers(self) -> Busy | None:
        shapes = [self.shape(table.name) for table in self._work.tables]

        def make() -> None:
            for shape in shapes:
                make_table(self._session.looks, self._label, queue_table(self._names, shape))

        # The fence first: it says whose the queues are, to whoever drops them after a crash.
        return self._fence.make() or self._session.tried("a queue", make)

    def arm_tracker(self, table: str) -> Busy | None:
        return self._made(table, tracker_triggers(self._names, self.shape(table)))

    def arm_fence(self, table: str) -> Busy | None:
        return self._made(table, fence_triggers(self._names, self.shape(table)))

    def drop_fence(self, table: str) -> Busy | None:
        return self._dropped(table, Purpose.FENCE)

    def drop_tracker(self, table: str) -> Busy | None:
        return self._dropped(table, Purpose.TRACK)

    def drop_helpers(self) -> Busy | None:
        if self._fence.identity() is None:
            return self._session.tried(
                "the fence", lambda: drop_unmarked(self._session.looks, self._names.fence)
            )
        self._check_identity()
        queues = [self._names.queue(table) for table in self._work.tables]
        # The fence last: it says whose the queues are.
        return self._session.tried(
            "a queue", lambda: drop_tables(self._session.looks, queues)
        ) or self._session.tried(
            "the fence", lambda: drop_tables(self._session.looks, [self._names.fence])
        )

    # Rows

    def read_chunk(self, table: str, after: Key | None, *, rows: int) -> Chunk:
        return read_chunk(self._session, self.shape(table), after, rows=rows)

    def read_queue(self, table: str, *, keys: int) -> tuple[Dirty, ...]:
        shape = self.shape(table)
        found = self._session.read(queue_sql(self._names.queue(shape), shape, keys))
        return tuple(map(dirty_from, found))

    def read_rows(self, table: str, keys: Sequence[Key]) -> tuple[Row, ...]:
        return read_rows(self._session, self.shape(table), keys)

    def forget(self, table: str, seqs: Sequence[int]) -> None:
        queue = quote_identifier(self._names.queue(self.shape(table)))
        for some in pieces(seqs, SEQS_PER_STATEMENT):
            listed = ",".join(map(str, some))
            with as_unavailable(self._label):
                self._session.looks.execute(f"DELETE FROM {queue} WHERE `seq` IN ({listed})")

    def digest(self, table: str, after: Key | None, end: Key | None) -> Digest:
        return read_digest(self._session, self.shape(table), after, end)

    def digests(self, table: str, after: Key | None, end: Key | None) -> dict[Key, Digest]:
        return read_digests(self._session, self.shape(table), after, end)

    def digests_of(self, table: str, keys: Sequence[Key]) -> dict[Key, Digest]:
        return read_digests_of(self._session, self.shape(table), keys)

    def end_of_range(self, table: str, after: Key | None, *, rows: int) -> Key | None:
        return read_end_of_range(self._session, self.shape(table), after, rows=rows)

    # The fence, and the end

    def flip(self, epoch: int, *, budget_s: float) -> bool | Busy:
        return self._fence.flip(epoch, budget_s=budget_s)

    def seal(self, epoch: int) -> bool | Busy:
        return self._fence.seal(epoch)

    def reopen(self, epoch: int) -> bool | Busy:
        return self._fence.reopen(epoch)

    def may_retire(self) -> Busy | None:
        tables = ", ".join(f"{quote_identifier(table.name)} WRITE" for table in self._work.tables)

        def lock() -> None:
            try:
                self._session.looks.execute(f"LOCK TABLES {tables}")
            finally:
                self._session.looks.execute("UNLOCK TABLES")

        return self._session.tried("the tables", lock)

    def retire(self, epoch: int) -> bool | Busy:
        left = self._fence.leave(epoch)
        if left is not True:
            return left
        there = self._tables()
        renamed = [
            (table.name, self._names.retired(table))
            for table in self._work.tables
            if table.name in there and self._names.retired(table) not in there
        ]
        return self._rename(renamed) or True

    def drop_retired(self) -> Busy | None:
        self._check_identity()
        retired = [self._names.retired(table) for table in self._work.tables]

        def drop() -> None:
            link = self._session.looks
            link.execute("SET SESSION foreign_key_checks = 0")  # they refer to each other
            try:
                drop_tables(link, retired)
            finally:
                link.execute("SET SESSION foreign_key_checks = 1")

        return self._session.tried("a retired table", drop)

    # Parts

    def _seen(self, link: Link, there: Set[str]) -> tuple[TableSeen, ...]:
        names = [table.name for table in self._work.tables if table.name in there]
        flavor, database = self._session.version.flavor, self._session.database
        ids = read_table_ids(link, flavor, database, names)
        if missing := [name for name in names if name not in ids]:
            raise Unavailable(unwatched(self._label, missing[0]))
        return tuple(
            TableSeen(
                name=name,
                table_id=ids[name],
                definition=definition_digest(link, name) or "",
                tracker=self._stand(link, name, tracker_triggers),
                fence=self._stand(link, name, fence_triggers),
            )
            for name in names
        )

    def _stand(
        self,
        link: Link,
        table: str,
        wanted: Callable[[HelperNames, MovedTable], Sequence[SplitTrigger]],
    ) -> str | None:
        """A table that can be moved no more has none: whoever looks must hear of it, and give up
        the split."""
        try:
            shape = self.shape(table)
        except Refused:
            return None
        return stand_since(link, wanted(self._names, shape))

    def _tables(self) -> Set[str]:
        return self._session.looked(tables_seen)

    def _is_others(self, table: str) -> bool:
        is_moved = any(one.name == table for one in self._work.tables)
        return not is_moved and not table.startswith(self._names.prefix)

    def _wanted(self, table: str) -> TableToMove:
        return next(one for one in self._work.tables if one.name == table)

    def _check_identity(self) -> None:
        if self._fence.identity() != self._work.identity:
            raise Refused(wrong_shard(self._label))

    def _made(self, table: str, triggers: Sequence[SplitTrigger]) -> Busy | None:
        self._check_identity()
        return self._session.tried(
            f"table {table}", lambda: make_triggers(self._session.looks, self._label, triggers)
        )

    def _dropped(self, table: str, purpose: Purpose) -> Busy | None:
        names = trigger_names(self._names, self._wanted(table), purpose)
        if self._fence.identity() is None:
            # Nothing was made before it, and all else goes first, unless somebody took it away.
            left = self._session.looked(lambda link: standing(link, names))
            if left:
                raise Refused(*(mark_gone(self._label, name) for name in left))
            return None
        self._check_identity()
        return self._session.tried(
            f"table {table}", lambda: drop_triggers(self._session.looks, names)
        )

    def _rename(self, names: Sequence[tuple[str, str]]) -> Busy | None:
        if not names:
            return None
        renames = ", ".join(
            f"{quote_identifier(old)} TO {quote_identifier(new)}" for old, new in names
        )
        return self._session.tried(
            "the tables", lambda: self._session.looks.execute(f"RENAME TABLE {renames}")
        )
