"""What a cluster is to be: its keyspaces, and which tablet stands before which server.

Each server holds at most one shard of a keyspace where there are servers enough: shards of one
keyspace share the keyspace's sidecar database, and on one server their migrations would be one
another's. Keyspaces share servers, for each has a sidecar database of its own; those of a keyspace
with replicas are no other's, for a replica takes over all that its primary's server has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.model.fleet import even_shards

CELL = "zone1"
UNSHARDED = ("-",)
SIDECAR = "_vt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterKeyspace:
    """`vschema` is the JSON that it begins with. `sidecar` must be no other keyspace's on the same
    servers. `replicas` are those of each shard; their servers have `SEMI_SYNC_OPTIONS`."""

    name: str
    shards: tuple[str, ...] = UNSHARDED
    vschema: str = ""
    sidecar: str = SIDECAR
    replicas: int = 0

    def __post_init__(self) -> None:
        assert self.replicas >= 0, "so many of each shard"

    @property
    def is_sharded(self) -> bool:
        return self.shards != UNSHARDED

    @property
    def durability(self) -> str:
        """A policy of Vitess': who must have a transaction before it counts as written."""
        return "semi_sync" if self.replicas else "none"

    @property
    def first_vschema(self) -> str:
        return self.vschema or json.dumps({"sharded": self.is_sharded})


@dataclass(frozen=True, slots=True, kw_only=True)
class TabletPlace:
    """A tablet, which begins as the primary of its shard or as a replica. `server` counts from
    1."""

    uid: int
    keyspace: str
    shard: str
    server: int
    database: str
    is_replica: bool = False

    @property
    def name(self) -> str:
        return f"vttablet-{self.uid}"

    @property
    def alias(self) -> str:
        return f"{CELL}-{self.uid:010d}"


def sharded(
    name: str, shards: int, *, vschema: str = "", sidecar: str = SIDECAR, replicas: int = 0
) -> ClusterKeyspace:
    """A keyspace of so many equal key ranges."""
    return ClusterKeyspace(
        name=name,
        shards=even_shards(shards),
        vschema=vschema,
        sidecar=sidecar,
        replicas=replicas,
    )


def place_tablets(
    keyspace: ClusterKeyspace, servers: int, *, taken: Iterable[int] = (), are_more: bool = False
) -> tuple[TabletPlace, ...]:
    """Its shards, dealt out to the servers in turn, by tablets with numbers that nobody has: each
    shard's primary, and behind it its replicas. `are_more`: others of the keyspace are there."""
    first = max(taken, default=100) + 1
    of_shard = 1 + keyspace.replicas
    wanted = len(keyspace.shards) * of_shard
    crowded = are_more or wanted > servers
    assert not (crowded and keyspace.replicas), "a replica has a server of its own"
    return tuple(
        TabletPlace(
            uid=first + index,
            keyspace=keyspace.name,
            shard=keyspace.shards[index // of_shard],
            server=index % servers + 1,
            database=f"vt_{keyspace.name}" + (f"_{keyspace.shards[index]}" if crowded else ""),
            is_replica=index % of_shard > 0,
        )
        for index in range(wanted)
    )
