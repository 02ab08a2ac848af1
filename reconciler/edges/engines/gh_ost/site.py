"""Where a run works: one table of one server, and the names of what it makes there."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.edges.engines.ownership import Record, digest
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.model.server import Flavor
from reconciler.plan.engines.gh_ost_names import Names, names_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    database: str
    flavor: Flavor
    server_sha256: str
    table: str
    names: Names


def site_of(shard: ShardLink, table: str) -> Site | None:
    """None for a table that gh-ost has no names for."""
    names = names_of(table)
    if names is None:
        return None
    return Site(
        database=shard.database,
        flavor=shard.server.settings.version.flavor,
        server_sha256=digest(shard.server.identity),
        table=table,
        names=names,
    )


def server_id(record: Record) -> int:
    """By which the run's reader of the binary log is known to the server; above the numbers that
    people give their servers."""
    return 3_000_000_000 + int(digest(record.run)[:12], 16) % 1_000_000_000
