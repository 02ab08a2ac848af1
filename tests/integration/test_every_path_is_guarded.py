"""The guard on every way in: one shard has left the plan's way, and nothing moves (GD-9)."""

from __future__ import annotations

import json

import pytest

from tests.fleet import Ended, Fleet

ADD_COLUMN = (
    "  name varchar(50) NOT NULL,",
    "  name varchar(50) NOT NULL,\n  age int DEFAULT NULL,",
)


def planned(fleet: Fleet) -> None:
    fleet.environment["rollout"] = {"canary": ["-40"], "gate": True, "parallel": 2}
    fleet.write_spec()
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    fleet.plan_and_commit()


def refused_and_unmoved(fleet: Fleet, *arguments: str) -> Ended:
    before = fleet.all_definitions()
    ended = fleet.run(*arguments)
    assert ended.code == 3, ended.said
    assert "[drift]" in ended.said, ended.said
    assert "80-c0" in ended.said
    assert fleet.all_definitions() == before
    return ended


@pytest.mark.invariant("GD-9")
def test_drift_refuses_on_every_path(fleet: Fleet) -> None:
    """Of one fleet in turn: the first look, the first apply, its waves, and each way to go on."""
    planned(fleet)
    fleet.sql("80-c0", "ALTER TABLE orders ADD KEY by_hand (legacy)")
    for path in (
        ["verify"],
        ["apply"],
        ["apply", "--wave", "canary"],
        ["apply", "--review", "none"],
    ):
        refused_and_unmoved(fleet, *path)

    fleet.sql("80-c0", "ALTER TABLE orders DROP KEY by_hand")
    ended = fleet.run("apply", "--wave", "canary")
    assert ended.code == 0, ended.said
    assert "age" in fleet.definitions("-40")["users"]

    fleet.sql("80-c0", "ALTER TABLE users MODIFY name varchar(60) NOT NULL")
    for path in (["resume"], ["apply"], ["apply", "--wave", "rest"]):
        refused_and_unmoved(fleet, *path)

    fleet.sql("80-c0", "ALTER TABLE users MODIFY name varchar(50) NOT NULL")
    assert fleet.run("resume").code == 0
    assert all("age" in found["users"] for found in fleet.all_definitions().values())


@pytest.mark.invariant("GD-8")
def test_the_repair_that_drift_shows_is_not_run_by_anything_but_a_plan(fleet: Fleet) -> None:
    fleet.sql("80-c0", "ALTER TABLE orders ADD KEY by_hand (legacy)")
    before = fleet.all_definitions()
    ended = fleet.run("drift", "--output", "json")
    assert ended.code == 2, ended.said
    assert "by_hand" in json.dumps(json.loads(ended.out))
    assert fleet.run("apply").code == 3
    assert fleet.run("resume").code == 3
    assert fleet.all_definitions() == before
