"""What another database on a shard's server builds on the shard's tables, seen or hidden."""

from __future__ import annotations

import pytest

from reconciler.edges.server.process import RunningServer
from tests.conftest import FreshDatabase, run_as_admin
from tests.fleet import Fleet
from tests.integration.mysql_edges import admin_cursor
from tests.integration.rollouts import logged_in_as

SECOND = "80-"
ELSEWHERE = {
    "view v": "CREATE VIEW {other}.v AS SELECT legacy FROM {db}.orders",
    "trigger tr": "CREATE TRIGGER {other}.tr AFTER INSERT ON {other}.log"
    " FOR EACH ROW UPDATE {db}.orders SET legacy = 0",
    "procedure p": "CREATE PROCEDURE {other}.p() SELECT MAX(legacy) FROM {db}.orders",
    "function f": "CREATE FUNCTION {other}.f() RETURNS int READS SQL DATA"
    " RETURN (SELECT MAX(legacy) FROM {db}.orders)",
    "event e": "CREATE EVENT {other}.e ON SCHEDULE EVERY 1 DAY DISABLE"
    " DO UPDATE {db}.orders SET legacy = 0",
}
WITHOUT_LEGACY = ("  legacy int DEFAULT NULL,\n", "")
DROP = {"table": "orders", "hazard": "drop-column", "object": "legacy", "reason": "unused"}


def allow(fleet: Fleet, *entries: dict[str, str]) -> None:
    fleet.spec["policy"]["allow"] = list(entries)
    fleet.write_spec()


def beside(fleet: Fleet, fresh_database: FreshDatabase) -> dict[str, str]:
    """A database on the second shard's server, with a table of its own."""
    server, database = fleet.databases[SECOND]
    other = fresh_database(server)
    run_as_admin(server, f"CREATE TABLE {other}.log (id int PRIMARY KEY)")
    return {"db": database, "other": other}


@pytest.mark.invariant("GD-15")
@pytest.mark.invariant("GD-7")
@pytest.mark.threat("TM-ACCOUNT-4")
@pytest.mark.parametrize("program", ELSEWHERE)
def test_what_another_database_loses_needs_permission_on_the_shard_it_uses(
    small_fleet: Fleet, fresh_database: FreshDatabase, program: str
) -> None:
    fleet = small_fleet
    names = beside(fleet, fresh_database)
    fleet.sql(SECOND, ELSEWHERE[program].format(**names))
    allow(fleet, DROP)
    fleet.edit("schemas/shop/orders.sql", *WITHOUT_LEGACY)
    refused = fleet.run("plan", "--write")
    assert refused.code == 3, refused.said
    kind, name = program.split()
    place = f"{names['other']}.{name}"
    said = " ".join(refused.said.split())
    assert f"shard {SECOND}, table orders: breaks-object of {place} needs permission" in said
    assert f"{kind} {place}, in another database of the server, uses orders.legacy" in said
    breaks = {"table": "orders", "hazard": "breaks-object", "object": place, "reason": "known"}
    allow(fleet, DROP, breaks)
    fleet.plan_and_commit()
    applied = fleet.run("apply")
    assert applied.code == 0, applied.said


