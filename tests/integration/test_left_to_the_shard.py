"""What policy leaves to each shard, on the whole path: shards that differ in it are as git says."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.plan.codec import load_plan
from reconciler.plan.model import PlanCore
from tests.conftest import FreshDatabase
from tests.fleet import Fleet

EVENTS = """CREATE TABLE events (
  id bigint NOT NULL,
  day int NOT NULL,
  PRIMARY KEY (id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
PARTITION BY RANGE (day) (
  PARTITION p1 VALUES LESS THAN (10),
  PARTITION p2 VALUES LESS THAN (20)
);
"""
FILE = "schemas/shop/events.sql"


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def fleet(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Fleet:
    server: RunningServer = request.getfixturevalue(request.param)
    return Fleet(tmp_path / "shop", [server], fresh_database, monkeypatch).found(
        2, {"events": EVENTS}
    )


def allow(fleet: Fleet, **policy: str) -> None:
    fleet.spec["policy"].update(policy)
    fleet.write_spec()


def core_of(fleet: Fleet) -> PlanCore:
    path = "plans/production/shop.plan.json"
    return load_plan(fleet.read(path).encode(), path).core


def lists(fleet: Fleet) -> list[list[str]]:
    query = (
        "SELECT PARTITION_NAME FROM information_schema.PARTITIONS"
        " WHERE TABLE_SCHEMA = DATABASE() ORDER BY PARTITION_ORDINAL_POSITION"
    )
    return [[name for (name,) in fleet.sql(shard, query)] for shard in fleet.databases]


def columns(fleet: Fleet) -> list[list[str]]:
    query = (
        "SELECT COLUMN_NAME FROM information_schema.COLUMNS"
        " WHERE TABLE_SCHEMA = DATABASE() ORDER BY ORDINAL_POSITION"
    )
    return [[name for (name,) in fleet.sql(shard, query)] for shard in fleet.databases]


def test_a_rotation_job_goes_on_while_a_plan_waits_and_while_it_runs(fleet: Fleet) -> None:
    first, second = fleet.databases
    rotates = "ALTER TABLE events ADD PARTITION (PARTITION p3 VALUES LESS THAN (30))"
    fleet.sql(second, rotates)
    assert fleet.run("drift").code == 2, "the list is git's, unless policy says otherwise"
    allow(fleet, partition_lists="rotation")
    assert fleet.run("drift").code == 0
    fleet.edit(FILE, "day int NOT NULL,", "day int NOT NULL,\n  what varchar(20) DEFAULT NULL,")
    fleet.plan_and_commit()
    (change_set,) = core_of(fleet).change_sets
    assert change_set.shards == (first, second), "lists that differ need the same statement"
    fleet.sql(first, rotates)
    fleet.sql(first, "ALTER TABLE events DROP PARTITION p1")
    assert fleet.run("verify").code == 0
    applied = fleet.run("apply")
    assert applied.code == 0, applied.said
    assert lists(fleet) == [["p2", "p3"], ["p1", "p2", "p3"]]
    assert all("what" in found for found in columns(fleet))
    assert fleet.run("plan", "--detailed-exitcode").code == 0


def test_a_list_that_git_owns_no_more_is_said_to_differ(fleet: Fleet) -> None:
    fleet.sql(next(iter(fleet.databases)), "ALTER TABLE events DROP PARTITION p1")
    allow(fleet, partition_lists="rotation")
    fleet.edit(FILE, "day int NOT NULL,", "day int NOT NULL,\n  what varchar(20) DEFAULT NULL,")
    said = fleet.run("plan").said
    assert "its list of partitions differs from the file and is left to the rotation job" in said


def test_another_rule_is_planned_though_the_list_is_left_alone(fleet: Fleet) -> None:
    allow(fleet, partition_lists="rotation")
    fleet.edit(FILE, "RANGE (day)", "RANGE (day + 1)")
    fleet.plan_and_commit()
    applied = fleet.run("apply")
    assert applied.code == 0, applied.said
    assert fleet.run("plan", "--detailed-exitcode").code == 0


def test_each_shard_keeps_its_own_order_of_columns(fleet: Fleet) -> None:
    _, second = fleet.databases
    fleet.sql(second, "ALTER TABLE events MODIFY day int NOT NULL FIRST")
    assert fleet.run("drift").code == 2, "the order is git's, unless policy says otherwise"
    allow(fleet, column_order="ignore")
    assert fleet.run("drift").code == 0
    fleet.edit(FILE, "id bigint NOT NULL,", "id bigint NOT NULL,\n  what int DEFAULT NULL,")
    fleet.plan_and_commit()
    assert len(core_of(fleet).change_sets) == 2, "the new column has another place"
    assert fleet.run("verify").code == 0
    applied = fleet.run("apply")
    assert applied.code == 0, applied.said
    assert columns(fleet) == [["id", "what", "day"], ["day", "id", "what"]]
    assert fleet.run("plan", "--detailed-exitcode").code == 0
