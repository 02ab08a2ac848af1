"""The tables of split jobs, and the catalog of routes, which applications read as well.

The catalog's three tables are described for other languages in docs/routes.md: a change to one of
them is a change of that contract.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from reconciler.edges.ledger.tables import BINARY_NAMES, HOLDER, LONG, NAME, WORD, metadata

# A shard's name, `@` and a version.
_PLACE = String(96)

# What an application calls itself; what it can, in words with commas between them.
ROUTER_CHARS_MAX = 64
_CAPABILITIES = String(255)

#: `live_slot` of a job that has not ended; one that has ended has none.
LIVE = 1

#: `reserves` of a job that keeps applies of a schema out, and of one that does not.
RESERVES, LETS_GO = 1, 0

#: `until_version` of a route that still holds.
HOLDS = 0

# One row for each keyspace that was ever worked on. Whoever begins an apply or a split of it writes
# to the row first: the second one sees what the first one has begun.
keyspaces = Table(
    "reconciler_keyspaces",
    metadata,
    Column("environment", NAME, primary_key=True),
    Column("keyspace", NAME, primary_key=True),
    Column("turns", Integer, nullable=False),
    **BINARY_NAMES,
)

split_jobs = Table(
    "reconciler_split_jobs",
    metadata,
    Column("job_id", Integer, primary_key=True, autoincrement=True),
    Column("environment", NAME, nullable=False),
    Column("keyspace", NAME, nullable=False),
    Column("live_slot", Integer),
    Column("protocol", Integer, nullable=False),
    Column("plan_id", String(80), nullable=False),
    Column("commit_id", NAME, nullable=False),
    Column("engine", WORD, nullable=False),
    Column("sources", LONG, nullable=False),
    Column("targets", LONG, nullable=False),
    Column("expected_version", Integer, nullable=False),
    Column("phase", WORD, nullable=False),
    Column("phase_since_s", Double, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("retry_phase", WORD),
    Column("abandoned_in", WORD),
    Column("cutover_version", Integer),
    Column("cutover_s", Double),
    Column("opened_version", Integer),
    Column("reserves", Integer, nullable=False, server_default="1"),
    Column("fence_epoch", Integer, nullable=False),
    Column("ground", LONG, nullable=False),
    Column("held_by", HOLDER),
    Column("problem", Text),
    Column("holder", HOLDER),
    Column("heartbeat_s", Double, nullable=False),
    Column("started_s", Double, nullable=False),
    Column("ended_s", Double),
    # NULL equals no NULL: any number of ended jobs, and one that is live.
    UniqueConstraint("environment", "keyspace", "live_slot", name="reconciler_split_jobs_live"),
    sqlite_autoincrement=True,  # a job's number is never used again
    **BINARY_NAMES,
)

split_brackets = Table(
    "reconciler_split_brackets",
    metadata,
    Column("job_id", Integer, primary_key=True, autoincrement=False),
    Column("bracket_id", Integer, primary_key=True, autoincrement=False),
    Column("source", NAME, nullable=False),
    Column("target", NAME, nullable=False),
    Column("table_name", NAME, nullable=False),
    Column("stage", WORD, nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("cursor_key", LONG, nullable=False),
    Column("rows_scanned", BigInteger, nullable=False),
    Column("rows_accepted", BigInteger, nullable=False),
    **BINARY_NAMES,
)

# What the tick that drives has measured, for people to see.
split_progress = Table(
    "reconciler_split_progress",
    metadata,
    Column("job_id", Integer, primary_key=True, autoincrement=False),
    Column("at_s", Double, nullable=False),
    Column("queued", BigInteger, nullable=False),
    Column("oldest_s", Double),
    Column("copied_per_s", Double),
    Column("arrivals_per_s", Double),
    Column("drained_per_s", Double),
    Column("compared_per_s", Double),
    Column("to_compare", BigInteger, nullable=False),
    Column("rests", Text, nullable=False),
    **BINARY_NAMES,
)

split_path = Table(
    "reconciler_split_path",
    metadata,
    Column("job_id", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("at_s", Double, nullable=False),
    Column("phase_before", WORD, nullable=False),
    Column("phase_after", WORD, nullable=False),
    Column("problem", Text),
    **BINARY_NAMES,
)

split_approvals = Table(
    "reconciler_split_approvals",
    metadata,
    Column("job_id", Integer, primary_key=True, autoincrement=False),
    Column("approval", WORD, primary_key=True),
    Column("approved_by", HOLDER, nullable=False),
    Column("approved_s", Double, nullable=False),
    **BINARY_NAMES,
)

split_requests = Table(
    "reconciler_split_requests",
    metadata,
    Column("request_id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", Integer, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("asked_by", HOLDER, nullable=False),
    Column("asked_s", Double, nullable=False),
    Column("state", WORD, nullable=False),
    Column("problem", Text),
    Index("reconciler_split_requests_of_job", "job_id", "request_id"),
    **BINARY_NAMES,
)

route_catalogs = Table(
    "reconciler_route_catalogs",
    metadata,
    Column("environment", NAME, primary_key=True),
    Column("keyspace", NAME, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("key_function", WORD, nullable=False),
    Column("adopted_by", HOLDER, nullable=False),
    Column("adopted_s", Double, nullable=False),
    **BINARY_NAMES,
)

routes = Table(
    "reconciler_routes",
    metadata,
    Column("environment", NAME, primary_key=True),
    Column("keyspace", NAME, primary_key=True),
    Column("since_version", Integer, primary_key=True, autoincrement=False),
    Column("range_start", NAME, primary_key=True),
    Column("range_end", NAME, nullable=False),
    Column("until_version", Integer, nullable=False),
    Column("shard", NAME, nullable=False),
    Column("place", _PLACE, nullable=False),
    Column("state", WORD, nullable=False),
    Column("job_id", Integer),
    # No two routes that hold begin or end at one key, nor any two that ended together.
    UniqueConstraint(
        *("environment", "keyspace", "until_version", "range_start"), name="reconciler_routes_start"
    ),
    UniqueConstraint(
        *("environment", "keyspace", "until_version", "range_end"), name="reconciler_routes_end"
    ),
    **BINARY_NAMES,
)

route_leases = Table(
    "reconciler_route_leases",
    metadata,
    Column("environment", NAME, primary_key=True),
    Column("keyspace", NAME, primary_key=True),
    Column("router", String(ROUTER_CHARS_MAX), primary_key=True),
    Column("seen_version", Integer, nullable=False),
    Column("capabilities", _CAPABILITIES, nullable=False),
    Column("lease_until_us", BigInteger, nullable=False),  # since the epoch, UTC, by the server
    **BINARY_NAMES,
)

# What was measured of each shard, for the adviser: numbers, and nothing of any row.
looks = Table(
    "reconciler_looks",
    metadata,
    Column("environment", NAME, primary_key=True),
    Column("keyspace", NAME, primary_key=True),
    Column("at_s", Double, primary_key=True),
    Column("shard", NAME, primary_key=True),
    Column("size_bytes", BigInteger),
    Column("rows_estimated", BigInteger),
    Column("statements", BigInteger),
    Column("up_s", BigInteger),
    **BINARY_NAMES,
)

#: What belongs to a job, and goes with it.
_OF_A_JOB = (split_brackets, split_path, split_approvals, split_requests)
OF_A_JOB = (*_OF_A_JOB, split_progress)

SPLIT_TABLES = (keyspaces, split_jobs, *_OF_A_JOB, route_catalogs, routes, route_leases)
