"""Managed routines, from the files to the shards and back, on real servers of both flavors."""

from __future__ import annotations

import json

import pytest

from reconciler.model.server import Flavor
from tests.fleet import Fleet
from tests.integration.test_views import PLAN, allow, applied, sql_account, statements

TOTAL = """-- People read this; no server does.
DELIMITER //
CREATE PROCEDURE total(IN who INT)
  READS SQL DATA
  SQL SECURITY INVOKER
  COMMENT 'what they have; bought'
BEGIN
  -- all of it
  SELECT count(*) FROM orders WHERE user_id = who;
END//
DELIMITER ;
"""
PATH = "schemas/shop/routines/total.sql"


def manage_routines(fleet: Fleet, *more: str) -> None:
    fleet.spec["manage"] = ["tables", *more, "routines"]
    fleet.write_spec()


def with_total(fleet: Fleet) -> None:
    manage_routines(fleet)
    fleet.write(PATH, TOTAL)
    fleet.commit("a routine")
    applied(fleet)


def is_mysql(fleet: Fleet) -> bool:
    return fleet.servers[0].version.flavor is Flavor.MYSQL


def shown(fleet: Fleet, shard: str) -> str:
    ((_, _, text, *_),) = fleet.sql(shard, "SHOW CREATE PROCEDURE total")
    return str(text).partition(" PROCEDURE ")[2]


@pytest.mark.invariant("PG-1")
@pytest.mark.invariant("PG-9")
def test_routines_come_change_and_go_by_plans(small_fleet: Fleet) -> None:
    """With drift and the way back in between."""
    fleet = small_fleet
    fleet.write(PATH, TOTAL)
    ended = fleet.run("plan")
    assert (ended.code, "[kind-not-managed]" in ended.said) == (1, True), ended.said
    assert "write `manage: [tables, routines]` into specs/" in " ".join(ended.said.split())
    with_total(fleet)
    before = {shard: shown(fleet, shard) for shard in fleet.databases}
    assert "-- all of it" in before["-80"]
    fleet.edit(PATH, "count(*)", "count(*) + 0")
    fleet.plan_and_commit()
    plan_id = str(json.loads(fleet.read(PLAN))["plan_id"])
    sent = statements(fleet)
    assert len(sent) == (2 if is_mysql(fleet) else 1), "a swap, or one statement"
    assert fleet.run("apply").code == 0
    assert "count(*) + 0" in shown(fleet, "80-")
    assert fleet.run("plan", "--revert", plan_id).code == 0
    fleet.commit("the way back")
    ended = fleet.run("apply")
    assert ended.code == 0, ended.said
    assert {shard: shown(fleet, shard) for shard in fleet.databases} == before
    fleet.sql("80-", "DROP PROCEDURE total")
    fleet.sql("80-", "CREATE PROCEDURE total(IN who INT) SELECT 1")
    ended = fleet.run("drift")
    said = " ".join(ended.said.split())
    assert (ended.code, "its body, characteristics" in said) == (2, True), said
    for shard in fleet.databases:
        fleet.sql(shard, "DROP PROCEDURE IF EXISTS total")
        fleet.sql(shard, f"CREATE PROCEDURE {before[shard]}")
    (fleet.root / PATH).unlink()
    ended = fleet.run("plan", "--write")
    assert (ended.code, "drop-program" in ended.said) == (3, True), ended.said
    allow(fleet, {"procedure": "total", "hazard": "drop-program"})
    assert applied(fleet) == ["DROP PROCEDURE `total`"]


@pytest.mark.invariant("PG-1")
@pytest.mark.invariant("PG-9")
@pytest.mark.invariant("PG-12")
def test_pull_adopts_routines_and_the_plan_is_empty_then(small_fleet: Fleet) -> None:
    fleet = small_fleet
    for shard in fleet.databases:
        with fleet.connected(shard) as cursor:
            cursor.execute("SET sql_mode = 'PIPES_AS_CONCAT'")
            cursor.execute(
                "CREATE FUNCTION twice(x VARCHAR(9)) RETURNS varchar(18) DETERMINISTIC"
                " SQL SECURITY INVOKER RETURN x || x"
            )
        fleet.sql(shard, "CREATE SQL SECURITY INVOKER VIEW doubled AS SELECT twice('a') AS x")
        fleet.sql(shard, "CREATE PROCEDURE far() SQL SECURITY INVOKER SELECT user FROM mysql.user")
        fleet.sql(
            shard,
            "CREATE PROCEDURE login() SQL SECURITY INVOKER CREATE USER u IDENTIFIED BY 'geheim'",
        )
    manage_routines(fleet, "views")
    ended = fleet.run("pull")
    said = " ".join(ended.said.split())
    assert (ended.code, "mysql.user of another database" in said) == (3, True), said
    assert ("a password may stand in it" in said, "geheim" in said) == (True, False), said
    fleet.spec["policy"]["ignore_tables"] = ["_*", "far", "login"]
    fleet.write_spec()
    ended = fleet.run("pull")
    assert ended.code == 0, ended.said
    assert "sql_mode=PIPES_AS_CONCAT" in fleet.read("schemas/shop/routines/twice.sql")
    fleet.commit("adopted")
    ended = fleet.run("plan", "--write")
    assert ended.code == 0, ended.said
    assert not (fleet.root / PLAN).exists()
    fleet.edit("schemas/shop/routines/twice.sql", "x || x", "x || x || ''")
    applied(fleet)
    assert fleet.sql("-80", "SELECT * FROM doubled") == (("aa",),)


