"""What a flow asks of Vitess as a whole, for one environment."""

from __future__ import annotations

from typing import Protocol

from reconciler.model.topology import Topology
from reconciler.spec.model import VitessCluster


class Keyspaces(Protocol):
    """Of a cluster that a spec names; changes nothing unless a method says so."""

    def topology(self, cluster: VitessCluster) -> Topology:
        """The keyspace as it is now: whole, or, where a shard does not serve, with its shards
        alone. Raises Unavailable where vtgate, vtctld or the program that speaks to it cannot be
        had or answers something else, and Refused where there is no such keyspace."""
