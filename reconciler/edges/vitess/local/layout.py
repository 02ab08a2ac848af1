"""What a cluster is to be: its keyspaces, and which tablet stands before which server.

Each server holds at most one shard of a keyspace where there are servers enough: shards of one
keyspace share the keyspace's sidecar database, and on one server their migrations would be one
another's. Keyspaces share servers, for each has a sidecar database of its own.
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
    servers."""

    name: str
    shards: tuple[str, ...] = UNSHARDED
    vschema: str = ""
    sidecar: str = SIDECAR

    @property
    def is_sharded(self) -> bool:
        return self.shards != UNSHARDED

    @property
    def first_vschema(self) -> str:
        return self.vschema or json.dumps({"sharded": self.is_sharded})


@dataclass(frozen=True, slots=True, kw_only=True)
class TabletPlace:
    """A tablet, the primary of its shard. `server` counts from 1."""

    uid: int
    keyspace: str
    shard: str
    server: int
    database: str

    @property
    def name(self) -> str:
        return f"vttablet-{self.uid}"

    @property
    def alias(self) -> str:
        return f"{CELL}-{self.uid:010d}"


def sharded(
    name: str, shards: int, *, vschema: str = "", sidecar: str = SIDECAR
) -> ClusterKeyspace:
    """A keyspace of so many equal key ranges."""
    return ClusterKeyspace(name=name, shards=even_shards(shards), vschema=vschema, sidecar=sidecar)


def place_tablets(
    keyspace: ClusterKeyspace, servers: int, *, taken: Iterable[int] = ()
) -> tuple[TabletPlace, ...]:
    """Its shards, dealt out to the servers in turn, by tablets with numbers that nobody has."""
    first = max(taken, default=100) + 1
    crowded = len(keyspace.shards) > servers
    return tuple(
        TabletPlace(
            uid=first + index,
            keyspace=keyspace.name,
            shard=shard,
            server=index % servers + 1,
            database=f"vt_{keyspace.name}" + (f"_{shard}" if crowded else ""),
        )
        for index, shard in enumerate(keyspace.shards)
    )
