"""The tables of the ledger that hold applies; those of splits are in `split_tables`.

Names are compared byte for byte on every server; times are seconds since the Unix epoch, UTC. A
`region` is '' for an apply over all shards.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Double, Index, Integer, MetaData, String, Table, Text

from reconciler.limits import ASKER_CHARS_MAX

HOLDER_CHARS_MAX = ASKER_CHARS_MAX

NAME = String(64)
WORD = String(32)
HOLDER = String(HOLDER_CHARS_MAX)
LONG = Text(16_000_000)  # MySQL: a MEDIUMTEXT; a plain TEXT holds 64 KiB

BINARY_NAMES: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

metadata = MetaData()

schema_version = Table(
    "reconciler_ledger_version", metadata, Column("version", Integer, nullable=False)
)

applies = Table(
    "reconciler_applies",
    metadata,
    Column("apply_id", Integer, primary_key=True, autoincrement=True),
    Column("environment", NAME, nullable=False),
    Column("keyspace", NAME, nullable=False),
    Column("region", NAME, nullable=False, server_default=""),
    Column("plan_id", String(80), nullable=False),
    Column("commit_id", NAME, nullable=False),
    Column("waves", LONG, nullable=False),
    Column("state", WORD, nullable=False),
    Column("version", Integer, nullable=False),
    Column("started_s", Double, nullable=False),
    Column("completed_s", Double),
    Column("hold", WORD, nullable=False),
    Column("reason", Text, nullable=False),
    Column("gates_open", Integer, nullable=False),
    Column("failures_released", Integer, nullable=False),
    Column("copies_released", LONG, nullable=False),
    Column("problem", Text),
    Column("waits_since_s", Double),
    Column("soaking_wave", Integer),
    Column("soak_until_s", Double),
    Index("reconciler_applies_of_keyspace", "environment", "keyspace", "apply_id"),
    sqlite_autoincrement=True,  # an apply's number is never used again
    **BINARY_NAMES,
)

operations = Table(
    "reconciler_operations",
    metadata,
    Column("apply_id", Integer, primary_key=True, autoincrement=False),
    Column("shard", NAME, primary_key=True),
    Column("object_kind", WORD, primary_key=True),
    Column("object_name", NAME, primary_key=True),
    Column("wave", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("statements", Integer, nullable=False),
    Column("statements_done", Integer, nullable=False),
    Column("state", WORD, nullable=False),
    Column("version", Integer, nullable=False),
    Column("started_s", Double),
    Column("settled_s", Double),
    Column("problem", Text),
    Column("waits_for", Text),
    Column("waits_since_s", Double),
    **BINARY_NAMES,
)

statements = Table(
    "reconciler_statements",
    metadata,
    Column("apply_id", Integer, primary_key=True, autoincrement=False),
    Column("shard", NAME, primary_key=True),
    Column("statement_index", Integer, primary_key=True, autoincrement=False),
    Column("object_kind", WORD, nullable=False),
    Column("object_name", NAME, nullable=False),
    Column("sql_text", LONG, nullable=False),
    Column("state", WORD, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("intended_s", Double, nullable=False),
    Column("engine", WORD, nullable=False),
    Column("handle_version", Integer, nullable=False),
    Column("handle", Text, nullable=False),
    Column("progress", Text, nullable=False),
    Column("left_tables", Text, nullable=False),
    Column("settled_s", Double),
    Column("problem", Text),
    **BINARY_NAMES,
)

finalizers = Table(
    "reconciler_finalizers",
    metadata,
    Column("apply_id", Integer, primary_key=True, autoincrement=False),
    Column("moment", WORD, primary_key=True),
    Column("before_fingerprint", String(80), nullable=False),
    Column("after_fingerprint", String(80), nullable=False),
    Column("state", WORD, nullable=False),
    Column("version", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("started_s", Double),
    Column("intended_s", Double),
    Column("settled_s", Double),
    Column("problem", Text),
    **BINARY_NAMES,
)

deploys = Table(
    "reconciler_deploys",
    metadata,
    Column("apply_id", Integer, primary_key=True, autoincrement=False),
    Column("step", WORD, primary_key=True),
    Column("intended_s", Double, nullable=False),
    Column("times", Integer, nullable=False),
    Column("problem", Text),
    **BINARY_NAMES,
)

events = Table(
    "reconciler_events",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("apply_id", Integer, nullable=False),
    Column("at_s", Double, nullable=False),
    Column("what", Text, nullable=False),
    Column("shard", NAME),
    Column("object_kind", WORD),
    Column("object_name", NAME),
    Index("reconciler_events_of_apply", "apply_id", "event_id"),
    **BINARY_NAMES,
)

leases = Table(
    "reconciler_leases",
    metadata,
    Column("environment", NAME, primary_key=True),
    Column("keyspace", NAME, primary_key=True),
    Column("region", NAME, primary_key=True, server_default=""),
    Column("apply_id", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("holder", HOLDER),
    Column("heartbeat_s", Double, nullable=False),
    **BINARY_NAMES,
)

requests = Table(
    "reconciler_requests",
    metadata,
    Column("request_id", Integer, primary_key=True, autoincrement=True),
    Column("apply_id", Integer, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("asked_by", HOLDER, nullable=False),
    Column("asked_s", Double, nullable=False),
    Column("state", WORD, nullable=False),
    Column("answer", Text, nullable=False),
    Index("reconciler_requests_of_apply", "apply_id", "request_id"),
    **BINARY_NAMES,
)
