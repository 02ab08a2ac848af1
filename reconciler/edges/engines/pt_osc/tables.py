"""The tables and triggers of a copy by pt-online-schema-change: seen, swapped in, and taken away.

Foreign keys that refer to the table are why this engine is there, and they follow the table that is
renamed. The swap therefore has these steps, each one statement of the server's, and each seen by
looking at what there is:

    t, _t_new               RENAME t TO _t_old, _t_new TO t     the keys now refer to _t_old
    t, _t_old               DROP _t_old, with foreign_key_checks=0: the keys refer to no table
    t                       RENAME t TO _t_old, _t_old TO t     the keys refer to t, as they did
    t

`t` is there at all times, and the keys keep their names and definitions to the letter: so MySQL 9.7
and MariaDB 10.11 and 11.8. Dropping `t` first, as the program's own drop_swap does, would
leave nobody a table if it ended there; its rebuild_constraints gives the keys other names. While
the keys do not refer to `t`, two triggers on it refuse what would leave children without a parent,
for as long as it takes: rows of children are refused by the server itself. So a crash between the
steps loses no integrity, and whoever has the handle takes them up (`finish`).

Rule: triggers go before the table that they write to, or every write of the application fails.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from reconciler.ddl.quote import quote_identifier, quote_string
from reconciler.edges.engines.limits import ENGINE_LET_GO_S_MAX
from reconciler.edges.engines.ownership import (
    Helper,
    Record,
    find_tables,
    find_triggers,
    is_ours,
)
from reconciler.edges.engines.pt_osc.program import CopyLocks
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.cross_database_children import read_references
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.reading import number
from reconciler.edges.mysql.session_settings import set_session
from reconciler.model.dependents import Reference
from reconciler.model.server import Flavor
from reconciler.plan.engines.pt_osc_names import CopyNames

_ASK_EVERY_S = 0.1
_HOLDERS = "SELECT IS_USED_LOCK(%s), IS_USED_LOCK(%s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What there is of a copy. `at_work` is the connection of a program of any run on the table;
    `run_at_work` of the run that is asked after; `table_created_s` None: the server did not tell,
    or there is no table."""

    names: CopyNames
    helpers: tuple[Helper, ...]
    has_table: bool
    table_is_ours: bool
    table_created_s: int | None
    at_work: int | None
    run_at_work: int | None

    def has(self, name: str) -> bool:
        return any(one.name.lower() == name.lower() for one in self.helpers)

    @property
    def is_swapped(self) -> bool:
        """The copy has become the table, and something is left to do."""
        is_left = any(map(self.has, (self.names.old, *self.names.guards)))
        return is_left and self.has_table and self.table_is_ours and not self.has(self.names.new)

    @property
    def keeps_up(self) -> bool:
        """The copy follows the table, though it may not hold all of its rows."""
        return (
            self.has_table
            and all(map(self.has, (self.names.new, *self.names.syncing)))
            and not self.has(self.names.old)
        )

    def foreign(self, record: Record | None, server_sha256: str) -> list[str]:
        """What is not proven ours. The old table was the table, and so is older than its name: what
        proves it is that the table is the copy."""
        return [
            one.name
            for one in self.helpers
            if not is_ours(one, record, server_sha256)
            and not (one.name.lower() == self.names.old.lower() and self.is_swapped)
        ]


def look_at(
    link: Link, names: CopyNames, record: Record | None, server_sha256: str, locks: CopyLocks
) -> Standing:
    """Raises ServerRefusal or LinkLost."""
    tables = find_tables(link, (names.new, names.old, names.table))
    own = [one for one in tables if one.name.lower() == names.table.lower()]
    as_helper = record and [
        Helper(name=names.new, created_s=one.created_s) for one in own
    ]  # it was made as the copy
    at_work, run_at_work = link.row(_HOLDERS, [locks.table, locks.run], width=2)
    return Standing(
        names=names,
        helpers=(*(one for one in tables if one not in own), *find_triggers(link, names.triggers)),
        has_table=bool(own),
        table_is_ours=any(is_ours(one, record, server_sha256) for one in as_helper or ()),
        table_created_s=next((one.created_s for one in own), None),
        at_work=number(at_work),
        run_at_work=number(run_at_work),
    )


