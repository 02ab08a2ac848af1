"""The shards of a Vitess keyspace: asked of its topology here, and nowhere else (VT-10). To us a
keyspace at PlanetScale is one shard, for PlanetScale keeps its own to itself (PS-12).

From here on they are a list like any other: bound in the plan, put into waves, compared with what
was reviewed.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import ReconcilerError, Refused
from reconciler.guard.model import Refusal, refusals_from
from reconciler.guard.topology import listed_problems, topology_problems
from reconciler.model.topology import Topology
from reconciler.ports.world import World
from reconciler.spec.model import (
    Connection,
    Environment,
    PlanetScaleDatabase,
    ShardSpec,
    VitessCluster,
)


def with_shards(world: World, environment: Environment) -> Environment:
    """The environment with the shards that its topology has now; one whose spec lists them is as it
    was. Raises Unavailable, or Refused with everything that keeps the keyspace from being touched:
    what is known of it then is not enough to plan on."""
    if environment.planetscale is not None:
        return replace(environment, shards=(_whole(environment.planetscale),))
    cluster = environment.vitess
    if cluster is None:
        return environment
    topology = world.keyspaces.topology(cluster)
    problems = topology_problems(topology, cluster.cells) or listed_problems(
        topology, cluster.shards
    )
    if problems:
        raise Refused(*problems)
    return replace(environment, shards=shard_specs(cluster, topology))


def topology_refusals(world: World, environment: Environment) -> tuple[Refusal, ...]:
    """Why an environment whose shards are known must not be touched any further: before each wave,
    for a reshard may have begun since (GT-2)."""
    try:
        now = with_shards(world, environment)
    except ReconcilerError as error:
        return refusals_from(error)
    differing = {shard.name for shard in now.shards} ^ {shard.name for shard in environment.shards}
    return tuple(
        Refusal(
            code="vitess-shards-changed",
            message=f"shard {name}: the topology has come to other shards since this apply began",
            recovery="plan again for the shards that there are, and have it reviewed",
            shard=name,
        )
        for name in sorted(differing)
    )


def _whole(database: PlanetScaleDatabase) -> ShardSpec:
    """All of a keyspace at PlanetScale; nothing connects to it by this."""
    return ShardSpec(name=database.keyspace, connection=Connection())


def shard_specs(cluster: VitessCluster, topology: Topology) -> tuple[ShardSpec, ...]:
    """Sorted by name, each over vtgate to its primary and to nothing else."""
    return tuple(
        ShardSpec(
            name=name,
            connection=replace(cluster.vtgate, database=f"{cluster.keyspace}:{name}@primary"),
        )
        for name in sorted(shard.name for shard in topology.shards)
    )
