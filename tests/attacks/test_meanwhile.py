"""Somebody with a login of their own changes a shard while an apply runs on the one before it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import run_as_admin
from tests.fleet import Ended, Fleet
from tests.integration.rollouts import (
    ADD_COLUMN,
    PATIENCE_S,
    ages,
    applied_as,
    applying,
    reading,
    until,
)

FIRST, SECOND = "-80", "80-"


def applied_while(fleet: Fleet, somebody_acts: Callable[[], object]) -> Ended:
    """An apply whose first shard is kept waiting until somebody has acted."""
    with reading(fleet, FIRST) as reader, applying(fleet) as process:
        until(lambda: waiting(fleet), "the first shard's statement to wait")
        somebody_acts()
        reader.execute("COMMIT")
        said, _ = process.communicate(timeout=PATIENCE_S)
    return Ended(process.returncode, said, "")


def waiting(fleet: Fleet) -> bool:
    rows = fleet.sql(
        FIRST,
        "SELECT COUNT(*) FROM information_schema.processlist"
        " WHERE state LIKE 'Waiting for table metadata lock' AND info LIKE 'ALTER TABLE%'",
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


@pytest.mark.invariant("GD-13")
@pytest.mark.threat("TM-ACCOUNT-2")
def test_a_privilege_that_is_taken_away_meanwhile_holds_the_rollout(small_fleet: Fleet) -> None:
    fleet = small_fleet
    server, database = fleet.databases[SECOND]
    every = ("SELECT, ALTER ON `{}`.*", "PROCESS ON *.*")
    with applied_as(fleet, *every) as login:
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
