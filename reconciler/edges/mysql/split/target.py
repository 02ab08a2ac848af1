"""`SplitTarget` on a real server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from reconciler.ddl.counter import without_counter
from reconciler.ddl.quote import quote_identifier, quote_string
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import as_unavailable
from reconciler.edges.mysql.reading import column, number, text
from reconciler.edges.mysql.split.definers import trigger_problems
from reconciler.edges.mysql.split.final_objects import add_foreign_keys, add_triggers, orphans_of
from reconciler.edges.mysql.split.ground import stranger_in, target_ground
from reconciler.edges.mysql.split.importing import take
from reconciler.edges.mysql.split.objects import (
    drop_tables,
    drop_triggers,
    drop_unmarked,
    make_table,
    make_triggers,
    standing,
    tables_seen,
)
from reconciler.edges.mysql.split.problems import (
    made_otherwise,
    target_mark_gone,
    target_not_empty,
    target_serves,
    wrong_shard,
)
from reconciler.edges.mysql.split.row_reading import (
    read_digest,
    read_digests,
    read_digests_of,
    read_end_of_range,
)
from reconciler.edges.mysql.split.session import SplitSession, none_without_table
from reconciler.edges.mysql.split.shapes import definition_digest, read_bare
from reconciler.errors import Problem, Refused
from reconciler.ports.split_servers import (
    Ack,
    Busy,
    Definition,
    Ground,
    OutOfTurn,
    OwnersSeen,
    SplitWork,
)
from reconciler.reshard.helper_tables import (
    GuardState,
    HelperNames,
    acks_table,
    guard_table,
    made_table,
)
from reconciler.reshard.row_sql import owners_sql
from reconciler.reshard.rows import Digest, Key, MovedTable, Row, parse_cursor
from reconciler.reshard.triggers import (
    IMPORTING_VARIABLE,
    Purpose,
    guard_triggers,
    trigger_names,
)

# Of an event that is off as on a replica, and of all where the scheduler is off, nothing runs.
_RUNNING_EVENTS = (
    "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()"
    " AND STATUS = 'ENABLED' AND @@global.event_scheduler = 'ON' ORDER BY EVENT_NAME"
)
_COUNTER = (
    "SELECT AUTO_INCREMENT FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s"
)


class MysqlSplitTarget:
    """Not for two threads at once. Foreign keys are not checked in its session."""

    def __init__(self, session: SplitSession, work: SplitWork) -> None:
        """Raises Unavailable."""
        self._session = session
        self._work = work
        self._label = session.label
        self._names = HelperNames(work.job)
        self._guard = quote_identifier(self._names.guard)
        self._acks = quote_identifier(self._names.acks)
        self._made = quote_identifier(self._names.made)
        with as_unavailable(self._label):
            session.rows.execute(f"SET {IMPORTING_VARIABLE} = {work.job}")

    def take_over(self) -> None:
        self._session.take_over(self._work.identity)

    # Looking

    def ground(self) -> Ground:
        return target_ground(self._session, self._work)

    def identity(self) -> str | None:
        row = self._guard_row()
        return None if row is None else row[0]

    def guard(self) -> GuardState | None:
        row = self._guard_row()
        if row is None:
            self._refuse_unmarked()
            return None
        return GuardState.OPEN if row[1] == GuardState.OPEN else GuardState.CLOSED

    def missing(self) -> tuple[str, ...]:
        helpers = (self._names.acks, self._names.made, self._names.guard)
        wanted = (*(table.name for table in self._work.tables), *helpers)
        there = self._session.looked(tables_seen)
        return tuple(name for name in wanted if name not in there)

    def running_events(self) -> tuple[str, ...]:
        return tuple(
            self._session.looked(lambda link: column(link.query(_RUNNING_EVENTS, width=1)))
        )

    def is_as(self, definition: Definition) -> bool:
        version = self._session.version
        bare = self._session.looked(lambda link: read_bare(link, definition.table, version))
        return bare == without_counter(definition.bare)

    def orphans(self, definition: Definition) -> tuple[Problem, ...]:
        return self._session.looked(lambda link: orphans_of(link, self._label, definition))

    def trigger_problems(self, definition: Definition) -> tuple[Problem, ...]:
        return self._session.looked(lambda link: trigger_problems(link, self._session, definition))

    def acks(self) -> Mapping[int, Ack]:
        sql = f"SELECT `bracket`, `batch`, `cursor_json`, `row_count` FROM {self._acks}"
        rows = self._session.looked(
            lambda link: none_without_table(partial(link.query, sql, width=4))
        )
        return {
            number(bracket) or 0: Ack(
                batch=number(batch) or 0, cursor=parse_cursor(text(cursor)), rows=number(count) or 0
            )
            for bracket, batch, cursor, count in rows or ()
        }

    def digest(self, table: MovedTable, after: Key | None, end: Key | None) -> Digest:
        return read_digest(self._session, table, after, end)

    def digests(self, table: MovedTable, after: Key | None, end: Key | None) -> dict[Key, Digest]:
        return read_digests(self._session, table, after, end)

    def digests_of(self, table: MovedTable, keys: Sequence[Key]) -> dict[Key, Digest]:
        return read_digests_of(self._session, table, keys)

    def end_of_range(self, table: MovedTable, after: Key | None, *, rows: int) -> Key | None:
        return read_end_of_range(self._session, table, after, rows=rows)

    def misplaced(
        self, table: MovedTable, is_owned: Callable[[bytes], bool], after: Key | None, *, rows: int
    ) -> OwnersSeen:
        found = self._session.read(owners_sql(table, after, rows))
        owned: dict[bytes, bool] = {}
        misplaced = 0
        for *_, owner in found:
            if owner is None:
                misplaced += 1
                continue
            if owner not in owned:
                owned[owner] = is_owned(owner)
            misplaced += not owned[owner]
        keys = [tuple(value or b"" for value in row[:-1]) for row in found[-1:]]
        return OwnersSeen(misplaced=misplaced, scanned=len(found), end=keys[0] if keys else None)

    # What is made

    def claim(self) -> Busy | None:
        stranger = self._session.looked(lambda link: stranger_in(link, self._work))
        if stranger is not None:
            raise Refused(target_not_empty(self._label, stranger))
        helpers = [made_table(self._names), acks_table(self._names)]

        def make() -> None:
            # The guard first: it says whose the others are, to whoever drops them after a crash.
            link = self._session.looks
            make_table(link, self._label, guard_table(self._names))
            link.execute(
                f"INSERT IGNORE INTO {self._guard} (`job`, `identity`, `state`) VALUES"
                f" ({self._work.job}, {quote_string(self._work.identity)},"
                f" {quote_string(GuardState.CLOSED)})"
            )
            for helper in helpers:
                make_table(link, self._label, helper)

        busy = self._session.tried("the database", make)
        if busy is None:
            self._check_identity()
        return busy

    def make_table(self, table: MovedTable, definition: Definition) -> Busy | None:
        self._check_identity()
        record = (
            f"INSERT IGNORE INTO {self._made} (`number`, `table_name`)"
            f" VALUES ({table.number}, {quote_string(table.name)})"
        )

        def make() -> None:
            # Written down before it is made: what stands there and is not, somebody else has made.
            link = self._session.looks
            if definition_digest(link, table.name) is None:
                link.execute(record)
                link.execute(definition.bare)
            elif table.number not in self._made_numbers(link):
                raise Refused(made_otherwise(self._label, table.name))
            for statement in definition.afterwards:  # each may be run again
                link.execute(statement)

        return self._session.tried(f"table {table.name}", make)

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
        stored = take(
            self._session,
            self._acks,
            (bracket, batch, cursor),
            table,
            replaced=replaced,
            deleted=deleted,
        )
        return None if stored is None else OutOfTurn(stored)

    def raise_counter(self, table: str, *, at_least: int) -> Busy | None:
        found = self._session.looked(lambda link: link.query(_COUNTER, [table], width=1))
        now = number(found[0][0]) if found else None
        if now is None or now >= at_least:
            return None
        sql = f"ALTER TABLE {quote_identifier(table)} AUTO_INCREMENT = {at_least}"
        return self._session.tried(f"table {table}", lambda: self._session.looks.execute(sql))

    def add_foreign_keys(self, definition: Definition) -> Busy | None:
        self._check_identity()
        return self._session.tried(
            f"table {definition.table}",
            lambda: add_foreign_keys(self._session, definition),
        )

    def add_triggers(self, definition: Definition) -> Busy | None:
        self._check_identity()
        return self._session.tried(
            f"table {definition.table}", lambda: add_triggers(self._session, definition)
        )

    # The guard

    def arm_guard(self, table: MovedTable) -> Busy | None:
        self._check_identity()
        triggers = guard_triggers(self._names, table)
        return self._session.tried(
            f"table {table.name}", lambda: make_triggers(self._session.looks, self._label, triggers)
        )

    def open_guard(self) -> None:
        self._check_identity()
        with as_unavailable(self._label):
            self._session.looks.execute(
                f"UPDATE {self._guard} SET `state` = {quote_string(GuardState.OPEN)}"
                f" WHERE `job` = {self._work.job}"
            )

    def drop_guard(self, table: str) -> Busy | None:
        if self.identity() is None:
            self._refuse_unmarked()
            return None
        self._check_identity()
        wanted = next(one for one in self._work.tables if one.name == table)
        names = trigger_names(self._names, wanted, Purpose.GUARD)
        return self._session.tried(
            f"table {table}", lambda: drop_triggers(self._session.looks, names)
        )

    # The end

    def drop_helpers(self) -> Busy | None:
        if self.identity() is None:
            return self._session.tried(
                "the guard", lambda: drop_unmarked(self._session.looks, self._names.guard)
            )
        self._check_identity()
        # The guard last: it says whose the others are.
        names = [self._names.acks, self._names.made, self._names.guard]

        def drop() -> None:
            for name in names:
                drop_tables(self._session.looks, [name])

        return self._session.tried("a helper table", drop)

    def drop_made(self) -> Busy | None:
        if self.identity() is None:
            self._refuse_unmarked()
            return None
        self._check_closed()

        def drop() -> None:
            link = self._session.looks
            numbers = self._made_numbers(link)
            made = [table.name for table in self._work.tables if table.number in numbers]
            drop_tables(link, made)

        return self._session.tried("a table that was made", drop)

    # Parts

    def _guard_row(self) -> tuple[str, str] | None:
        sql = f"SELECT `identity`, `state` FROM {self._guard} WHERE `job` = {self._work.job}"
        rows = self._session.looked(
            lambda link: none_without_table(partial(link.query, sql, width=2))
        )
        return (text(rows[0][0]), text(rows[0][1])) if rows else None

    def _made_numbers(self, link: Link) -> set[int]:
        rows = link.query(f"SELECT `number` FROM {self._made}", width=1)
        return {number(row[0]) or 0 for row in rows}

    def _check_identity(self) -> None:
        found = self.identity()
        if found is None:
            self._refuse_unmarked()
        if found != self._work.identity:
            raise Refused(wrong_shard(self._label))

    def _refuse_unmarked(self) -> None:
        """No trigger stands without the mark, which is made before them and goes behind them,
        unless somebody took it away: then they refuse all writes, and nothing opens them."""
        names = [
            name
            for table in self._work.tables
            for name in trigger_names(self._names, table, Purpose.GUARD)
        ]
        left = self._session.looked(lambda link: standing(link, names))
        if left:
            raise Refused(*(target_mark_gone(self._label, n, self._names.guard) for n in left))

    def _check_closed(self) -> None:
        self._check_identity()
        if self.guard() is not GuardState.CLOSED:
            raise Refused(target_serves(self._label))
