"""How a ledger of an earlier version becomes one of this version in place.

Rule: a step in UPGRADES is never edited once released; a new column is a new step and a new number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Column, Connection, Table, insert, inspect, select, text, update
from sqlalchemy.schema import CreateColumn

from reconciler.edges.ledger.columns import row_malformed
from reconciler.edges.ledger.row_answers import row_answers
from reconciler.edges.ledger.row_places import row_places
from reconciler.edges.ledger.split_tables import SPLIT_TABLES, looks, split_jobs, split_progress
from reconciler.edges.ledger.sweep import SWEEP_TABLES
from reconciler.edges.ledger.tables import applies, leases, metadata, schema_version
from reconciler.errors import Problem, Refused

LEDGER_VERSION = 9


def is_current(connection: Connection) -> bool:
    if not inspect(connection).has_table(schema_version.name):
        return False
    return connection.execute(select(schema_version.c.version)).scalar() == LEDGER_VERSION


def make_current(connection: Connection) -> None:
    """Create the tables, or upgrade the ones there are. The caller keeps others out meanwhile."""
    metadata.create_all(connection)  # makes what is missing, alters nothing
    version = connection.execute(select(schema_version.c.version)).scalar()
    if version is None:
        _check_columns(connection, metadata.sorted_tables)
        connection.execute(insert(schema_version).values(version=LEDGER_VERSION))
        return
    if not isinstance(version, int) or version < 1:
        raise row_malformed("schema_version", "version")
    if version > LEDGER_VERSION:
        raise _from_the_future(version)
    while version < LEDGER_VERSION:
        UPGRADES[version](connection)
        version += 1
        connection.execute(update(schema_version).values(version=version))


def _add_splits(connection: Connection) -> None:
    """The tables were made on the way here; nothing of version 1 changes."""
    _check_columns(connection, SPLIT_TABLES)


def _add_looks(connection: Connection) -> None:
    _check_columns(connection, [looks])


def _add_regions(connection: Connection) -> None:
    """Every apply and every lease of before is one on all shards."""
    _add_column(connection, applies, applies.c.region)
    if _has_column(connection, leases, leases.c.region):
        return
    added = _column(connection, leases.c.region)
    if connection.dialect.name == "sqlite":  # which alters no key; its DDL is part of the change
        former = f"{leases.name}_2"
        connection.execute(text(f"ALTER TABLE {leases.name} RENAME TO {former}"))
        leases.create(connection)
        names = [column.name for column in leases.columns if column is not leases.c.region]
        copied = ", ".join(names)
        connection.execute(
            text(f"INSERT INTO {leases.name} ({copied}) SELECT {copied} FROM {former}")
        )
        connection.execute(text(f"DROP TABLE {former}"))
        return
    key = ", ".join(column.name for column in leases.primary_key)
    connection.execute(
        text(
            f"ALTER TABLE {leases.name} ADD COLUMN {added} AFTER keyspace,"
            f" DROP PRIMARY KEY, ADD PRIMARY KEY ({key})"
        )
    )


def _add_progress(connection: Connection) -> None:
    _check_columns(connection, [split_progress])


def _add_reservations(connection: Connection) -> None:
    """Every split of before keeps its keyspace to itself."""
    _add_column(connection, split_jobs, split_jobs.c.reserves)


def _add_row_answers(connection: Connection) -> None:
    _check_columns(connection, [row_answers])


def _add_sweep(connection: Connection) -> None:
    """Nothing was ever forgotten before."""
    _check_columns(connection, SWEEP_TABLES)


def _add_row_places(connection: Connection) -> None:
    """Every walk of before begins at the first row."""
    _check_columns(connection, [row_places])


def _add_column(connection: Connection, table: Table, column: Column[Any]) -> None:
    if not _has_column(connection, table, column):
        added = _column(connection, column)
        connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {added}"))


def _column(connection: Connection, column: Column[Any]) -> str:
    return str(CreateColumn(column).compile(dialect=connection.dialect))


def _has_column(connection: Connection, table: Table, column: Column[Any]) -> bool:
    known = inspect(connection).get_columns(table.name)
    return column.name in {one["name"] for one in known}


def _check_columns(connection: Connection, tables: Iterable[Table]) -> None:
    """Tables of our names that no version tells of: ours, cut off while they were made, or
    another's."""
    for table in tables:
        known = {column["name"] for column in inspect(connection).get_columns(table.name)}
        if not known.issuperset(column.name for column in table.columns):
            raise _not_ours(table.name)


def _not_ours(table: str) -> Refused:
    return Refused(
        Problem(
            code="ledger-foreign",
            message=f"the ledger's database has a table {table} that no released version of this"
            " program made",
            recovery="give the ledger a database of its own (`ledger:` in the spec), or rename the"
            " tables whose names begin with reconciler_",
        )
    )


def _from_the_future(version: int) -> Refused:
    return Refused(
        Problem(
            code="ledger-too-new",
            message=f"the ledger is of version {version}, this program knows {LEDGER_VERSION}",
            recovery="upgrade reconciler to the version that the other runners have",
        )
    )


# From the version that is the key to the next one. MySQL commits DDL on its own, so a step may have
# run in part before: it looks before it alters.
UPGRADES: dict[int, Callable[[Connection], None]] = {
    1: _add_splits,
    2: _add_looks,
    3: _add_regions,
    4: _add_progress,
    5: _add_reservations,
    6: _add_row_answers,
    7: _add_sweep,
    8: _add_row_places,
}
