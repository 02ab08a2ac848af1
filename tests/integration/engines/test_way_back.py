"""The way back of a table that an engine has copied, by an engine that needs the old one's name."""

from __future__ import annotations

import json

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.integration.engines.test_job import ROWS, FleetOf, choose, fleet_of, planned

__all__ = ["fleet_of"]

SHARD = "-80"
WIDER = "  a bigint DEFAULT NULL"


@pytest.mark.invariant("EN-81")
@pytest.mark.engine(EngineName.GH_OST)
def test_a_revert_by_an_engine_whose_name_the_kept_table_has_is_refused_in_plan(
    mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mysql_server)
    choose(fleet, {"rebuild": {"use": "gh-ost"}, "keep_old": "24h"})
    planned(fleet)
    plan_id = json.loads(fleet.read("plans/production/shop.plan.json"))["plan_id"]
    assert fleet.run("apply").code == 0
    way = fleet.run("plan", "--revert", plan_id)
    assert way.code == 3, way.said
    said = " ".join(way.said.split())
    assert "The rows as they were lie in _items_del" in said
    assert "table _items_del is in the way of gh-ost" in said
    assert "kept as a way back" in said


@pytest.mark.invariant("EN-34")
@pytest.mark.engine(EngineName.SPIRIT)
def test_a_revert_keeps_what_was_written_since_and_the_kept_table_has_it_not(
    mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    """What the sentence says of each, seen on the shard: a new column is lost with its values."""
    fleet = fleet_of(mysql_server)
    choose(fleet, {"rebuild": {"use": "spirit"}, "keep_old": "24h"})
    fleet.edit("schemas/shop/items.sql", WIDER, f"{WIDER},\n  b int DEFAULT NULL")
    planned(fleet)
    plan_id = json.loads(fleet.read("plans/production/shop.plan.json"))["plan_id"]
    assert fleet.run("apply").code == 0
    (kept,) = (name for name in fleet.definitions(SHARD) if name != "items")
    fleet.sql(SHARD, "INSERT INTO items (id, a, b) VALUES (9001, 1, 7)")
    fleet.sql(SHARD, "UPDATE items SET a = -1, b = 8 WHERE id = 3")
    fleet.sql(SHARD, "DELETE FROM items WHERE id = 4")
    fleet.spec["policy"]["allow"] = [
        {"table": "items", "hazard": "drop-column", "object": "b", "reason": "taken back"},
        {"table": "items", "hazard": "narrow-type", "object": "a", "reason": "taken back"},
    ]
    fleet.write_spec()
    way = fleet.run("plan", "--revert", plan_id)
    assert way.code == 0, way.said
    said = " ".join(way.said.split())
    assert "the rows stay that items has then, those written since among them" in said
    assert f"The rows as they were lie in {kept} (kept until" in said
    assert "what was written since is not in it" in said
    fleet.commit("the way back")
    applied = fleet.run("apply")
    assert applied.code == 0, applied.said
    rows = {number: number for number in range(ROWS)}
    assert dict(fleet.sql(SHARD, f"SELECT id, a FROM {kept}")) == rows
    del rows[4]
    assert dict(fleet.sql(SHARD, "SELECT id, a FROM items")) == rows | {9001: 1, 3: -1}
    assert "`b`" not in fleet.definitions(SHARD)["items"]
