"""A table of the source as a split sees it: its columns, its key, and how it is made again.

Rule: what a source printed is run on a target only as far as it is one statement of the kind that
servers print (SP-35).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from reconciler.ddl.counter import without_counter
from reconciler.ddl.default_less import default_less_columns
from reconciler.ddl.foreign import foreign_object, foreign_table
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.read import read_table
from reconciler.ddl.render import create_table_sql, foreign_key_sql
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.reading import read_definition, text
from reconciler.edges.mysql.split.problems import table_unfit
from reconciler.errors import Problem, Refused
from reconciler.model.object_id import ObjectKind
from reconciler.model.schema import OtherObject
from reconciler.model.server import ServerVersion
from reconciler.ports.split_servers import AddedKey, Definition, TableToMove, TriggerText
from reconciler.reshard.helper_tables import is_helper_name
from reconciler.reshard.rows import MovedColumn, MovedTable

_COLUMNS = (
    "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA,"
    " IS_NULLABLE FROM information_schema.COLUMNS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION"
)
_KEY = (
    "SELECT COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND INDEX_NAME = 'PRIMARY'"
    " ORDER BY SEQ_IN_INDEX"
)
_TABLE = (
    "SELECT TABLE_TYPE, ENGINE FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s"
)
_TRIGGERS = (
    "SELECT TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT, SQL_MODE,"
    " CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DEFINER FROM information_schema.TRIGGERS"
    " WHERE TRIGGER_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = %s"
    " ORDER BY EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER"
)


def read_shape(link: Link, label: str, wanted: TableToMove) -> MovedTable:
    """Raises Refused with all that is in the way, ServerRefusal, LinkLost."""
    columns = link.query(_COLUMNS, [wanted.name], width=7)
    key = link.query(_KEY, [wanted.name], width=2)
    problems = [
        table_unfit(label, wanted.name, why, what_to_do)
        for why, what_to_do in _obstacles(link, wanted, columns, key)
    ]
    if problems:
        raise Refused(*problems)
    return MovedTable(
        number=wanted.number,
        name=wanted.name,
        columns=tuple(map(_column, columns)),
        key=tuple(text(name) for name, _ in key),
        shard_by=wanted.shard_by,
    )


def _obstacles(
    link: Link,
    wanted: TableToMove,
    columns: Sequence[tuple[object, ...]],
    key: Sequence[tuple[object, ...]],
) -> list[tuple[str, str]]:
    found = link.query(_TABLE, [wanted.name], width=2)
    if not found:
        return [("there is no such table", "take it out of the spec's `tables`, or make it")]
    kind, engine = (text(value) for value in found[0])
    obstacles = []
    if kind != "BASE TABLE":
        obstacles.append((f"it is a {kind.lower()}", "class it as excluded"))
    elif engine.lower() != "innodb":
        obstacles.append((f"its engine is {engine}", "convert it to InnoDB by a change of its own"))
    if not key:
        obstacles.append(("it has no primary key", "add one by a change of its own"))
    if any(part is not None for _, part in key):
        obstacles.append(
            ("its primary key has only the beginning of a column", "make the key of whole columns")
        )
    if wanted.shard_by is not None:
        obstacles += _shard_column_obstacles(wanted.shard_by, columns)
    return obstacles


def _shard_column_obstacles(
    shard_by: str, columns: Sequence[tuple[object, ...]]
) -> list[tuple[str, str]]:
    nullable = {text(row[0]): text(row[6]) == "YES" for row in columns}
    if shard_by not in nullable:
        return [(f"it has no column {shard_by}", "fix `shard_by` in the spec")]
    if nullable[shard_by]:
        return [(f"its shard column {shard_by} may be NULL", "make the column NOT NULL")]
    return []


def _column(row: tuple[object, ...]) -> MovedColumn:
    name, data_type, column_type, charset, collation, extra, _ = (
        None if value is None else text(value) for value in row
    )
    assert name is not None
    told = (extra or "").upper().replace("DEFAULT_GENERATED", "")
    return MovedColumn(
        name=name,
        data_type=(data_type or "").lower(),
        column_type=column_type or "",
        charset=charset,
        collation=collation,
        is_generated="GENERATED" in told or "VIRTUAL" in told or "PERSISTENT" in told,
        is_virtual="VIRTUAL" in told,
    )


def definition_digest(link: Link, table: str) -> str | None:
    """Of the text that the server prints, without its counter; None if there is no such table."""
    printed = read_definition(link, table)
    return (
        None if printed is None else hashlib.sha256(without_counter(printed).encode()).hexdigest()
    )


def read_bare(link: Link, table: str, version: ServerVersion) -> str | None:
    """A table without its foreign keys and its counter; None if there is none that can be read
    back. Raises ServerRefusal, LinkLost."""
    printed = read_definition(link, table)
    if printed is None or foreign_table(printed, table, version) is None:
        return None
    bare = replace(read_table(printed, version), foreign_keys=())
    return without_counter(create_table_sql(bare, version))


def read_definition_to_make(
    link: Link, label: str, table: str, version: ServerVersion
) -> Definition:
    """Raises Refused, ServerRefusal, LinkLost."""
    printed = read_definition(link, table)
    if printed is None or foreign_table(printed, table, version) is None:
        raise Refused(_unreadable(label, table, "its definition"))
    whole = read_table(printed, version)
    if whole.system_versioned:
        raise Refused(
            table_unfit(label, table, "it keeps a history of its rows", "class it as excluded")
        )
    bare = replace(whole, foreign_keys=())
    name = quote_identifier(table)
    return Definition(
        table=table,
        bare=create_table_sql(bare, version),
        afterwards=tuple(
            f"ALTER TABLE {name} ALTER COLUMN {quote_identifier(column.name)} DROP DEFAULT"
            for column in default_less_columns(bare, version)
        ),
        foreign_keys=tuple(
            AddedKey(key=key, sql=f"ALTER TABLE {name} ADD {foreign_key_sql(key, version)}")
            for key in whole.foreign_keys
        ),
        triggers=read_triggers(link, label, table),
    )


def read_triggers(link: Link, label: str, table: str) -> tuple[TriggerText, ...]:
    """Of the application, in the order in which they act. Raises Refused, ServerRefusal,
    LinkLost."""
    rows = link.query(_TRIGGERS, [table], width=8)
    told = ([text(value) for value in row] for row in rows)
    return tuple(_trigger(label, table, row) for row in told if not is_helper_name(row[0]))


def _trigger(label: str, table: str, row: Sequence[str]) -> TriggerText:
    name, timing, event, body, sql_mode, charset, collation, definer = row
    head = f"TRIGGER {quote_identifier(name)} {timing} {event} ON {quote_identifier(table)}"
    sql = f"CREATE {head} FOR EACH ROW {body}"
    seen = OtherObject(kind=ObjectKind.TRIGGER, name=name, definition=sql, table=table)
    is_utf8 = charset.startswith("utf8")
    if foreign_object(seen) is None or not (is_utf8 or body.isascii()):
        raise Refused(_unreadable(label, table, f"its trigger {name}"))
    return TriggerText(
        name=name,
        sql=sql,
        sql_mode=sql_mode,
        character_set=charset,
        collation=collation,
        definer=definer,
    )


def _unreadable(label: str, table: str, what: str) -> Problem:
    return table_unfit(
        label, table, f"{what} cannot be read back and made again", "class it as excluded"
    )
