"""Somebody with a login of their own changes a shard while an apply runs on the one before it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import FreshDatabase, run_as_admin
from tests.fleet import Ended, Fleet
from tests.integration.rollouts import (
    ADD_COLUMN,
    ages,
    applying,
    logged_in_as,
    reading,
)
from tests.waiting import PATIENCE_S, until

FIRST, SECOND = "-80", "80-"


def applied_while(
    fleet: Fleet,
    somebody_acts: Callable[[], object],
    *,
    table: str = "users",
    waits: str = FIRST,
) -> Ended:
    """An apply that one shard, by default the first, keeps waiting until somebody has acted."""
    with reading(fleet, waits, table) as reader, applying(fleet) as process:
        until(lambda: waiting(fleet, waits), "the shard's statement to wait")
        somebody_acts()
        reader.execute("COMMIT")
        said, _ = process.communicate(timeout=PATIENCE_S)
    return Ended(process.returncode, said, "")


def waiting(fleet: Fleet, shard: str) -> bool:
    rows = fleet.sql(
        shard,
        "SELECT COUNT(*) FROM information_schema.processlist"
        " WHERE state LIKE 'Waiting for table metadata lock' AND info REGEXP '^(ALTER|DROP) TABLE'",
    )
    return bool(rows[0][0])


@pytest.mark.invariant("GD-12")
@pytest.mark.threat("TM-ACCOUNT-1")
@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("ALTER TABLE orders MODIFY legacy bigint DEFAULT NULL", "orders"),
        ("CREATE TABLE strangers (id int PRIMARY KEY)", "strangers"),
    ],
    ids=["altered", "made"],
)
def test_drift_on_a_table_that_the_plan_leaves_alone_is_no_success(
    small_fleet: Fleet, statement: str, table: str
) -> None:
    fleet = small_fleet
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    fleet.plan_and_commit()
    ended = applied_while(fleet, lambda: fleet.sql(SECOND, statement))
    assert ended.code == 4, ended.said
    assert "[drift]" in ended.said
    assert f"shard {SECOND}, table {table}: somebody changed it" in " ".join(ended.said.split())
    assert fleet.run("drift").code == 2


@pytest.mark.invariant("GD-16")
@pytest.mark.threat("TM-ACCOUNT-6")
def test_a_shard_that_is_done_and_drifts_while_others_run_is_named_at_the_end(
    small_fleet: Fleet,
) -> None:
    fleet = small_fleet
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    fleet.plan_and_commit()
    drifts = "ALTER TABLE orders MODIFY legacy bigint DEFAULT NULL"
    ended = applied_while(fleet, lambda: fleet.sql(FIRST, drifts), waits=SECOND)
    said = " ".join(ended.said.split())
    assert ended.code == 2, ended.said
    assert ages(fleet) == [FIRST, SECOND]
    assert "completed on 2 shards, and not every shard is where the plan ends" in said
    assert f"shard {FIRST}, table orders: somebody changed it while this apply ran" in said
    assert "bigint" in said
    assert fleet.run("drift").code == 2
    fleet.sql(FIRST, "ALTER TABLE orders MODIFY legacy int DEFAULT NULL")
    assert fleet.run("apply").code == 0


@pytest.mark.invariant("GD-13")
@pytest.mark.threat("TM-ACCOUNT-2")
def test_a_privilege_that_is_taken_away_meanwhile_holds_the_rollout(small_fleet: Fleet) -> None:
    fleet = small_fleet
    server, database = fleet.databases[SECOND]
    every = ("SELECT, ALTER ON `{}`.*", "PROCESS ON *.*")
    with logged_in_as(fleet, *every) as login:
        fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
        fleet.plan_and_commit()
        revoke = f"REVOKE ALTER ON `{database}`.* FROM '{login.user}'@'127.0.0.1'"
        ended = applied_while(fleet, lambda: run_as_admin(server, revoke))
        assert ended.code == 4, ended.said
        said = " ".join(ended.said.split())
        assert "[privilege-missing]" in said
        assert f"shard {SECOND}, table users: the login may not ALTER there" in said
        assert ages(fleet) == [FIRST]
        run_as_admin(server, revoke.replace("REVOKE", "GRANT").replace(" FROM ", " TO "))
        assert fleet.run("resume").code == 0
    assert ages(fleet) == [FIRST, SECOND]


def allowing(fleet: Fleet, **permission: str) -> None:
    fleet.spec["policy"]["allow"] = [{**permission, "reason": "nobody reads it any more"}]
    fleet.write_spec()


def dropping_a_column(fleet: Fleet) -> None:
    allowing(fleet, table="orders", hazard="drop-column", object="legacy")
    fleet.edit("schemas/shop/orders.sql", "  legacy int DEFAULT NULL,\n", "")
    fleet.plan_and_commit()


USERS_OF_LEGACY = {
    "view": "CREATE VIEW {db}.v AS SELECT legacy FROM {db}.orders",
    "trigger": "CREATE TRIGGER {db}.tr BEFORE INSERT ON {db}.orders"
    " FOR EACH ROW SET NEW.legacy = 1",
    "procedure": "CREATE PROCEDURE {db}.p() SELECT MAX(legacy) FROM orders",
    "function": "CREATE FUNCTION {db}.f() RETURNS int READS SQL DATA"
    " RETURN (SELECT MAX(legacy) FROM orders)",
    "event": "CREATE EVENT {db}.e ON SCHEDULE EVERY 1 DAY DISABLE DO UPDATE orders SET legacy = 0",
    "view elsewhere": "CREATE VIEW {other}.v AS SELECT legacy FROM {db}.orders",
    "procedure elsewhere": "CREATE PROCEDURE {other}.p() SELECT MAX(legacy) FROM {db}.orders",
}


@pytest.mark.invariant("GD-14")
@pytest.mark.threat("TM-ACCOUNT-3")
@pytest.mark.parametrize("kind", USERS_OF_LEGACY)
def test_what_somebody_builds_on_a_column_that_is_about_to_go_refuses_its_shard(
    small_fleet: Fleet, fresh_database: FreshDatabase, kind: str
) -> None:
    fleet = small_fleet
    dropping_a_column(fleet)
    server, database = fleet.databases[SECOND]
    other = fresh_database(server)
    made = USERS_OF_LEGACY[kind].format(db=database, other=other)
    ended = applied_while(fleet, lambda: fleet.sql(SECOND, made), table="orders")
    assert ended.code == 4, ended.said
    said = " ".join(ended.said.split())
    assert "[dependent-appeared]" in said
    place = f"{other}." if "elsewhere" in kind else ""
    name = {"view": "v", "trigger": "tr", "event": "e", "function": "f"}.get(kind.split()[0], "p")
    assert (
        f"shard {SECOND}, table orders: {kind.split()[0]} {place}{name} uses orders.legacy" in said
    )
    live = fleet.all_definitions()
    assert "`legacy`" not in live[FIRST]["orders"]
    assert "`legacy`" in live[SECOND]["orders"]
    again = fleet.run("apply")
    assert again.code == 3, again.said
    assert "breaks-object" in again.said
    assert SECOND in again.said
    assert "`legacy`" in fleet.definitions(SECOND)["orders"]


@pytest.mark.invariant("GD-14")
@pytest.mark.threat("TM-ACCOUNT-3")
@pytest.mark.parametrize(
    ("child", "said"),
    [
        ("{other}.child", "foreign key fk_new of table {other}.child"),
        ("{db}._child", "foreign key fk_new of table _child"),
        ("{db}.child", "table child: somebody changed it since this apply looked"),
    ],
    ids=["elsewhere", "ignored", "managed"],
)
def test_a_foreign_key_to_a_table_that_is_about_to_go_refuses_its_shard(
    small_fleet: Fleet, fresh_database: FreshDatabase, child: str, said: str
) -> None:
    fleet = small_fleet
    allowing(fleet, table="orders", hazard="drop-table")
    (fleet.root / "schemas/shop/orders.sql").unlink()
    fleet.plan_and_commit()
    server, database = fleet.databases[SECOND]
    names = {"db": database, "other": fresh_database(server)}
    made = (
        f"CREATE TABLE {child.format(**names)} (id int PRIMARY KEY, o bigint unsigned,"
        f" CONSTRAINT fk_new FOREIGN KEY (o) REFERENCES {database}.orders (id)) ENGINE=InnoDB"
    )
    ended = applied_while(fleet, lambda: fleet.sql(SECOND, made), table="orders")
    assert ended.code == 4, ended.said
    assert f"shard {SECOND}, " in ended.said
    assert said.format(**names) in " ".join(ended.said.split())
    assert "orders" in fleet.definitions(SECOND)
    assert "orders" not in fleet.definitions(FIRST)
    run_as_admin(server, f"DROP TABLE {child.format(**names)}")
    assert fleet.run("apply").code == 0


@pytest.mark.invariant("GD-14")
def test_what_was_there_and_permitted_and_what_is_harmless_is_in_nobodys_way(
    small_fleet: Fleet,
) -> None:
    fleet = small_fleet
    for shard in fleet.databases:
        fleet.sql(shard, "CREATE VIEW v AS SELECT id, legacy FROM orders")
        fleet.sql(shard, "CREATE VIEW w AS SELECT legacy FROM v")
    fleet.spec["policy"]["allow"] = [
        {"table": "orders", "hazard": "drop-column", "object": "legacy", "reason": "unused"},
        {"table": "orders", "hazard": "breaks-object", "object": "?", "reason": "unused too"},
    ]
    fleet.write_spec()
    fleet.edit("schemas/shop/orders.sql", "  legacy int DEFAULT NULL,\n", "  later int,\n")
    fleet.plan_and_commit()
    made = "CREATE VIEW harmless AS SELECT user_id FROM orders"
    ended = applied_while(fleet, lambda: fleet.sql(SECOND, made), table="orders")
    assert ended.code == 0, ended.said
