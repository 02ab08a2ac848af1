"""`reconciler routes`, as its users run it."""

from __future__ import annotations

import json

import pytest

from tests.conftest import FreshDatabase
from tests.fleet import Ended, Fleet


def routes(fleet: Fleet, verb: str, *more: str) -> Ended:
    return fleet.run("routes", verb, "-C", str(fleet.root), *more)


@pytest.mark.invariant("PL-12")
def test_routes_are_adopted_shown_and_asked(
    small_fleet: Fleet, fresh_database: FreshDatabase
) -> None:
    fleet, server = small_fleet, small_fleet.servers[0]
    database = fresh_database(server)
    fleet.spec["key_function"] = "xxhash"
    fleet.spec["tables"] = {"users": {"shard_by": "id"}, "orders": {"shard_by": "user_id"}}
    fleet.write_spec()
    fleet.commit("the function of the keys")
    in_a_file = routes(fleet, "adopt")
    assert in_a_file.code == 3
    assert "[routes-need-server]" in in_a_file.said

    address = f"mysql://{server.admin.user}:${{FLEET_PASSWORD}}@127.0.0.1:{server.port}/{database}"
    fleet.environment["ledger"] = address
    fleet.write_spec()
    assert "[spec-not-merged]" in routes(fleet, "adopt").said
    fleet.commit("a ledger that applications reach")
    missing = routes(fleet, "show")
    assert (missing.code, "[routes-missing]" in missing.said) == (3, True)

    adopted = routes(fleet, "adopt")
    assert (adopted.code, "adopted: version 1, 2 routes" in adopted.out) == (0, True)
    again = routes(fleet, "adopt")
    assert (again.code, "adopted already: version 1" in again.out) == (0, True)
    shown = json.loads(routes(fleet, "show", "-o", "json").out)["keyspaces"][0]
    assert [route["shard"] for route in shown["routes"]] == ["-80", "80-"]
    owner = routes(fleet, "owner", "1", "--at", "1")
    assert "key d46405367612b4b7 is owned by 80- at version 1" in owner.out
    for ended in (in_a_file, missing, adopted, again, owner):
        assert str(server.port) not in ended.said
        assert server.admin.password not in ended.said