@pytest.mark.invariant("PG-4")
@pytest.mark.invariant("PG-10")
@pytest.mark.invariant("PG-18")
def test_rights_and_grants_are_asked_for_before_anything_is_sent(small_fleet: Fleet) -> None:
    fleet = small_fleet
    with_total(fleet)
    fleet.edit(PATH, "  SQL SECURITY INVOKER\n", "")
    ended = fleet.run("plan", "--write")
    assert (ended.code, "[definer-not-named]" in ended.said) == (1, True), ended.said
    account = "shop_caller@%"
    fleet.spec["definer"] = {"routines": {"account": account}}
    fleet.write_spec()
    ended = fleet.run("plan", "--write")
    assert (ended.code, "runs-as" in ended.said) == (3, True), ended.said
    allow(fleet, {"procedure": "total", "hazard": "runs-as"})
    fleet.plan_and_commit()
    ended = fleet.run("apply")
    assert (ended.code, "[definer-missing]" in ended.said) == (3, True), ended.said
    ((database,),) = fleet.sql("-80", "SELECT DATABASE()")
    try:
        fleet.sql("-80", f"CREATE USER {sql_account(account)}")
        grantee = f"ON PROCEDURE `{database}`.total TO {sql_account(account)}"
        fleet.sql("-80", f"GRANT EXECUTE {grantee}")
        if is_mysql(fleet):
            ended = fleet.run("apply")
            assert (ended.code, "[routine-has-grants]" in ended.said) == (3, True), ended.said
            assert "automatic_sp_privileges=0" in ended.said, ended.said
            fleet.sql("-80", "SET GLOBAL automatic_sp_privileges = 0")
        ended = fleet.run("apply")
        assert ended.code == 0, ended.said
        assert ("made again; calls failed for" in ended.said) == is_mysql(fleet), ended.said
        assert ("calls failed for" in fleet.run("status").said) == is_mysql(fleet)
        granted = fleet.sql("-80", f"SHOW GRANTS FOR {sql_account(account)}")
        assert "PROCEDURE" in str(granted), "replaced with its grants"
        assert "shop_caller" in str(fleet.sql("80-", "SHOW CREATE PROCEDURE total"))
        assert fleet.run("drift").code == 0
    finally:
        if is_mysql(fleet):
            fleet.sql("-80", "SET GLOBAL automatic_sp_privileges = DEFAULT")
        fleet.sql("-80", f"DROP USER IF EXISTS {sql_account(account)}")


@pytest.mark.invariant("PG-11")
def test_an_apply_goes_on_from_the_midst_of_a_swap(small_fleet: Fleet) -> None:
    """Behind the drop, where the routine is not there, and behind both."""
    fleet = small_fleet
    with_total(fleet)
    fleet.edit(PATH, "count(*)", "count(*) + 1")
    fleet.plan_and_commit()
    sent = statements(fleet)
    fleet.sql("-80", sent[0])
    for sql in sent:
        fleet.sql("80-", sql)
    ended = fleet.run("drift")
    assert ended.code == (2 if is_mysql(fleet) else 0), ended.said
    assert "pending-apply" in ended.said or not is_mysql(fleet), ended.said
    ended = fleet.run("apply")
    assert ended.code == 0, ended.said
    assert fleet.run("drift").code == 0


@pytest.mark.invariant("PG-10")
@pytest.mark.invariant("PG-12")
@pytest.mark.invariant("PG-31")
def test_what_no_server_takes_is_said_before(small_fleet: Fleet) -> None:
    fleet = small_fleet
    manage_routines(fleet)
    path = "schemas/shop/routines/f.sql"
    fleet.write(path, "CREATE FUNCTION f() RETURNS int SQL SECURITY INVOKER RETURN 1;\n")
    fleet.plan_and_commit()
    ended = fleet.run("apply")
    assert (ended.code, "[function-not-declared]" in ended.said) == (3, True), ended.said
    fleet.write(path, "CREATE FUNCTION f() RETURNS int\nSQL SECURITY INVOKER\nRETURM 1;\n")
    ended = fleet.run("plan")
    assert (ended.code, f"{path}:3" in ended.said) == (1, True), ended.said
    for text, code in {
        "CREATE PROCEDURE f() SELECT 1;\nCREATE PROCEDURE g() SELECT 1;": "second-statement",
        "CREATE DEFINER=a@b PROCEDURE f() SELECT 1;": "definition-definer",
        "CREATE PROCEDURE f() SELECT * FROM other.t;": "definition-other-database",
        "CREATE PROCEDURE f() CREATE USER u IDENTIFIED BY 'geheim';": "definition-secret",
        "CREATE TABLE f (id int);": "definition-not-create-routine",
        "CREATE PROCEDURE f() /*!80000 SELECT 1 */;": "definition-unreadable",
        "": "definition-empty",
    }.items():
        fleet.write(path, text)
        ended = fleet.run("plan")
        assert (ended.code, code in ended.said) == (1, True), ended.said
        assert "geheim" not in ended.said
    fleet.write(path, "CREATE PROCEDURE f() SQL SECURITY INVOKER SELECT 1;\n")
    fleet.write("schemas/shop/routines/F2.sql", "CREATE PROCEDURE F() SELECT 1;\n")
    assert "[program-twice]" in fleet.run("plan").said
    (fleet.root / "schemas/shop/routines/F2.sql").unlink()
    fleet.sql("80-", "CREATE PROCEDURE F() SELECT 1")
    ended = fleet.run("plan")
    said = " ".join(ended.said.split())
    assert (ended.code, "[name-of-another-case]" in said) == (3, True), said
    assert f"procedure f ({path}:1): the shard has it as F" in said
    fleet.sql("80-", "DROP PROCEDURE F")
    ended = fleet.run("doctor", "--identity", "changes")
    assert "log_bin_trust_function_creators is off" in " ".join(ended.said.split())
