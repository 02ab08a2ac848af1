"""What a flow asks of Vitess as a whole, for one environment."""

from __future__ import annotations

from typing import Protocol

from reconciler.errors import Problem
from reconciler.model.topology import TableKept, Topology
from reconciler.spec.model import VitessCluster


class VSchemas(Protocol):
    """The VSchemas of clusters that specs name. One that does not answer in time raises
    Unavailable; no address and no login is in any error (PL-12)."""

    def vschema(self, cluster: VitessCluster) -> str:
        """The VSchema as Vitess keeps it now, JSON; that of a keyspace without one is empty. Raises
        Unavailable, also where a cell does not route by it, and Refused where there is no such
        keyspace."""

    def try_vschema(self, cluster: VitessCluster, text: str) -> str | Problem:
        """`ApplyVSchema --dry-run`: the VSchema as Vitess would keep it, JSON, or in its own words
        why it would not. Changes nothing. Raises Unavailable."""

    def apply_vschema(self, cluster: VitessCluster, text: str) -> None:
        """Replace the VSchema by this one, and have every vtgate told. Raises Refused with Vitess'
        words where it was not taken, and Unavailable where that is not known: `vschema` tells."""


class Keyspaces(VSchemas, Protocol):
    """Of a cluster that a spec names; changes nothing unless a method says so."""

    def topology(self, cluster: VitessCluster) -> Topology:
        """The keyspace as it is now: whole, or, where a shard does not serve, with its shards
        alone. Raises Unavailable where vtgate, vtctld or the program that speaks to it cannot be
        had or answers something else, and Refused where there is no such keyspace."""

    def tables_kept(self, cluster: VitessCluster) -> tuple[TableKept, ...]:
        """Of each shard and table, what the last online DDL has left of it, where Vitess still has
        it. Raises Unavailable."""
