"""What engines left, from the drift that tells it to the table that is gone, on real servers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.edges.ledger.place import LEDGER_FILE
from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.ledger.model import NewApply, NewOperation, StatementEntry
from reconciler.ledger.states import ApplyState, StatementState
from reconciler.model.object_id import table_id
from reconciler.plan.codec import load_plan
from reconciler.plan.engines.gh_ost_names import SENTRY
from tests.contract.ledgers import by_engine
from tests.fleet import Fleet

LEFT, COUNTED = "_users_del", "_users_ghc"
PLAN_JSON = "plans/production/shop.plan.json"


def left_behind(fleet: Fleet, shard: str, *names: str, made_s: int | None = None) -> int:
    """An apply that has ended, as the ledger has it; the tables are somebody else's to make, by
    default the old one at the moment that its record has of the table."""
    made_s = created_s(fleet, shard, LEFT) if made_s is None else made_s
    ledger = open_ledger(None, default_file=fleet.root / LEDGER_FILE)
    try:
        return _recorded(ledger, shard, names, made_s)
    finally:
        ledger.close()


def created_s(fleet: Fleet, shard: str, table: str) -> int | None:
    """In seconds of Unix time, by the server."""
    found = fleet.sql(
        shard,
        "SELECT UNIX_TIMESTAMP(CREATE_TIME) FROM information_schema.TABLES"
        f" WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{table}'",
    )
    return int(found[0][0]) if found else None


def _recorded(ledger: SqlLedger, shard: str, names: tuple[str, ...], made_s: int | None) -> int:
    users = NewOperation(shard=shard, object_id=table_id("users"), wave=1, position=0, statements=1)
    lease = ledger.begin(
        NewApply(
            environment="production",
            keyspace="shop",
            plan_id="sha256:1",
            commit="c" * 40,
            waves=((shard,),),
            operations=(users,),
        ),
        holder="me",
        now_s=1.0,
    )
    row = by_engine(StatementState.APPLIED, shard=shard, left=names, created_s=made_s).row
    settled_s = 4.5 if made_s is None else made_s + 1.0
    ledger.record(lease, [StatementEntry(row=replace(row, settled_s=settled_s))])
    stored = ledger.apply(lease.apply_id)
    assert stored is not None
    ledger.settle(lease, replace(stored, state=ApplyState.COMPLETED, completed_s=9.0))
    ledger.give_up(lease, now_s=9.0)
    return lease.apply_id


@pytest.fixture
def left(fleet: Fleet) -> Fleet:
    """gh-ost has left two tables on one shard, one of them with all the rows as they were."""
    del fleet.spec["policy"]
    fleet.write_spec()
    fleet.commit("nothing is ignored")
    fleet.sql("-40", "INSERT INTO users (id, name) VALUES (1, 'ann')")
    fleet.sql("-40", f"CREATE TABLE {LEFT} LIKE users")
    fleet.sql("-40", f"INSERT INTO {LEFT} SELECT * FROM users")
    fleet.sql("-40", f"CREATE TABLE {COUNTED} (id bigint AUTO_INCREMENT PRIMARY KEY)")
    assert left_behind(fleet, "-40", LEFT, COUNTED) == 1
    return fleet


@pytest.mark.invariant("EN-31")
@pytest.mark.invariant("EN-33")
def test_what_an_engine_left_is_told_planned_reviewed_and_gone(left: Fleet) -> None:
    left.sql("c0-", "CREATE TABLE _orders_new (id int PRIMARY KEY)")
    told = left.run("drift")
    assert told.code == 2
    assert (
        f"leftover       table {LEFT} on shard -40: of gh-ost, for table users, apply 1" in told.out
    )
    assert "foreign        table _orders_new on shard c0-" in told.out

    planned = left.run("clean", "--write")
    assert planned.code == 0, planned.said
    assert f"DROP TABLE `{LEFT}`" in planned.out
    assert "what gh-ost left of table users in apply 1, with all its rows" in planned.out
    assert "table _orders_new on shard c0- stays" in planned.out
    plan = left.read(PLAN_JSON)
    again = left.run("plan", "--write")
    assert again.code == 0, again.said
    assert left.read(PLAN_JSON) == plan, "planning again in the same change keeps it"
    left.commit("clean up")

    assert left.run("verify").code == 0
    assert "pending-apply  shard -40" in left.run("drift").out
    applied = left.run("apply")
    assert applied.code == 0, applied.said
    assert {*left.definitions("-40")} == {"users", "orders"}
    assert left.sql("-40", "SELECT name FROM users") == (("ann",),)
    assert "_orders_new" in left.definitions("c0-")
    left.sql("c0-", "DROP TABLE _orders_new")
    assert left.run("drift").code == 0
    assert left.run("apply").code == 0


@pytest.mark.invariant("EN-33")
def test_what_another_apply_has_left_meanwhile_is_not_dropped(left: Fleet) -> None:
    assert left.run("clean", "--write").code == 0
    left.commit("clean up")
    left_behind(left, "-40", LEFT)
    refused = left.run("apply")
    assert refused.code == 3, refused.said
    assert "[leftover-changed]" in refused.said
    assert "what gh-ost left of table users in apply 2" in refused.said
    assert {LEFT, COUNTED} <= {*left.definitions("-40")}


@pytest.mark.invariant("EN-33")
def test_a_table_that_was_dropped_is_nobodys_when_it_comes_again(left: Fleet) -> None:
    assert left.run("clean", "--write").code == 0
    left.commit("clean up")
    assert left.run("apply").code == 0
    left.sql("-40", f"CREATE TABLE {LEFT} (id int PRIMARY KEY)")
    told = left.run("drift")
    assert told.code == 2
    assert f"foreign        table {LEFT} on shard -40" in told.out
    assert "no engine" not in left.run("clean").out
    assert f"table {LEFT} on shard -40 stays: nobody's" in left.run("clean").out


@pytest.mark.invariant("EN-33")
@pytest.mark.invariant("ST-11")
def test_a_removal_that_was_cut_off_goes_on(left: Fleet) -> None:
    """As if the first apply had died after its first statement: what it dropped is not missed."""
    assert left.run("clean", "--write").code == 0
    left.commit("clean up")
    core = load_plan(left.read(PLAN_JSON).encode(), PLAN_JSON).core
    first, second = core.change_sets[0].statements
    left.sql("-40", first.sql)
    assert left.run("verify").code == 0
    applied = left.run("apply")
    assert applied.code == 0, applied.said
    assert {*left.definitions("-40")} == {"users", "orders"}, second.sql


@pytest.mark.threat("TM-LEDGER-20")
def test_a_record_that_names_other_tables_removes_none_of_them(fleet: Fleet) -> None:
    """By a statement of gh-ost's on users: a table that looks like the copy of another one, one
    that looks like another engine's, and a table of git's."""
    del fleet.spec["policy"]
    fleet.write_spec()
    fleet.commit("nothing is ignored")
    fleet.sql("-40", "CREATE TABLE _orders_gho (id int PRIMARY KEY)")
    fleet.sql("-40", "CREATE TABLE _users_new (id int PRIMARY KEY)")
    left_behind(fleet, "-40", "_orders_gho", "_users_new", "orders", LEFT)
    told = fleet.run("drift")
    assert "leftover" not in told.out
    assert "foreign        table _orders_gho" in told.out
    cleaned = fleet.run("clean", "--write")
    assert cleaned.code == 0, cleaned.said
    assert "DROP" not in cleaned.out
    assert "table _users_new on shard -40 stays: nobody's" in cleaned.out
    assert not (fleet.root / PLAN_JSON).exists()


@pytest.mark.invariant("EN-87")
@pytest.mark.threat("TM-LEDGER-21")
def test_a_table_that_somebody_made_under_a_leftovers_name_stays(left: Fleet) -> None:
    """Dropped by hand, and made again by somebody, with a plan to remove it merged meanwhile."""
    assert left.run("clean", "--write").code == 0
    left.commit("clean up")
    made_s = created_s(left, "-40", LEFT)
    left.sql("-40", f"DROP TABLE {LEFT}")
    while created_s(left, "-40", LEFT) in (None, made_s):
        left.sql("-40", f"DROP TABLE IF EXISTS {LEFT}")
        left.sql("-40", f"CREATE TABLE {LEFT} LIKE users")
    refused = left.run("apply")
    assert refused.code == 3, refused.said
    assert "[leftover-changed]" in refused.said
    assert "it was created at another time than the table that was changed" in refused.said
    assert {LEFT, COUNTED} <= {*left.definitions("-40")}
    assert f"foreign        table {LEFT} on shard -40: not of gh-ost" in left.run("drift").out


@pytest.mark.invariant("EN-87")
def test_what_gh_ost_put_in_the_way_of_its_own_swap_is_cleaned_up(fleet: Fleet) -> None:
    """It was killed there and its apply given up: the empty table has the old one's name, and is
    younger than the table that was changed."""
    fleet.sql("-40", f"CREATE TABLE {LEFT} (id int AUTO_INCREMENT PRIMARY KEY) COMMENT='{SENTRY}'")
    made_s = created_s(fleet, "-40", LEFT)
    assert made_s is not None
    left_behind(fleet, "-40", LEFT, made_s=made_s - 1)
    assert f"leftover       table {LEFT} on shard -40" in fleet.run("drift").out
    assert fleet.run("clean", "--write").code == 0
    fleet.commit("clean up")
    applied = fleet.run("apply")
    assert applied.code == 0, applied.said
    assert LEFT not in fleet.definitions("-40")
