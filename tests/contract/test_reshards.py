"""What `Reshards` promises, asked of the one that simulations run on and of a real Vitess: whatever
is decided of a Reshard rests on both being alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from reconciler.edges.vitess.reshards import VitessReshards
from reconciler.ports.reshards import Reshards
from reconciler.ports.split_servers import Busy
from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.vitess.seen import ComparisonState, ReshardSeen, StreamState
from reconciler.reshard.vitess.work import ReshardWork
from reconciler.spec.model import Connection, VitessCluster, Vtctld
from tests.integration.mysql_edges import ROOT
from tests.sim.reshard.vitess import TABLE, Shard, SimVitess
from tests.vitess import Vitess, cluster_of
from tests.waiting import until

SOURCES, TARGETS = ("-80",), ("-40", "40-80")
COMPARISON = "0d2cbb1c-6b1f-4d0c-9f2e-6b4f3a2e1d00"
ROUTED = json.dumps(
    {
        "sharded": True,
        "vindexes": {"by_id": {"type": "xxhash"}},
        "tables": {TABLE: {"column_vindexes": [{"column": "id", "name": "by_id"}]}},
    }
)
WORK = ReshardWork(job=7, identity="d" * 64, sources=SOURCES, targets=TARGETS, tables=(TABLE,))


@dataclass(frozen=True, kw_only=True)
class Stand:
    """`fill` makes a table of that name on a target, as somebody else would."""

    reshards: Reshards
    cluster: VitessCluster
    fill: Callable[[str, str], None]

    def look(self, comparison: str | None = None) -> ReshardSeen:
        return self.reshards.look(self.cluster, WORK, comparison=comparison)

    def take(self, *steps: ReshardStep) -> Busy | None:
        """What the last of them comes to."""
        taken = None
        for step in steps:
            taken = self.reshards.carry_out(
                self.cluster, WORK, step, comparison=COMPARISON, switch_s=10
            )
        return taken

    def copied(self) -> None:
        assert self.take(ReshardStep.CREATE, ReshardStep.START) is None
        until(lambda: self.look().is_copied, "the copy")

    def switched(self) -> None:
        self.copied()
        assert self.take(ReshardStep.SWITCH_READS) is None
        assert self.take(ReshardStep.SWITCH_WRITES) is None


@pytest.fixture(params=["simulated", pytest.param("vitess", marks=pytest.mark.vitess)])
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    if request.param == "simulated":
        yield simulated()
        return
    vitess: Vitess = request.getfixturevalue("vitess")
    keyspace = vitess.keyspace(vschema=ROUTED)
    vitess.sql(keyspace, f"CREATE TABLE {TABLE} (id bigint PRIMARY KEY, v int)")
    rows = ", ".join(f"({number}, {number})" for number in range(200))
    vitess.sql(keyspace, f"INSERT INTO {TABLE} (id, v) VALUES {rows}")
    vitess.add_shards(keyspace, *TARGETS)

    def fill(shard: str, table: str) -> None:
        vitess.on_server(keyspace, shard, f"CREATE TABLE {table} (id int PRIMARY KEY)")

    cluster = cluster_of(vitess, keyspace)
    environ: dict[str, str] = {}
    yield Stand(reshards=VitessReshards(environ=environ, root=ROOT), cluster=cluster, fill=fill)


def simulated() -> Stand:
    serving = {name: Shard(serves=True, writable=True, tables={TABLE}) for name in ("-80", "80-")}
    vitess = SimVitess({**serving, **{name: Shard(False, False) for name in TARGETS}})
    for key in range(200):
        assert vitess.write(key, key)

    def fill(shard: str, table: str) -> None:
        vitess.shards[shard].tables.add(table)

    cluster = VitessCluster(vtgate=Connection(), vtctld=Vtctld(address="h:1"), keyspace="shop")
    return Stand(reshards=vitess, cluster=cluster, fill=fill)


@pytest.mark.invariant("SP-91")
def test_before_a_move_the_sources_serve_and_the_targets_are_empty(stand: Stand) -> None:
    seen = stand.look()
    assert seen.serving == set(SOURCES)
    assert (seen.gone, seen.streams, seen.reverse, seen.filled, seen.strange) == ((),) * 5
    assert [(one.shard, one.table) for one in seen.ground] == [("-80", TABLE)]
    assert (seen.foreign, seen.lag_s, seen.are_reads_switched) == ((), None, False)


@pytest.mark.invariant("SP-91")
def test_every_step_to_the_end_is_taken_and_shows(stand: Stand) -> None:
    assert stand.take(ReshardStep.CREATE) is None
    created = stand.look()
    assert [(one.source, one.target) for one in created.streams] == list(WORK.streams)
    assert {one.state for one in created.streams} == {StreamState.STOPPED}
    assert sorted(created.filled) == [(shard, TABLE) for shard in TARGETS]
    assert not created.is_copied
    assert stand.take(ReshardStep.START) is None
    until(lambda: stand.look().is_copied, "the copy")
    assert stand.look(COMPARISON).comparison is None
    assert stand.take(ReshardStep.COMPARE) is None
    until(lambda: compared(stand) is ComparisonState.COMPLETED, "the comparison")
    found = stand.look(COMPARISON).comparison
    assert found is not None
    assert (found.tables, found.differing) == ((TABLE,), ())
    foreseen = stand.reshards.foresee(stand.cluster, WORK, switch_s=10)
    assert isinstance(foreseen, tuple)
    assert foreseen
    assert stand.look().serving == set(SOURCES), "nothing is changed by foreseeing it"
    assert stand.take(ReshardStep.SWITCH_READS) is None
    assert stand.look().are_reads_switched
    assert stand.take(ReshardStep.SWITCH_WRITES) is None
    switched = stand.look()
    assert switched.serving == set(TARGETS)
    assert all(one.is_frozen for one in switched.streams)
    assert [(one.source, one.target) for one in switched.reverse] == sorted(
        (target, source) for source, target in WORK.streams
    )
    assert stand.take(ReshardStep.COMPLETE) is None
    ended = stand.look()
    assert (ended.gone, ended.streams, ended.reverse) == (SOURCES, (), ())
    assert ended.serving == set(TARGETS)


def compared(stand: Stand) -> ComparisonState | None:
    found = stand.look(COMPARISON).comparison
    return found.state if found else None


@pytest.mark.invariant("SP-95")
def test_what_was_switched_goes_back_and_is_taken_down(stand: Stand) -> None:
    stand.switched()
    assert stand.take(ReshardStep.SWITCH_BACK) is None
    back = stand.look()
    assert back.serving == set(SOURCES)
    assert not any(one.is_frozen for one in back.streams)
    for _ in range(2):  # the second time, nothing is there any more
        assert stand.take(ReshardStep.TAKE_DOWN) is None
    cleared = stand.look()
    assert (cleared.streams, cleared.reverse, cleared.filled) == ((), (), ())


@pytest.mark.invariant("SP-93")
def test_a_step_out_of_its_turn_is_refused_and_changes_nothing(stand: Stand) -> None:
    stand.copied()
    for step in (ReshardStep.CREATE, ReshardStep.COMPLETE):
        assert isinstance(stand.take(step), Busy), step
    assert stand.look().serving == set(SOURCES)
    assert stand.look().is_copied
    assert stand.take(ReshardStep.SWITCH_READS, ReshardStep.SWITCH_WRITES) is None
    assert isinstance(stand.take(ReshardStep.TAKE_DOWN), Busy)
    assert stand.look().serving == set(TARGETS)


@pytest.mark.invariant("SP-93")
def test_what_stands_on_a_target_is_told_apart_and_kept(stand: Stand) -> None:
    stand.fill("-40", "stranger")
    assert stand.look().strange == (("-40", "stranger"),)
    stand.fill("40-80", TABLE)
    assert stand.look().filled == (("40-80", TABLE),)
    assert isinstance(stand.take(ReshardStep.CREATE), Busy)
