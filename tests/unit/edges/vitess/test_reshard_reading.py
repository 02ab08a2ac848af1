"""What vtctldclient says of a Reshard, as Vitess 24 was seen to say it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.edges.vitess.reshard_reading import (
    read_comparison,
    read_ground,
    read_places,
    read_reads_switched,
    read_shard_names,
    read_spread,
    read_streams,
)
from reconciler.errors import Unavailable
from reconciler.reshard.vitess.seen import ComparisonState, StreamState
from reconciler.reshard.vitess.work import ReshardWork

WORK = ReshardWork(
    job=1, identity="a" * 64, sources=("-80",), targets=("-40", "40-80"), tables=("orders",)
)


def stream(source: str, target: str, **changes: Any) -> dict[str, Any]:
    return {
        "shard": target,
        "binlog_source": {"keyspace": "shop", "shard": source},
        "state": "Running",
        "message": "",
        "copy_states": [],
        "rows_copied": "5",
        **changes,
    }


def workflow(name: str, sources: list[str], targets: list[str], **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "workflow_type": "Reshard",
        "source": {"keyspace": "shop", "shards": sources},
        "target": {"keyspace": "shop", "shards": targets},
        "max_v_replication_lag": "2",
        "shard_streams": {
            f"{target}/zone1-1": {"streams": [stream(source, target) for source in sources]}
            for target in targets
        },
        **changes,
    }


def test_streams_of_the_job_are_told_from_those_that_lead_back() -> None:
    there = workflow(WORK.workflow, ["-80"], ["40-80", "-40"])
    back = workflow(WORK.reverse, ["-40", "40-80"], ["-80"])
    there["shard_streams"]["-40/zone1-1"]["streams"] = [
        stream("-80", "-40", state="Stopped", message="FROZEN")
    ]
    streams, reverse, foreign, lag_s = read_streams({"workflows": [there, back]}, WORK)
    assert [(one.source, one.target, one.is_frozen) for one in streams] == [
        ("-80", "-40", True),
        ("-80", "40-80", False),
    ]
    assert streams[0].state is StreamState.STOPPED
    assert [(one.source, one.target) for one in reverse] == [("-40", "-80"), ("40-80", "-80")]
    assert (foreign, lag_s) == ((), 2.0)


@pytest.mark.invariant("SP-90")
@pytest.mark.parametrize(
    "found",
    [
        workflow("theirs", ["-80"], ["-40", "40-80"]),
        workflow(WORK.workflow, ["-80"], ["-20", "20-80"]),
        workflow(WORK.workflow, ["-80"], ["-40", "40-80"], workflow_type="MoveTables"),
        workflow(WORK.reverse, ["-80"], ["-40", "40-80"]),
    ],
)
def test_a_workflow_that_moves_something_else_is_somebody_elses(found: dict[str, Any]) -> None:
    streams, reverse, foreign, _ = read_streams({"workflows": [found]}, WORK)
    assert (streams, reverse) == ((), ())
    assert [problem.code for problem in foreign] == ["reshard-workflow-of-others"]
    assert found["name"] in foreign[0].message


@pytest.mark.invariant("SP-124")
@pytest.mark.parametrize("name", [WORK.workflow, WORK.reverse])
def test_a_workflow_that_was_cut_off_is_still_the_jobs(name: str) -> None:
    """Streams were made at one target, or the other target was deleted since."""
    ends = (["-80"], ["-40"]) if name == WORK.workflow else (["-40"], ["-80"])
    streams, reverse, foreign, _ = read_streams({"workflows": [workflow(name, *ends)]}, WORK)
    assert [(one.source, one.target) for one in (*streams, *reverse)] == [(ends[0][0], ends[1][0])]
    assert foreign == ()


@pytest.mark.parametrize("broken", [{"state": "Dreaming"}, {"copy_states": None, "message": None}])
def test_a_stream_that_is_not_understood_is_none(broken: dict[str, Any]) -> None:
    found = workflow(WORK.workflow, ["-80"], ["-40"])
    found["target"]["shards"] = ["-40", "40-80"]
    one = stream("-80", "-40", **broken)
    if broken.get("message", "") is None:
        del one["rows_copied"]
    found["shard_streams"] = {"-40/zone1-1": {"streams": [one]}}
    with pytest.raises(Unavailable):
        read_streams({"workflows": [found]}, WORK)


def vdiff(**tables: dict[str, Any]) -> dict[str, Any]:
    return {
        "State": "completed",
        "RowsCompared": 12,
        "HasMismatch": any(one.get("HasMismatch") for one in tables.values()),
        "ShardSummaries": {"-40": {"TableStates": tables}, "40-80": {"TableStates": tables}},
    }


@pytest.mark.invariant("SP-91")
def test_a_table_that_one_target_lacks_was_not_compared() -> None:
    found = vdiff(orders={"State": "completed", "HasMismatch": False})
    assert read_comparison(found, WORK.targets).tables == ("orders",)
    found["ShardSummaries"]["40-80"] = {"TableStates": {}}
    assert read_comparison(found, WORK.targets).tables == ()


@pytest.mark.invariant("SP-91")
def test_a_difference_counts_before_the_comparison_is_over() -> None:
    found = vdiff(orders={"State": "started", "HasMismatch": True})
    seen = read_comparison({**found, "State": "started"}, WORK.targets)
    assert seen.state is ComparisonState.STARTED
    assert seen.differing == ("orders",)
    assert read_comparison({**vdiff(), "HasMismatch": True}, WORK.targets).differing


def test_the_counter_of_a_table_is_no_part_of_its_definition() -> None:
    def ground(schema: str) -> object:
        return read_ground({"table_definitions": [{"name": "t", "schema": schema}]}, "-80", {})

    before = "CREATE TABLE `t` (\n  `id` int\n) ENGINE=InnoDB AUTO_INCREMENT=5 COMMENT='x'"
    assert ground(before) == ground(before.replace("=5", "=77"))
    assert ground(before) != ground(before.replace("int", "bigint"))


@pytest.mark.invariant("SP-102")
def test_how_rows_are_spread_is_part_of_a_table_and_other_indexes_are_not() -> None:
    def ground(**changes: Any) -> object:
        by_id = {"column": "id", "name": "by_id"}
        table = {"column_vindexes": [by_id, {"column": "email", "name": "by_email"}]}
        vschema: dict[str, Any] = {
            "sharded": True,
            "vindexes": {"by_id": {"type": "xxhash"}, "by_email": {"type": "lookup"}},
            "tables": {"t": table, "other": table},
        }
        answer = {"table_definitions": [{"name": "t", "schema": "CREATE TABLE `t` (\n)"}]}
        return read_ground(answer, "-80", read_spread({**vschema, **changes}))

    before = ground()
    assert ground(vindexes={"by_id": {"type": "hash"}}) != before
    assert ground(vindexes={"by_id": {"type": "xxhash"}}) == before
    assert ground(tables={"t": {"column_vindexes": [{"column": "a", "name": "by_id"}]}}) != before
    assert ground(tables={"t": {"type": "reference"}}) != before
    assert ground(tables={}) != before
    assert ground(tables={"t": {"column_vindexes": [{"column": "id", "name": "by_id"}]}}) == before


def test_a_shard_without_a_primary_has_no_place() -> None:
    record = {"primary_alias": {"cell": "zone1", "uid": 103}, "is_primary_serving": True}
    gone = {"primary_alias": None, "is_primary_serving": False}
    answer = {"shards": {"-40": {"shard": record}, "40-80": {"shard": gone}}}
    assert read_places(answer) == ({"-40": "zone1-103"}, frozenset({"-40"}))
    assert read_shard_names(answer) == {"-40", "40-80"}
    with pytest.raises(Unavailable):
        read_places({"shards": {"-40": {"shard": {**record, "is_primary_serving": None}}}})


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("Reads Not Switched. Writes Not Switched", False),
        ("All Reads Switched. Writes Not Switched", True),
        ("All Reads Switched. Writes Switched", True),
    ],
)
def test_where_reads_go_is_told_by_the_traffic(told: str, expected: bool) -> None:
    assert read_reads_switched({"traffic_state": told}) is expected
