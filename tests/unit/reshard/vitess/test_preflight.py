"""What topology, VSchema and targets say against a Reshard, before anybody reviews it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.guard.topology import reshard_topology_problems
from reconciler.model.topology import OpenMigration, Serving, Topology
from reconciler.reshard.job import TableGround
from reconciler.reshard.settled import is_settled_in
from reconciler.reshard.vitess.preflight import (
    serving_shards,
    source_problems,
    spread_by,
    table_problems,
    target_problems,
    wanted_reshard,
)
from reconciler.spec.model import Environment
from reconciler.vschema.document import ColumnVindex, RoutedTable, VSchema
from tests.sample_split_plans import VITESS_SPEC, spec
from tests.unit.guard.test_topology import SOUND, shard

ROUTED = ColumnVindex(name="hash", columns=("region", "id"))
VSCHEMA = VSchema(
    sharded=True,
    tables=(
        RoutedTable(name="countries", type="reference"),
        RoutedTable(name="log", pinned="00"),
        RoutedTable(name="orders", column_vindexes=(ROUTED,)),
    ),
)


def topology(*closed: str, without_primary: tuple[str, ...] = ()) -> Topology:
    more = (
        *(shard(name, Serving.CLOSED) for name in closed),
        *(replace(shard(name, Serving.NO_PRIMARY), primary="") for name in without_primary),
    )
    return replace(SOUND, shards=(*SOUND.shards, *more))


@pytest.mark.invariant("SP-96")
@pytest.mark.parametrize(
    ("tables", "codes"),
    [
        (["orders"], []),
        (["countries", "orders"], ["reshard-reference-table"]),
        (["log", "orders", "unknown"], ["reshard-table-unrouted", "reshard-table-unrouted"]),
        ([], ["reshard-nothing-moves"]),
    ],
)
def test_every_table_of_the_sources_is_one_that_vitess_can_spread(
    tables: list[str], codes: list[str]
) -> None:
    assert [one.code for one in table_problems("shop", tables, VSCHEMA)] == codes


def test_a_table_is_spread_by_all_columns_of_its_first_vindex() -> None:
    assert spread_by(["orders"], VSCHEMA) == {"orders": ("region", "id")}


@pytest.mark.invariant("SP-96")
def test_targets_are_there_with_a_primary() -> None:
    there = topology("-40", without_primary=("40-80",))
    said = [one.message for one in target_problems(there, ("-40", "40-80", "c0-"))]
    assert [("40-80" in one, "has no primary" in one) for one in said] == [
        (True, True),
        (False, False),
    ]
    assert "c0-, which is to come, is not in the topology" in said[1]


@pytest.mark.invariant("SP-96")
def test_a_shard_that_is_no_target_serves() -> None:
    there = topology("-40", "40-80", "c0-")
    [problem] = reshard_topology_problems(there, (), ("-40", "40-80"))
    assert problem.code == "vitess-shard-not-serving"
    assert problem.message.startswith("shard c0-")
    online = OpenMigration(uuid="u", shard="-80", table="t", status="running", context="cli:x")
    busy = replace(topology("-40", "40-80"), migrations=(online,), vtgate_version="23.0.0")
    found = reshard_topology_problems(busy, ("zone9",), ("-40", "40-80"))
    assert [one.code for one in found] == [
        "vitess-cluster-unknown",
        "vitess-cell-gone",
        "vitess-migration-of-others",
    ]


def ground(shard_name: str, table: str, columns: str = "sha256:1") -> TableGround:
    return TableGround(shard=shard_name, table=table, table_id=0, columns=columns)


@pytest.mark.invariant("SP-96")
def test_sources_that_are_merged_have_the_same_tables() -> None:
    alike = [ground("-80", "orders"), ground("80-", "orders")]
    assert not list(source_problems(alike))
    other = [ground("-80", "orders"), ground("80-", "orders", "sha256:2")]
    assert [one.code for one in source_problems(other)] == ["reshard-sources-differ"]
    for more in ("-80", "80-"):
        [missing] = source_problems([*alike, ground(more, "log")])
        assert "table log" in missing.message


@pytest.mark.invariant("SP-96")
def test_a_topology_that_has_a_gap_makes_no_move() -> None:
    gapped = replace(SOUND, shards=(shard("-80"), shard("c0-")))
    found = wanted_reshard(gapped, ("-40", "40-80", "c0-"), ("-80",))
    assert [one.code for one in found.problems] == ["reshard-shards-unsound"]


def environment() -> Environment:
    found = spec(VITESS_SPEC).environment("production")
    assert found is not None
    return found


@pytest.mark.invariant("SP-98")
def test_shards_that_retire_are_forgotten_when_exactly_the_others_serve() -> None:
    after = (shard("-40"), shard("40-80"), shard("80-"))
    gone = replace(SOUND, shards=after)
    switched = replace(SOUND, shards=(*after, shard("-80", Serving.CLOSED)))
    assert is_settled_in(gone, environment())
    assert is_settled_in(switched, environment())
    both = replace(SOUND, shards=(*after, shard("-80")))
    half = replace(SOUND, shards=(shard("-40"), shard("40-80", Serving.CLOSED), shard("80-")))
    for unsettled in (topology("-40", "40-80"), both, half):
        assert not is_settled_in(unsettled, environment())


@pytest.mark.invariant("SP-98")
def test_a_shard_in_both_lists_is_refused_and_not_forgotten() -> None:
    listed = VITESS_SPEC.replace('["-40", "40-80", "80-"]', '["-80", "80-"]')
    both = spec(listed).environment("production")
    assert both is not None
    assert not is_settled_in(SOUND, both)


def test_a_shard_that_does_not_answer_serves_by_the_topology() -> None:
    silent = replace(SOUND, shards=(shard("-80", Serving.SILENT), shard("80-")))
    assert serving_shards(silent) == ("-80", "80-")
