"""One schema on two real fleets: the second is changed when the first is done, and no sooner."""

from __future__ import annotations

import pytest

from tests.fleet import Fleet
from tests.integration.mysql_edges import admin_cursor

USERS = "schemas/shop/users.sql"


@pytest.mark.invariant("RG-75")
@pytest.mark.invariant("RG-76")
@pytest.mark.invariant("RG-77")
def test_one_apply_takes_fleets_in_their_order_and_holds_what_is_not_its_turn(
    small_fleet: Fleet,
) -> None:
    fleet = small_fleet
    server = fleet.servers[0]
    database = fleet.fresh_database(server)
    with admin_cursor(server, database) as cursor:
        cursor.execute(fleet.read(USERS))
    second = fleet._shard("-80")
    second["name"] = "-"
    second["connection"]["database"] = database
    first = {key: fleet.environment.pop(key) for key in ("shards", "rollout")}
    fleet.environment["deployments"] = [
        {"name": "primary", **first},
        {"name": "dr", "shards": [second], "rollout": {"waves": ["100%"]}},
    ]
    fleet.write_spec()
    fleet.edit(USERS, "  PRIMARY KEY (id)\n", "  PRIMARY KEY (id),\n  KEY k (name)\n")
    fleet.plan_and_commit()
    assert (fleet.root / "plans/production.primary/shop.plan.json").exists()
    assert (fleet.root / "plans/production.dr/shop.plan.json").exists()

    one_wave = fleet.run("apply", "--wave", "canary")
    assert one_wave.code == 64, one_wave.said
    assert "deployment-not-chosen" in one_wave.said

    alone = fleet.run("apply", "--environment", "production.dr")
    assert alone.code == 3, alone.said
    assert "not-promoted" in alone.said

    before = fleet.run("status")
    assert "shop in production: 0 of 2 deployments done" in before.out
    assert "waits for production.primary, which is not begun" in before.out

    both = fleet.run("apply")
    assert both.code == 0, both.said
    said = both.out
    assert 0 <= said.index("shop in production.primary") < said.index("shop in production.dr")
    with admin_cursor(server, database) as cursor:
        cursor.execute("SHOW INDEX FROM users WHERE Key_name = 'k'")
        assert cursor.fetchall()
    assert "shop in production: 2 of 2 deployments done" in fleet.run("status").out
    assert fleet.run("drift").code == 0
