"""What vtctldclient says of a keyspace is understood strictly, or refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from reconciler.edges.vitess.topology import (
    Primary,
    Serves,
    read_cells,
    read_keyspaces,
    read_migrations,
    read_serving,
    read_shards,
    read_workflows,
)
from reconciler.errors import Unavailable
from reconciler.model.topology import Serving, Workflow

# As vtctldclient 24.0.0 writes them, without what is not read.
KEYSPACES = [
    {"name": "main", "keyspace": {"durability_policy": "none", "sidecar_db_name": "_vt_main"}},
    {"name": "shop", "keyspace": {"durability_policy": "none", "sidecar_db_name": "_vt"}},
]
SHARDS = {
    "shards": {
        name: {
            "keyspace": "shop",
            "name": name,
            "shard": {
                "primary_alias": {"cell": "zone1", "uid": uid},
                "primary_term_start_time": {"seconds": "1795352157", "nanoseconds": 869278278},
                "key_range": {"start": "", "end": "gA=="},
                "is_primary_serving": True,
            },
        }
        for name, uid in (("80-", 102), ("-80", 101))
    }
}
MOVE = {
    "name": "mv",
    "source": {"keyspace": "shop", "shards": ["-80", "80-"]},
    "target": {"keyspace": "main", "shards": ["-"]},
    "workflow_type": "MoveTables",
}
MIGRATION: dict[str, object] = {
    "migration_uuid": "u",
    "shard": "-80",
    "mysql_table": "t",
    "migration_status": "queued",
    "migration_context": None,
    "tablet_failure": "0",
    "retries": "0",
}
TABLETS: list[dict[str, object]] = [
    {
        "Keyspace": "shop",
        "Shard": shard,
        "TabletType": "PRIMARY",
        "State": "SERVING",
        "Alias": alias,
        "PrimaryTermStartTime": "2026-11-22T12:55:57Z",
    }
    for shard, alias in (("-80", "zone1-0000000101"), ("80-", "zone1-0000000102"))
]
BOTH: Serves = read_serving(TABLETS, "shop")


def without(answer: Any, *path: str) -> Any:
    damaged = copy.deepcopy(answer)
    holder = damaged
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return damaged


def test_shards_come_in_key_order_with_the_alias_of_their_primaries() -> None:
    assert [(one.name, one.primary, one.serving) for one in read_shards(SHARDS, BOTH)] == [
        ("-80", "zone1-101", Serving.YES),
        ("80-", "zone1-102", Serving.YES),
    ]


def test_a_primary_that_vtgate_does_not_see_does_not_serve() -> None:
    found = {one.name: one.serving for one in read_shards(SHARDS, {"-80": BOTH["-80"]})}
    assert found == {"-80": Serving.YES, "80-": Serving.SILENT}


def test_a_primary_is_one_that_serves_the_keyspace_since_a_moment() -> None:
    assert BOTH["-80"] == {Primary("zone1-101", 1795352157)}
    others = [{**TABLETS[0], **of} for of in ({"Keyspace": "main"}, {"State": "NOT_SERVING"})]
    assert read_serving([*others, {**TABLETS[0], "TabletType": "REPLICA"}], "shop") == {}


@pytest.mark.invariant("VT-38")
@pytest.mark.threat("TM-VTCTLD-4")
@pytest.mark.parametrize(
    "of_another_cluster",
    [{"Alias": "zone1-0000000103"}, {"PrimaryTermStartTime": "2026-11-22T12:55:58Z"}],
)
def test_a_shard_of_which_each_has_another_primary_is_disputed(
    of_another_cluster: dict[str, object],
) -> None:
    others = read_serving([TABLETS[0], {**TABLETS[1], **of_another_cluster}], "shop")
    found = {one.name: one.serving for one in read_shards(SHARDS, others)}
    assert found == {"-80": Serving.YES, "80-": Serving.DISPUTED}


def test_while_a_shard_gets_another_primary_either_may_be_named() -> None:
    newer = {**TABLETS[0], "Alias": "zone1-0000000104", "PrimaryTermStartTime": "2026-11-22T13:00Z"}
    (first, _) = read_shards(SHARDS, read_serving([newer, *TABLETS], "shop"))
    assert first.serving is Serving.YES


@pytest.mark.invariant("VT-12")
@pytest.mark.parametrize("told", [{"Alias": "none"}, {"PrimaryTermStartTime": ""}])
def test_a_tablet_that_is_half_told_is_no_primary(told: dict[str, object]) -> None:
    with pytest.raises(KeyError):
        read_serving([without(TABLETS[0], "Shard")], "shop")
    with pytest.raises(ValueError, match="nvalid"):
        read_serving([TABLETS[0] | told], "shop")


def test_a_shard_without_primary_and_one_that_is_closed_are_told_apart() -> None:
    answer: Any = copy.deepcopy(SHARDS)
    answer["shards"]["-80"]["shard"]["primary_alias"] = None
    answer["shards"]["80-"]["shard"]["is_primary_serving"] = False
    found = {one.name: one.serving for one in read_shards(answer, BOTH)}
    assert found == {"-80": Serving.NO_PRIMARY, "80-": Serving.CLOSED}


def test_a_workflow_counts_that_reads_from_the_keyspace_wherever_it_is_listed() -> None:
    answers = [{"workflows": []}, {"workflows": [MOVE]}]
    expected = (Workflow(name="mv", kind="MoveTables", source="shop", target="main"),)
    assert read_workflows(answers, "shop") == expected
    assert read_workflows(answers, "main") == expected
    assert read_workflows(answers, "other") == ()


def test_what_an_online_ddl_copies_by_is_told_of_by_its_migration_alone() -> None:
    answers = [{"workflows": [{**MOVE, "workflow_type": "OnlineDDL"}]}]
    assert read_workflows(answers, "shop") == ()


def test_keyspaces_cells_and_migrations() -> None:
    assert read_keyspaces(KEYSPACES) == {"main": "_vt_main", "shop": "_vt"}
    assert read_cells("zone2\nzone1\n") == ("zone1", "zone2")
    [migration] = read_migrations([MIGRATION])
    assert (migration.uuid, migration.context, migration.is_own) == ("u", "", False)


@pytest.mark.invariant("VT-12")
@pytest.mark.parametrize(
    ("told", "is_open"),
    [
        ({"migration_status": "running", "tablet_failure": "1"}, True),
        ({"migration_status": "failed", "tablet_failure": "1"}, True),
        ({"migration_status": "failed", "tablet_failure": "1", "retries": "1"}, False),
        ({"migration_status": "failed"}, False),
        ({"migration_status": "cancelled", "tablet_failure": "1"}, False),
        ({"migration_status": "complete", "tablet_failure": "1"}, False),
        ({"migration_status": "a word of tomorrow"}, True),
    ],
)
def test_a_migration_that_vitess_begins_again_by_itself_is_not_at_an_end(
    told: dict[str, object], is_open: bool
) -> None:
    """One that failed with its tablet, once."""
    assert bool(read_migrations([MIGRATION | told])) is is_open


@pytest.mark.invariant("VT-1")
@pytest.mark.threat("TM-VITESS-1")
@pytest.mark.parametrize("name", ["--server=elsewhere:1", "-h", ""])
def test_a_keyspace_whose_name_would_be_an_option_is_no_keyspace(name: str) -> None:
    """Each is asked for its workflows, by its name."""
    with pytest.raises(Unavailable, match="vtctld-misread"):
        read_keyspaces([*KEYSPACES, {"name": name, "keyspace": {}}])


@pytest.mark.invariant("VT-12")
@pytest.mark.threat("TM-VITESS-1")
@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"shards": [1]},
        without(SHARDS, "shards", "-80", "shard"),
        without(SHARDS, "shards", "-80", "shard", "primary_alias"),
        without(SHARDS, "shards", "-80", "shard", "primary_alias", "uid"),
        without(SHARDS, "shards", "-80", "shard", "primary_term_start_time"),
        without(SHARDS, "shards", "-80", "shard", "is_primary_serving"),
    ],
)
def test_shards_that_are_not_as_vitess_says_them_are_no_smaller_keyspace(answer: Any) -> None:
    with pytest.raises(Unavailable, match="vtctld-misread"):
        read_shards(answer, BOTH)


@pytest.mark.invariant("VT-12")
@pytest.mark.threat("TM-VITESS-1")
@pytest.mark.parametrize("key", ["name", "source", "target", "workflow_type"])
def test_a_workflow_that_is_half_told_is_not_left_out(key: str) -> None:
    with pytest.raises(Unavailable, match="vtctld-misread"):
        read_workflows([{"workflows": [without(MOVE, key)]}], "shop")
