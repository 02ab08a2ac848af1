"""The ledger's tables, and how a ledger of an earlier version becomes one of this version in place.

Rule: a step in UPGRADES is never edited once released; a new column is a new step and a new number.
Names are compared byte for byte on every server; times are seconds since the Unix epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
    update,
)

from reconciler.edges.ledger.columns import row_malformed
from reconciler.errors import Problem, Refused

LEDGER_VERSION = 1

# Whoever drives an apply or asks something of it, in words.
HOLDER_CHARS_MAX = 255

_NAME = String(64)
_WORD = String(32)
_HOLDER = String(HOLDER_CHARS_MAX)
_LONG = Text(16_000_000)  # MySQL: a MEDIUMTEXT; a plain TEXT holds 64 KiB

_BINARY_NAMES: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

metadata = MetaData()

schema_version = Table(
    "reconciler_ledger_version", metadata, Column("version", Integer, nullable=False)
)

applies = Table(
    "reconciler_applies",
    metadata,
    Column("apply_id", Integer, primary_key=True, autoincrement=True),
    Column("environment", _NAME, nullable=False),
    Column("keyspace", _NAME, nullable=False),
    Column("plan_id", String(80), nullable=False),
    Column("commit_id", _NAME, nullable=False),
    Column("waves", _LONG, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("version", Integer, nullable=False),
    Column("started_s", Double, nullable=False),
    Column("completed_s", Double),
    Column("hold", _WORD, nullable=False),
    Column("reason", Text, nullable=False),
    Column("gates_open", Integer, nullable=False),
    Column("failures_released", Integer, nullable=False),
    Column("copies_released", _LONG, nullable=False),
    Column("problem", Text),
    Column("waits_since_s", Double),
    Column("soaking_wave", Integer),
    Column("soak_until_s", Double),
    Index("reconciler_applies_of_keyspace", "environment", "keyspace", "apply_id"),
    sqlite_autoincrement=True,  # an apply's number is never used again
    **_BINARY_NAMES,
)

operations = Table(
    "reconciler_operations",
    metadata,
    Column("apply_id", Integer, primary_key=True, autoincrement=False),
    Column("shard", _NAME, primary_key=True),
    Column("object_kind", _WORD, primary_key=True),
    Column("object_name", _NAME, primary_key=True),
    Column("wave", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("statements", Integer, nullable=False),
    Column("statements_done", Integer, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("version", Integer, nullable=False),
    Column("started_s", Double),
    Column("settled_s", Double),
    Column("problem", Text),
    Column("waits_for", Text),
    Column("waits_since_s", Double),
    **_BINARY_NAMES,
)

statements = Table(
    "reconciler_statements",
    metadata,
    Column("apply_id", Integer, primary_key=True, autoincrement=False),
    Column("shard", _NAME, primary_key=True),
    Column("statement_index", Integer, primary_key=True, autoincrement=False),
    Column("object_kind", _WORD, nullable=False),
    Column("object_name", _NAME, nullable=False),
    Column("sql_text", _LONG, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("intended_s", Double, nullable=False),
    Column("engine", _WORD, nullable=False),
    Column("handle_version", Integer, nullable=False),
    Column("handle", Text, nullable=False),
    Column("progress", Text, nullable=False),
    Column("left_tables", Text, nullable=False),
    Column("settled_s", Double),
    Column("problem", Text),
    **_BINARY_NAMES,
)

finalizers = Table(
    "reconciler_finalizers",
    metadata,
    Column("apply_id", Integer, primary_key=True, autoincrement=False),
    Column("moment", _WORD, primary_key=True),
    Column("before_fingerprint", String(80), nullable=False),
    Column("after_fingerprint", String(80), nullable=False),
    Column("state", _WORD, nullable=False),
    Column("version", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("started_s", Double),
    Column("intended_s", Double),
    Column("settled_s", Double),
    Column("problem", Text),
    **_BINARY_NAMES,
)

events = Table(
    "reconciler_events",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("apply_id", Integer, nullable=False),
    Column("at_s", Double, nullable=False),
    Column("what", Text, nullable=False),
    Column("shard", _NAME),
    Column("object_kind", _WORD),
    Column("object_name", _NAME),
    Index("reconciler_events_of_apply", "apply_id", "event_id"),
    **_BINARY_NAMES,
)

leases = Table(
    "reconciler_leases",
    metadata,
    Column("environment", _NAME, primary_key=True),
    Column("keyspace", _NAME, primary_key=True),
    Column("apply_id", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("holder", _HOLDER),
    Column("heartbeat_s", Double, nullable=False),
    **_BINARY_NAMES,
)

requests = Table(
    "reconciler_requests",
    metadata,
    Column("request_id", Integer, primary_key=True, autoincrement=True),
    Column("apply_id", Integer, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("asked_by", _HOLDER, nullable=False),
    Column("asked_s", Double, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("answer", Text, nullable=False),
    Index("reconciler_requests_of_apply", "apply_id", "request_id"),
    **_BINARY_NAMES,
)


# From the version that is the key to the next one. MySQL commits DDL on its own, so a step may have
# run in part before: it looks before it alters.
UPGRADES: dict[int, Callable[[Connection], None]] = {}


def is_current(connection: Connection) -> bool:
    if not inspect(connection).has_table(schema_version.name):
        return False
    return connection.execute(select(schema_version.c.version)).scalar() == LEDGER_VERSION


def make_current(connection: Connection) -> None:
    """Create the tables, or upgrade the ones there are. The caller keeps others out meanwhile."""
    metadata.create_all(connection)  # makes what is missing, alters nothing
    version = connection.execute(select(schema_version.c.version)).scalar()
    if version is None:
        _check_columns(connection)
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


def _check_columns(connection: Connection) -> None:
    """Tables of our names without a version: ours, cut off while they were made, or another's."""
    for table in metadata.sorted_tables:
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
