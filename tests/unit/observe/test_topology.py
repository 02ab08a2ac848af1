"""The shards of a Vitess keyspace: from its topology, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import Refused
from reconciler.guard.model import Refusal
from reconciler.model.topology import Topology, Workflow
from reconciler.observe.topology import topology_refusals, with_shards
from reconciler.spec.model import Connection, Environment, ShardSpec, VitessCluster, Vtctld
from tests.offline_fleet import NoVitess, Shards, world
from tests.unit.guard.test_topology import SOUND, shard

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


@pytest.mark.invariant("VT-10")
@pytest.mark.invariant("GT-2")
def test_a_reshard_that_begins_or_ends_while_an_apply_runs_is_told_before_the_next_wave() -> None:
    resolved = with_shards(world(Shards({}), Fixed(SOUND)), ENVIRONMENT)
    assert topology_refusals(world(Shards({}), Fixed(SOUND)), resolved) == ()

    move = Workflow(name="r1", kind="Reshard", source="commerce", target="commerce")
    begun = Fixed(replace(SOUND, workflows=(move,)))
    assert codes(topology_refusals(world(Shards({}), begun), resolved)) == ["vitess-workflow"]

    ended = Fixed(replace(SOUND, shards=(shard("-40"), shard("40-80"), shard("80-"))))
    found = topology_refusals(world(Shards({}), ended), resolved)
    assert codes(found) == ["vitess-shards-changed"] * 3
    assert [one.shard for one in found] == ["-40", "-80", "40-80"]


def test_shards_that_a_spec_lists_hold_no_wave() -> None:
    listed = Environment(name="production", shards=(ShardSpec(name="-", connection=Connection()),))
    assert topology_refusals(world(Shards({})), listed) == ()


def codes(refusals: tuple[Refusal, ...]) -> list[str]:
    return [refusal.code for refusal in refusals]
