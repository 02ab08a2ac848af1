"""The way back of a table that an engine has copied, by an engine that needs the old one's name."""

from __future__ import annotations

import json

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.integration.engines.test_job import FleetOf, choose, fleet_of, planned

__all__ = ["fleet_of"]


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
    assert "the rows as they were lie in _items_del" in said
    assert "table _items_del is in the way of gh-ost" in said
    assert "kept as a way back" in said
