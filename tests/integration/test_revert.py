"""The way back is a plan like any other, and says what it cannot bring back."""

from __future__ import annotations

import json

from tests.fleet import Fleet

PLAN = "plans/production/shop.plan.json"


def drop_a_column(fleet: Fleet) -> str:
    """Planned, merged and applied; returns the plan's id."""
    fleet.edit("schemas/shop/orders.sql", "  legacy int DEFAULT NULL,\n", "")
    allow = {"table": "orders", "hazard": "drop-column", "object": "legacy", "reason": "unused"}
    fleet.spec["policy"]["allow"] = [allow]
    fleet.write_spec()
    fleet.plan_and_commit()
    assert fleet.run("apply").code == 0
    return str(json.loads(fleet.read(PLAN))["plan_id"])


def test_a_dropped_column_comes_back_empty_and_the_plan_says_so(fleet: Fleet) -> None:
    before = fleet.all_definitions()
    plan_id = drop_a_column(fleet)
    ended = fleet.run("plan", "--revert", plan_id[:20])
    assert ended.code == 0, ended.said
    assert "cannot be undone: table orders, legacy" in " ".join(ended.out.split())
    fleet.commit("the way back")
    assert fleet.run("verify").code == 0
    assert fleet.run("apply").code == 0
    assert fleet.all_definitions() == before


def test_an_older_plan_is_not_reverted_over_a_newer_one(fleet: Fleet) -> None:
    plan_id = drop_a_column(fleet)
    fleet.edit("schemas/shop/users.sql", "varchar(50)", "varchar(60)")
    fleet.plan_and_commit()
    assert fleet.run("apply").code == 0
    ended = fleet.run("plan", "--revert", plan_id)
    assert ended.code == 3
    assert "[plan-is-not-the-latest]" in ended.said


def test_the_way_back_is_asked_for_again_once_what_it_needs_is_permitted(fleet: Fleet) -> None:
    before = fleet.all_definitions()
    fleet.edit("schemas/shop/users.sql", "  PRIMARY", "  age int DEFAULT NULL,\n  PRIMARY")
    fleet.plan_and_commit()
    plan_id = str(json.loads(fleet.read(PLAN))["plan_id"])
    assert fleet.run("apply").code == 0
    refused = fleet.run("plan", "--revert", plan_id)
    assert refused.code == 3
    assert "[permission-missing]" in refused.said
    allow = {"table": "users", "hazard": "drop-column", "object": "age", "reason": "a mistake"}
    fleet.spec["policy"]["allow"] = [allow]
    fleet.write_spec()
    again = fleet.run("plan", "--revert", plan_id)
    assert again.code == 0, again.said
    assert "the files are as before that plan already" in again.said
    fleet.commit("the way back")
    assert fleet.run("apply").code == 0
    assert fleet.all_definitions() == before


def test_a_plan_that_nobody_knows_is_an_error(fleet: Fleet) -> None:
    ended = fleet.run("plan", "--revert", "sha256:" + "0" * 64)
    assert ended.code == 1
    assert "[plan-unknown]" in ended.said