def end_run(link: Link, locks: CopyLocks) -> None:
    """Of a program that has gone, or may go on for nobody; until its server has let go of it.
    Raises ServerRefusal or LinkLost."""
    give_up_s = time.monotonic() + ENGINE_LET_GO_S_MAX
    while time.monotonic() < give_up_s:
        holder = number(link.row("SELECT IS_USED_LOCK(%s)", [locks.run], width=1)[0])
        if holder is None:
            return
        with suppress(ServerRefusal):  # it went by itself, right now
            link.execute(f"KILL CONNECTION {holder}")
        time.sleep(_ASK_EVERY_S)


def children_of(link: Link, flavor: Flavor, table: str) -> tuple[Reference, ...]:
    """Raises ServerRefusal or LinkLost."""
    assert link.database is not None, "a session of a shard is in its database"
    return read_references(link, flavor, link.database, [table])


def take_away(link: Link, standing: Standing) -> None:
    """A copy that was not swapped in. Raises ServerRefusal or LinkLost."""
    assert standing.has_table, "rows that are nowhere else are in the copy"
    drop_triggers(link, [name for name in standing.names.triggers if standing.has(name)])
    if standing.has(standing.names.new):
        link.execute(f"DROP TABLE {quote_identifier(standing.names.new)}")


def guards(database: str, names: CopyNames, children: Sequence[Reference]) -> Iterator[str]:
    """For the copy, before the swap: they do nothing while that has its own name."""
    copy = quote_identifier(names.new)
    is_swapped = (
        "NOT EXISTS (SELECT 1 FROM information_schema.TABLES"
        f" WHERE TABLE_SCHEMA = {quote_string(database)}"
        f" AND TABLE_NAME = {quote_string(names.new)})"
    )
    refuse = (
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT ="
        " 'the table is being swapped, and its foreign keys cannot be kept now: try again'"
    )
    columns = sorted({column for child in children for column in child.parent_columns})
    moved = " OR ".join(
        f"NOT (OLD.{quote_identifier(column)} <=> NEW.{quote_identifier(column)})"
        for column in columns
    )
    conditions = (("DELETE", is_swapped), ("UPDATE", f"({moved}) AND {is_swapped}"))
    for name, (event, condition) in zip(names.guards, conditions, strict=True):
        yield (
            f"CREATE TRIGGER {quote_identifier(name)} BEFORE {event} ON {copy} FOR EACH ROW"
            f" IF {condition} THEN {refuse}; END IF"
        )


def swap(names: CopyNames) -> str:
    table, new, old = map(quote_identifier, (names.table, names.new, names.old))
    return f"RENAME TABLE {table} TO {old}, {new} TO {table}"


def finish(link: Link, flavor: Flavor, standing: Standing, *, keeps_old: bool) -> None:
    """What comes after the swap, from wherever it stands. Raises ServerRefusal or LinkLost."""
    names = standing.names
    drop_triggers(link, [name for name in names.syncing if standing.has(name)])
    table, old = quote_identifier(names.table), quote_identifier(names.old)
    children = children_of(link, flavor, names.old)
    if standing.has(names.old) and (children or not keeps_old):
        link.execute(set_session([("foreign_key_checks", "0")]))
        link.execute(f"DROP TABLE {old}")
    if children:
        link.execute(set_session([("foreign_key_checks", "0")]))
        link.execute(f"RENAME TABLE {table} TO {old}, {old} TO {table}")
    link.execute(set_session([("foreign_key_checks", "1")]))
    drop_triggers(link, [name for name in names.guards if standing.has(name)])


def drop_triggers(link: Link, triggers: Sequence[str]) -> None:
    """Raises ServerRefusal or LinkLost."""
    for name in triggers:
        link.execute(f"DROP TRIGGER IF EXISTS {quote_identifier(name)}")
