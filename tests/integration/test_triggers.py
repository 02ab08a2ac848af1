"""Managed triggers, from the files to the shards and back, on real servers of both flavors."""

from __future__ import annotations

import json

import pytest

from reconciler.model.server import Flavor
from tests.fleet import Fleet
from tests.integration.test_views import PLAN, applied, statements

LIVE = (
    "CREATE TABLE audit (id bigint PRIMARY KEY AUTO_INCREMENT, what varchar(90))",
    "CREATE TRIGGER trimmed BEFORE INSERT ON users FOR EACH ROW SET NEW.name = TRIM(NEW.name)",
    "CREATE TRIGGER a_named BEFORE INSERT ON users FOR EACH ROW SET NEW.name = UPPER(NEW.name)",
    """CREATE TRIGGER told AFTER INSERT ON users FOR EACH ROW BEGIN -- to the audit
 INSERT INTO audit (what) VALUES (CONCAT('it''s ', NEW.name, ' \\\\ ')); END""",
)
ASKED = (
    "SELECT TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT, ACTION_ORDER"
    " FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"
    " ORDER BY ACTION_TIMING, ACTION_ORDER"
)


def manage_triggers(fleet: Fleet) -> None:
    """With the rights of whoever applies, who may always give them."""
    ((account,),) = fleet.sql("-80", "SELECT CURRENT_USER()")
    fleet.spec["manage"] = ["tables", "triggers"]
    fleet.spec["definer"] = {"triggers": {"account": str(account)}}
    fleet.write_spec()


def allow(fleet: Fleet, *entries: dict[str, str]) -> None:
    fleet.spec["policy"]["allow"] = [{**entry, "reason": "its team agrees"} for entry in entries]
    fleet.write_spec()


def adopted(fleet: Fleet) -> None:
    """Triggers of the shards' own, taken into the files: the plan is empty then."""
    for shard in fleet.databases:
        for statement in LIVE:
            fleet.sql(shard, statement)
    manage_triggers(fleet)
    ended = fleet.run("pull")
    assert ended.code == 0, ended.said
    fleet.commit("adopted")
    ended = fleet.run("plan", "--write")
    assert ended.code == 0, ended.said
    assert not (fleet.root / PLAN).exists()


@pytest.mark.invariant("PG-20")
@pytest.mark.invariant("PG-25")
def test_triggers_are_adopted_change_and_come_back(small_fleet: Fleet) -> None:
    """Also where a run has died in the midst of a swap: that is no drift, and the run goes on."""
    fleet = small_fleet
    adopted(fleet)
    text = fleet.read("schemas/shop/users.sql")
    assert text.index("trimmed") < text.index("a_named")
    assert "DELIMITER //" in text
    assert "created with" not in text
    was = {shard: fleet.sql(shard, ASKED) for shard in fleet.databases}
    fleet.edit("schemas/shop/users.sql", "TRIM(NEW.name)", "CONCAT(NEW.name, NEW.born)")
    fleet.edit("schemas/shop/users.sql", "  PRIMARY", "  `born` date DEFAULT NULL,\n  PRIMARY")
    fleet.plan_and_commit()
    column, trigger = statements(fleet)
    assert "ADD COLUMN" in column
    is_mysql = fleet.databases["-80"][0].version.flavor is Flavor.MYSQL
    assert trigger.startswith("LOCK TABLES" if is_mysql else "CREATE OR REPLACE"), trigger
    if is_mysql:
        fleet.sql("-80", column)
        fleet.sql("-80", "DROP TRIGGER trimmed")
        drift = fleet.run("drift")
        assert "pending" in drift.said, drift.said
        assert "not on live" not in drift.said, drift.said
    ended = fleet.run("apply")
    assert ended.code == 0, ended.said
    assert ("swapped while its table was locked" in ended.said) == is_mysql, ended.said
    for shard in fleet.databases:
        fleet.sql(shard, "INSERT INTO users (id, name, born) VALUES (77, 'a', '2001-02-03')")
        assert fleet.sql(shard, "SELECT name FROM users WHERE id = 77") == (("A2001-02-03",),)
    plan_id = json.loads(fleet.read(PLAN))["plan_id"]
    allow(fleet, {"table": "users", "hazard": "drop-column", "object": "born"})
    ended = fleet.run("plan", "--revert", plan_id)
    assert ended.code == 0, ended.said
    sent = applied(fleet)
    assert "TRIGGER `trimmed`" in sent[0]
    assert {shard: fleet.sql(shard, ASKED) for shard in fleet.databases} == was


def test_a_trigger_comes_and_goes_by_permission(small_fleet: Fleet) -> None:
    fleet = small_fleet
    manage_triggers(fleet)
    table = fleet.read("schemas/shop/users.sql")
    made = "-- Names have no blanks.\nCREATE TRIGGER x BEFORE INSERT ON users FOR EACH ROW\n"
    fleet.write("schemas/shop/users.sql", f"{table}\n{made}SET NEW.name = TRIM(NEW.name);\n")
    fleet.commit("a trigger")
    ended = fleet.run("plan", "--write")
    assert ended.code == 3, ended.said
    assert "runs-as" in ended.said
    allow(fleet, {"trigger": "x", "hazard": "runs-as"})
    (sent,) = applied(fleet)
    assert sent.startswith("CREATE DEFINER=")
    fleet.sql("-80", "DROP TRIGGER x")
    ended = fleet.run("drift")
    assert "the trigger is in git, not on live" in ended.said
    fleet.sql("-80", sent)
    fleet.write("schemas/shop/users.sql", table)
    ended = fleet.run("plan", "--write")
    assert ended.code == 3, ended.said
    assert "drop-program" in ended.said
    allow(fleet, {"trigger": "x", "hazard": "drop-program"})
    assert applied(fleet) == ["DROP TRIGGER `x`"]
