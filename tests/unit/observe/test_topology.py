"""The shards of a Vitess keyspace: from its topology, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import Refused
from reconciler.model.topology import Topology, Workflow
from reconciler.observe.topology import with_shards
from reconciler.spec.model import Connection, Environment, ShardSpec, VitessCluster, Vtctld
from tests.offline_fleet import NoVitess, Shards, world
from tests.unit.guard.test_topology import SOUND

CLUSTER = VitessCluster(
    vtgate=Connection(host="vtgate.internal", port="15306", user="u", password="p"),
    vtctld=Vtctld(address="vtctld.internal:15999"),
    keyspace="commerce",
    cells=("zone1",),
)
ENVIRONMENT = Environment(name="production", vitess=CLUSTER)


class Fixed(NoVitess):
    """`Keyspaces` with one answer."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology

    def topology(self, cluster: VitessCluster) -> Topology:
        return self._topology


@pytest.mark.invariant("VT-10")
def test_each_shard_is_reached_over_vtgate_at_its_primary() -> None:
    found = with_shards(world(Shards({}), Fixed(SOUND)), ENVIRONMENT)
    assert found.shards == (
        ShardSpec(name="-80", connection=replace(CLUSTER.vtgate, database="commerce:-80@primary")),
        ShardSpec(name="80-", connection=replace(CLUSTER.vtgate, database="commerce:80-@primary")),
    )


def test_shards_that_a_spec_lists_are_asked_of_nobody() -> None:
    listed = Environment(name="production", shards=(ShardSpec(name="-", connection=Connection()),))
    assert with_shards(world(Shards({})), listed) is listed


@pytest.mark.invariant("VT-12")
def test_everything_that_is_in_the_way_is_told_at_once() -> None:
    move = Workflow(name="mv", kind="MoveTables", source="commerce", target="main")
    topology = replace(SOUND, cells=(), workflows=(move,))
    with pytest.raises(Refused) as refused:
        with_shards(world(Shards({}), Fixed(topology)), ENVIRONMENT)
    assert [one.code for one in refused.value.problems] == ["vitess-cell-gone", "vitess-workflow"]
