"""The main job with an engine in the spec: planned, applied, and refused where it must be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.integration.mysql_edges import admin_cursor

ITEMS = """CREATE TABLE items (
  id bigint NOT NULL,
  a int DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""
ROWS = 500
FleetOf = Callable[[RunningServer], Fleet]


@pytest.fixture
def fleet_of(
    tmp_path: Path, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> FleetOf:
    def found(server: RunningServer) -> Fleet:
        return with_rows(Fleet(tmp_path / "shop", [server], fresh_database, monkeypatch))

    return found


def with_rows(fleet: Fleet) -> Fleet:
    """Two shards with rows, and a change that writes every one of them again."""
    fleet.found(2, {"items": ITEMS})
    values = ", ".join(f"({number}, {number})" for number in range(ROWS))
    for shard in fleet.databases:
        fleet.sql(shard, f"INSERT INTO items VALUES {values}")
    fleet.edit("schemas/shop/items.sql", "  a int DEFAULT NULL", "  a bigint DEFAULT NULL")
    return fleet


def choose(fleet: Fleet, engine: object) -> None:
    fleet.spec["engine"] = engine
    fleet.write_spec()


def planned(fleet: Fleet) -> str:
    ended = fleet.run("plan", "--write")
    assert ended.code == 0, ended.said
    fleet.commit("wider")
    return ended.out


def refused(fleet: Fleet, code: str) -> str:
    before = fleet.all_definitions()
    ended = fleet.run("plan", "--write")
    assert ended.code == 3, ended.said
    assert f"[{code}]" in ended.said
    assert fleet.all_definitions() == before
    return " ".join(ended.said.split())


def check_applied(fleet: Fleet) -> None:
    applied = fleet.run("apply")
    assert applied.code == 0, applied.said
    for shard, definitions in fleet.all_definitions().items():
        assert [*definitions] == ["items"], "nothing is left beside the table"
        assert "`a` bigint" in definitions["items"]
        assert fleet.sql(shard, "SELECT COUNT(*), SUM(a) FROM items") == ((ROWS, sum(range(ROWS))),)
        assert not fleet.sql(shard, "SHOW TRIGGERS")
    assert fleet.run("drift").code == 0
    assert "nothing to do" in fleet.run("apply").out


@pytest.mark.invariant("EN-13")
@pytest.mark.parametrize(
    ("engine", "server"),
    [
        pytest.param(name, server, marks=pytest.mark.engine(name))
        for name, server in (
            (EngineName.GH_OST, "mysql_server"),
            (EngineName.GH_OST, "mariadb_server"),
            (EngineName.SPIRIT, "mysql_server"),
            (EngineName.PT_OSC, "mysql_server"),
            (EngineName.PT_OSC, "mariadb_server"),
            (EngineName.PT_OSC, "mariadb_10_server"),
        )
    ],
)
def test_the_engine_of_the_spec_is_planned_and_carries_it_out(
    engine: EngineName, server: str, fleet_of: FleetOf, request: pytest.FixtureRequest
) -> None:
    fleet = fleet_of(request.getfixturevalue(server))
    choose(fleet, {"rebuild": {"use": engine.value}})
    assert f"{engine.upper()} COPY" in planned(fleet)
    verified = fleet.run("verify")
    assert verified.code == 0, verified.said
    check_applied(fleet)


@pytest.mark.engine(EngineName.GH_OST)
def test_the_first_engine_that_can_take_it_does(
    mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mysql_server)
    choose(fleet, {"default": ["gh-ost", "direct"]})
    fleet.sql("-80", "CREATE TRIGGER audit BEFORE INSERT ON items FOR EACH ROW SET @n = 1")
    said = planned(fleet)
    assert "COPY: rewrites the table" in said
    assert "GH-OST" not in said, "one shard cannot, so none does: a statement has one engine"


@pytest.mark.invariant("EN-13")
def test_what_no_engine_can_take_is_refused_by_its_reason(
    mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mysql_server)
    fleet.sql("-80", "CREATE TRIGGER audit BEFORE INSERT ON items FOR EACH ROW SET @n = 1")
    choose(fleet, {"tables": {"it*": ["spirit", "gh-ost"]}})
    said = refused(fleet, "engine-cannot")
    assert "spirit: the table has trigger audit" in said
    assert "gh-ost: the table has trigger audit" in said


@pytest.mark.invariant("EN-14")
@pytest.mark.engine(EngineName.GH_OST)
def test_a_server_whose_log_lacks_whole_rows_is_refused(
    mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mysql_server)
    choose(fleet, {"default": "gh-ost"})
    with admin_cursor(mysql_server) as cursor:
        cursor.execute("SET GLOBAL binlog_row_image = MINIMAL")
        try:
            said = refused(fleet, "engine-server-unfit")
        finally:
            cursor.execute("SET GLOBAL binlog_row_image = FULL")
    assert "binlog_row_image is MINIMAL" in said
    assert "shards -80, 80-" in said


OLD_NAMES = {EngineName.GH_OST: "_items_del", EngineName.SPIRIT: "_items_old_"}


@pytest.mark.invariant("EN-30")
@pytest.mark.invariant("EN-33")
@pytest.mark.invariant("EN-34")
@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(name, marks=pytest.mark.engine(name))
        for name in (EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC)
    ],
)
def test_the_table_as_it_was_is_kept_told_and_cleaned_up(
    engine: EngineName, mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mysql_server)
    choose(fleet, {"rebuild": {"use": engine.value}, "keep_old": "24h"})
    planned(fleet)
    plan_id = json.loads(fleet.read("plans/production/shop.plan.json"))["plan_id"]
    applied = fleet.run("apply")
    assert applied.code == 0, applied.said
    old = OLD_NAMES.get(engine, "_items_old")
    kept = [name for name in fleet.definitions("-80") if name.startswith(old)]
    assert len(kept) == 1, [*fleet.definitions("-80")]
    assert fleet.sql("-80", f"SELECT COUNT(*) FROM {kept[0]}") == ((ROWS,),)
    told = fleet.run("drift")
    assert told.code == 0, told.said
    assert f"kept           table {kept[0]}" in told.out
    assert "kept until" in " ".join(fleet.run("status").out.split())

    way = fleet.run("plan", "--revert", plan_id)
    said = " ".join(way.out.split())
    assert f"The rows as they were lie in {kept[0]} (kept until" in said, way.said
    fleet.git("checkout", "--quiet", "--", ".")

    choose(fleet, {"rebuild": {"use": engine.value}})
    fleet.commit("keep nothing")
    assert f"leftover       table {kept[0]}" in fleet.run("drift").out
    cleaned = fleet.run("clean", "--write")
    assert cleaned.code == 0, cleaned.said
    fleet.commit("clean up")
    check_applied(fleet)
