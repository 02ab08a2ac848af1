"""What of a keyspace's topology stops everything, by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.guard.limits import VITESS_NAMED_MAX
from reconciler.guard.topology import topology_problems
from reconciler.model.topology import OpenMigration, Serving, Topology, TopologyShard, Workflow


def shard(name: str, serving: Serving = Serving.YES) -> TopologyShard:
    return TopologyShard(name=name, primary="zone1-101", serving=serving)


SOUND = Topology(
    keyspace="commerce",
    shards=(shard("-80"), shard("80-")),
    cells=("zone1",),
    vtgate_version="24.0.1",
)
MIGRATION = OpenMigration(uuid="a_b", shard="-80", table="t", status="running", context="cli:x")


def said_of(topology: Topology, *cells: str) -> list[str]:
    return [f"{one.code}: {one.message}" for one in topology_problems(topology, cells)]


def test_a_keyspace_in_which_nothing_is_going_on_passes() -> None:
    assert said_of(SOUND, "zone1") == []


@pytest.mark.invariant("VT-12")
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"cells": ()}, "vitess-cell-gone: keyspace commerce: the spec names cell 'zone1'"),
        ({"shards": ()}, "vitess-shards: keyspace commerce: the list of shards is empty"),
        ({"shards": (shard("-80"),)}, "vitess-shards: keyspace commerce: no shard holds the keys"),
        (
            {"shards": (shard("-80"), shard("80-", Serving.NO_PRIMARY))},
            "vitess-shard-not-serving: shard 80-: the topology names no primary",
        ),
        (
            {"shards": (shard("-80"), shard("80-", Serving.SILENT))},
            "vitess-shard-not-serving: shard 80-: vtgate has no primary of it that serves",
        ),
        (
            {"shards": (shard("-80"), shard("80-", Serving.DISPUTED))},
            "vitess-primary-disputed: shard 80-: vtgate has another primary of it than zone1-101,",
        ),
        (
            {"shards": (shard("-80"), shard("80-"), shard("-40", Serving.CLOSED))},
            "vitess-shard-not-serving: shard -40: it does not serve",
        ),
        (
            {"workflows": (Workflow(name="r1", kind="Reshard", source="commerce", target="c"),)},
            "vitess-workflow: keyspace commerce: Reshard 'r1' is in progress, from commerce to c",
        ),
        (
            {"migrations": (MIGRATION,)},
            "vitess-migration-of-others: shard -80, table t: an online DDL that is not",
        ),
        (
            {"vtgate_version": "23.0.3"},
            "vitess-cluster-unknown: vtgate is of version 23.0.3; known to work: 24",
        ),
        ({"vtgate_version": ""}, "vitess-cluster-unknown: vtgate is of version (not told)"),
    ],
)
def test_each_is_refused_by_name(changed: dict[str, object], expected: str) -> None:
    [said] = said_of(replace(SOUND, **changed), "zone1")  # type: ignore[arg-type]
    assert said.startswith(expected)


def test_an_online_ddl_of_our_own_is_for_the_ledger_to_judge() -> None:
    assert said_of(replace(SOUND, migrations=(replace(MIGRATION, context="reconciler:x"),))) == []


def test_of_many_online_ddls_the_first_are_named_and_the_rest_counted() -> None:
    many = tuple(replace(MIGRATION, uuid=f"u{n}") for n in range(VITESS_NAMED_MAX + 3))
    said = said_of(replace(SOUND, migrations=many))
    assert len(said) == VITESS_NAMED_MAX + 1
    assert "and 3 more" in said[-1]
