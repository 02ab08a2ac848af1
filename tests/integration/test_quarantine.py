"""A member that fails half way, on real servers: taken out, gone on without, and brought back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.edges.clock import SystemClock
from tests.fleet import Fleet

KEY = ("  PRIMARY KEY (id)\n", "  PRIMARY KEY (id),\n  UNIQUE KEY uq_name (name)\n")
NOWHERE = 1  # a port that nobody listens on


def has_key(fleet: Fleet) -> set[str]:
    return {s for s, tables in fleet.all_definitions().items() if "uq_name" in tables["users"]}


def listed(fleet: Fleet, shard: str) -> dict[str, Any]:
    [found] = [one for one in fleet.environment["shards"] if one["name"] == shard]
    assert isinstance(found["connection"], dict)
    return dict(found["connection"])


def reached_at(fleet: Fleet, shard: str, port: int) -> None:
    [found] = [one for one in fleet.environment["shards"] if one["name"] == shard]
    found["connection"]["port"] = port


def core(fleet: Fleet) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fleet.read("plans/production/shop.plan.json"))["core"]
    return found


@pytest.mark.invariant("RG-60")
@pytest.mark.invariant("RG-61")
def test_a_shard_that_fails_is_taken_out_gone_on_without_and_brought_back(fleet: Fleet) -> None:
    fleet.sql("40-80", "INSERT INTO users (id, name) VALUES (1, 'Ada'), (2, 'Ada')")
    fleet.edit("schemas/shop/users.sql", *KEY)
    fleet.plan_and_commit()
    failed = fleet.run("apply")
    assert failed.code in (1, 4), failed.said
    assert has_key(fleet) == {"-40"}, failed.said

    port = listed(fleet, "40-80")["port"]
    until = datetime.fromtimestamp(SystemClock().now_s() + 30 * 86_400, UTC).date().isoformat()
    entry = {"shard": "40-80", "until": until, "reason": "names twice, DBA-1207"}
    fleet.environment["quarantine"] = [entry]
    reached_at(fleet, "40-80", NOWHERE)
    fleet.write_spec()
    fleet.plan_and_commit("go on without it")
    assert [found["shards"] for found in core(fleet)["change_sets"]] == [["80-c0", "c0-"]]
    for verb in ("verify", "apply", "drift", "status", "doctor"):
        ended = fleet.run(verb)
        assert ended.code == 0, ended.said
        assert "40-80" in ended.out
        assert "DBA-1207" in ended.out
    assert has_key(fleet) == {"-40", "80-c0", "c0-"}

    del fleet.environment["quarantine"]
    reached_at(fleet, "40-80", port)
    fleet.write_spec()
    fleet.sql("40-80", "DELETE FROM users WHERE id = 2")
    fleet.plan_and_commit("it is well again")
    assert [found["shards"] for found in core(fleet)["change_sets"]] == [["40-80"]]
    assert fleet.run("apply").code == 0
    assert len(has_key(fleet)) == 4
    assert fleet.run("drift").code == 0
