"""How full and how busy shards are, by what their servers keep of tables and statements anyway.

Rules: sessions that only read, statements that each end after seconds, and a time limit for each
shard. A number that may be wrong is none (SP-9): of a table that the login does not see, of
statements that nobody counts, or of a list that had no room for some of them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.deadline import Overdue, Patience, map_with_deadline
from reconciler.edges.mysql.grants import SHOWS_TABLES, read_privileges
from reconciler.edges.mysql.key_sampling import sampled_values
from reconciler.edges.mysql.limits import (
    LOAD_NUMBER_MAX,
    LOAD_S_MAX,
    SAMPLE_S_MAX,
)
from reconciler.edges.mysql.measuring import UPTIME, measuring_session
from reconciler.edges.mysql.problems import (
    ServerRefusal,
    hidden_tables,
    look_failed,
    shard_timeout,
)
from reconciler.edges.mysql.reach import database_of
from reconciler.edges.mysql.reading import list_with_facts, number
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.errors import ReconcilerError, Unavailable
from reconciler.reshard.key_functions.function import Value
from reconciler.reshard.key_samples import SampledTable
from reconciler.reshard.loads import Measured, StatementCount
from reconciler.spec.model import ShardSpec

_COUNTS = (
    "SELECT @@performance_schema,"
    " (SELECT SUM(COUNT_STAR) FROM performance_schema.events_statements_summary_by_digest"
    " WHERE SCHEMA_NAME = DATABASE()),"
    # Where the list is full, everything new is counted in one row without a name.
    " (SELECT SUM(COUNT_STAR) FROM performance_schema.events_statements_summary_by_digest"
    " WHERE SCHEMA_NAME IS NULL AND DIGEST IS NULL)"
)


class MysqlShardLoads:
    """`ShardLoads` over real servers. `root` is the repository, where relative TLS paths start."""

    def __init__(self, *, environ: Mapping[str, str], root: Path) -> None:
        self._environ = environ
        self._root = root

    def measure(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Measured]:
        def look(shard: ShardSpec, patience: Patience) -> Measured:
            try:
                with measuring_session(shard, patience, self._environ, self._root) as (
                    link,
                    server,
                ):
                    return _measured(shard.name, link, server)
            except ReconcilerError as error:
                return Measured(shard=shard.name, unseen=(error.problems[0].message,))
            except Exception as error:  # whatever a server made of it, it is this shard's alone
                problem = look_failed(f"shard {shard.name}", error)
                return Measured(shard=shard.name, unseen=(problem.message,))

        found = map_with_deadline(look, shards, parallel=parallel, limit_s=lambda _: LOAD_S_MAX)
        return [
            Measured(shard=shard.name, unseen=(f"it took longer than {LOAD_S_MAX} s",))
            if isinstance(one, Overdue)
            else one
            for shard, one in zip(shards, found, strict=True)
        ]

    def sample(self, shard: ShardSpec, tables: Sequence[SampledTable]) -> tuple[Value, ...]:
        def look(shard: ShardSpec, patience: Patience) -> tuple[Value, ...]:
            with measuring_session(shard, patience, self._environ, self._root) as (link, _):
                return tuple(
                    value
                    for table in tables
                    for value in sampled_values(link, table, random.random)
                )

        [found] = map_with_deadline(look, [shard], parallel=1, limit_s=lambda _: SAMPLE_S_MAX)
        if isinstance(found, Overdue):
            reason = f"its rows could not be sampled within {SAMPLE_S_MAX} s"
            raise Unavailable(shard_timeout(f"shard {shard.name}", reason))
        return found


def _measured(shard: str, link: Link, server: ServerLook) -> Measured:
    database = database_of(link)
    privileges = read_privileges(link, server)
    if privileges is not None and not privileges.on_database(database) & SHOWS_TABLES:
        raise Unavailable(hidden_tables(link.target.label))
    listing = list_with_facts(link, database)
    facts = [listing.facts[table] for table in listing.tables]
    sizes = [one.size_bytes for one in facts if one.size_bytes is not None]
    rows = [one.rows for one in facts if one.rows is not None]
    unseen = []
    if len(sizes) < len(facts) or len(rows) < len(facts):
        unseen.append("its server keeps no statistics of some of its tables")
    statements = _statements(link)
    if isinstance(statements, str):
        unseen.append(statements)
    return Measured(
        shard=shard,
        size_bytes=_believed(sum(sizes)) if len(sizes) == len(facts) else None,
        rows=_believed(sum(rows)) if len(rows) == len(facts) else None,
        statements=statements if isinstance(statements, StatementCount) else None,
        unseen=tuple(unseen),
    )


def _statements(link: Link) -> StatementCount | str:
    """Or, in words, why they are not counted."""
    try:
        is_on, here, unnamed = map(number, link.row(_COUNTS, width=3))
        up_s = number(link.row(UPTIME, width=2)[1])
    except ServerRefusal:
        return (
            "its login may not read performance_schema.events_statements_summary_by_digest:"
            " statements are not counted"
        )
    if is_on and unnamed:
        return (
            "performance_schema of its server had no room for some statements: raise"
            " performance_schema_digests_size"
        )
    if not is_on or not here or up_s is None:
        # This session's own statements would be counted.
        return "performance_schema of its server counts no statements"
    if _believed(here) is None or _believed(up_s) is None:
        return "its server counts more statements than there can have been"
    return StatementCount(count=here, up_s=up_s)


def _believed(number: int) -> int | None:
    """None for what no server has, and no ledger takes."""
    return number if 0 <= number <= LOAD_NUMBER_MAX else None