@pytest.mark.invariant("GD-15")
def test_a_view_on_a_view_of_another_database_is_found_and_a_like_name_is_not(
    small_fleet: Fleet, fresh_database: FreshDatabase
) -> None:
    fleet = small_fleet
    names = beside(fleet, fresh_database)
    server, _ = fleet.databases[SECOND]
    run_as_admin(server, ELSEWHERE["view v"].format(**names))
    run_as_admin(
        server, "CREATE VIEW {other}.vv AS SELECT legacy AS l FROM {other}.v".format(**names)
    )
    # Of the same names, and of nobody's shard.
    run_as_admin(server, "CREATE TABLE {other}.orders (legacy int)".format(**names))
    run_as_admin(
        server, "CREATE VIEW {other}.own AS SELECT legacy FROM {other}.orders".format(**names)
    )
    # A database to itself, for the server folds no names.
    twin = {"db": names["db"], "other": names["db"].upper()}
    run_as_admin(
        server,
        *(
            one.format(**twin)
            for one in (
                "CREATE DATABASE {other}",
                "CREATE VIEW {other}.v AS SELECT legacy FROM {db}.orders",
                "CREATE TABLE {other}.orders (legacy int)",
                "CREATE VIEW {other}.own AS SELECT legacy FROM {other}.orders",
            )
        ),
    )
    allow(fleet, DROP)
    fleet.edit("schemas/shop/orders.sql", *WITHOUT_LEGACY)
    said = " ".join(fleet.run("plan").said.split())
    run_as_admin(server, "DROP DATABASE {other}".format(**twin))
    assert f"breaks-object of {twin['other']}.v needs permission" in said
    assert f"{twin['other']}.own" not in said
    assert f"breaks-object of {names['other']}.v needs permission" in said
    assert f"breaks-object of {names['other']}.vv needs permission" in said
    assert f"{names['other']}.own" not in said
    assert f"shard {SECOND}, table orders: breaks-object" in said
    assert "all 2 shards, table orders: breaks-object" not in said


def databases_on(server: RunningServer) -> list[str]:
    """Those of tests before this one, too."""
    with admin_cursor(server) as cursor:
        cursor.execute("SHOW DATABASES")
        names = {str(name) for (name,) in cursor.fetchall()}
    return sorted(names - {"information_schema", "mysql", "performance_schema", "sys"})


EVERYTHING_THERE = "SELECT, SHOW VIEW, TRIGGER, EXECUTE, EVENT ON `{}`.*"


@pytest.mark.invariant("GD-15")
@pytest.mark.threat("TM-ACCOUNT-4")
@pytest.mark.parametrize(
    ("grants", "is_unproven"),
    [
        ((EVERYTHING_THERE, "PROCESS ON *.*"), True),
        ((EVERYTHING_THERE, "PROCESS, SHOW DATABASES ON *.*"), True),
        ((EVERYTHING_THERE, "PROCESS, SELECT, SHOW VIEW ON *.*"), True),
        (("PROCESS, SELECT, SHOW VIEW, TRIGGER, EXECUTE, EVENT ON *.*",), False),
    ],
    ids=["own databases", "names of others", "views of others", "everything"],
)
def test_a_login_that_does_not_see_other_databases_leaves_the_drop_unproven(
    small_fleet: Fleet,
    fresh_database: FreshDatabase,
    grants: tuple[str, ...],
    is_unproven: bool,
) -> None:
    fleet = small_fleet
    beside(fleet, fresh_database)
    with logged_in_as(fleet, *grants):
        allow(fleet, DROP)
        fleet.edit("schemas/shop/orders.sql", *WITHOUT_LEGACY)
        planned = fleet.run("plan", "--write")
        said = " ".join(planned.said.split())
        assert (planned.code == 3) is is_unproven, planned.said
        assert ("views, triggers, routines and events of other databases" in said) is is_unproven
        if is_unproven:
            assert said.count("unproven of orders needs permission") == 1
            allow(fleet, DROP, {"table": "orders", "hazard": "unproven", "reason": "ours alone"})
            assert fleet.run("plan", "--write").code == 0


@pytest.mark.invariant("GD-15")
def test_a_login_that_sees_all_databases_there_are_leaves_nothing_unproven(
    small_fleet: Fleet,
) -> None:
    """No grant is on all of them, and there is one on each."""
    fleet = small_fleet
    everywhere = [EVERYTHING_THERE.format(name) for name in databases_on(fleet.servers[0])]
    with logged_in_as(fleet, *everywhere, "PROCESS, SHOW DATABASES ON *.*"):
        allow(fleet, DROP)
        fleet.edit("schemas/shop/orders.sql", *WITHOUT_LEGACY)
        planned = fleet.run("plan", "--write")
        assert planned.code == 0, planned.said
