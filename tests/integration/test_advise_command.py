"""`reconciler advise`, as its users run it."""

from __future__ import annotations

import json
import sqlite3

import pytest

from reconciler.model.fleet import parse_key_range
from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS
from tests.fleet import Ended, Fleet

HOUR_S = 3_600


def advise(fleet: Fleet, *more: str) -> Ended:
    return fleet.run("advise", "-C", str(fleet.root), *more)


def an_hour_later(fleet: Fleet) -> None:
    with sqlite3.connect(fleet.root / ".reconciler" / "ledger.sqlite") as connection:
        connection.execute("UPDATE reconciler_looks SET at_s = at_s - ?", [HOUR_S])
    connection.close()


def fill(fleet: Fleet, shard: str) -> None:
    """With rows whose keys are its own."""
    key_range, function = parse_key_range(shard), KEY_FUNCTIONS[KeyFunctionName.XXHASH]
    assert key_range is not None
    own = [n for n in range(1, 5_000) if key_range.holds(function.key(n))]
    with fleet.connected(shard) as cursor:
        values = ",".join(f"({n}, 'x')" for n in own)
        cursor.execute(f"INSERT INTO users (id, name) VALUES {values}")
        cursor.execute("ANALYZE TABLE users")


@pytest.mark.invariant("SP-9")
@pytest.mark.invariant("PL-12")
def test_a_shard_that_stays_too_large_is_proposed_and_nothing_is_run(small_fleet: Fleet) -> None:
    fleet, server = small_fleet, small_fleet.servers[0]
    fleet.spec["key_function"] = "xxhash"
    fleet.spec["tables"] = {"users": {"shard_by": "id"}, "orders": {"reference": True}}
    fleet.environment["reshard"] = {"ceilings": {"rows": 1_000}}
    fleet.write_spec()
    fill(fleet, "-80")
    found = [advise(fleet)]
    assert "-80: beyond its ceiling in 1 looks in a row, of 3" in found[0].out
    assert found[0].code == 0
    for _ in range(2):
        an_hour_later(fleet)
        found.append(advise(fleet, "-o", "json"))
    assert found[-1].code == 2
    told = json.loads(found[-1].out)["keyspaces"][0]
    assert told["proposal"]["shard"] == "-80"
    assert 0.35 < told["proposal"]["share"] < 0.65
    for ended in found:
        assert str(server.port) not in ended.said
        assert server.admin.password not in ended.said
    assert fleet.run("drift", "-C", str(fleet.root)).code == 0
