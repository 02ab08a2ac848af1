"""Rows in a plan's way, by the command line on real shards: told, refused before the first
statement on any of them, permitted, and not settled."""

from __future__ import annotations

import json

import pytest

from tests.fleet import Fleet

NOT_NULL = ("  legacy int DEFAULT NULL,", "  legacy int NOT NULL,")
SHORTER = ("  name varchar(50) NOT NULL,", "  name varchar(5) NOT NULL,")
CANARY, OTHER = "-80", "80-"


@pytest.fixture
def asking(small_fleet: Fleet) -> Fleet:
    """Two shards that have their rows asked, each with an order."""
    for shard in (CANARY, OTHER):
        small_fleet.sql(shard, "INSERT INTO users VALUES (1, 'a name')")
        small_fleet.sql(shard, "INSERT INTO orders VALUES (1, 1, 7)")
    small_fleet.environment["preflight"] = {}
    small_fleet.write_spec()
    small_fleet.commit("ask rows")
    return small_fleet


def planned(fleet: Fleet, table: str, edit: tuple[str, str], *allow: dict[str, str]) -> None:
    fleet.edit(f"schemas/shop/{table}.sql", *edit)
    reason = "asked for in SHOP-4711"
    fleet.spec["policy"] = {"allow": [{**entry, "reason": reason} for entry in allow]}
    fleet.write_spec()
    fleet.plan_and_commit()


def permitted(fleet: Fleet, *allow: dict[str, str]) -> None:
    """The plan that is merged is taken back, for another one with these permissions."""
    fleet.git("rm", "-rq", "plans")
    fleet.commit("take the plan back")
    fleet.spec["policy"] = {"allow": [{**entry, "reason": "SHOP-4711"} for entry in allow]}
    fleet.write_spec()
    fleet.plan_and_commit()


BREAKS = {"table": "orders", "hazard": "breaks-writers", "object": "legacy"}
NARROWS = {"table": "users", "hazard": "narrow-type", "object": "name"}
LOSES = {"table": "users", "hazard": "loses-values", "object": "name"}


@pytest.mark.invariant("PF-10")
@pytest.mark.invariant("PF-12")
def test_what_held_is_used_again_until_a_statement_fails(asking: Fleet) -> None:
    """Between two of its runs, somebody writes a row."""
    asking.environment["preflight"] = {"reuse": "1h"}
    planned(asking, "orders", NOT_NULL, BREAKS)
    assert asking.run("verify").code == 0
    asking.sql(OTHER, "INSERT INTO orders VALUES (2, 1, NULL)")
    kept = asking.run("verify")
    assert kept.code == 0, kept.said
    assert "holds on all of 2 shards" in kept.out
    failed = asking.run("apply")
    assert failed.code != 0, failed.said
    assert "[rows-violate]" not in failed.said, failed.said
    for verb in ("verify", "resume"):
        again = asking.run(verb)
        assert "[rows-violate]" in again.said, again.said


@pytest.mark.invariant("PF-4")
def test_rows_that_are_in_the_way_on_one_shard_keep_a_plan_from_all(asking: Fleet) -> None:
    asking.sql(OTHER, "INSERT INTO orders VALUES (2, 1, NULL), (3, 1, NULL)")
    planned(asking, "orders", NOT_NULL, BREAKS)
    before = asking.all_definitions()
    for verb in ("verify", "apply"):
        ended = asking.run(verb)
        assert ended.code == 3, ended.said
        assert "[rows-violate]" in ended.said
        assert "rows with NULL" in ended.said
        assert asking.all_definitions() == before
    told = asking.run("verify")
    assert "holds on 1 of 2 shards; violated on shard 80- (at least" in told.out, told.out
    explained = asking.run("verify", "--explain")
    query = "SELECT 1 FROM `orders` AS this_row WHERE `legacy` IS NULL LIMIT 1"
    assert query in explained.out
    assert query not in told.out
    [keyspace] = json.loads(asking.run("verify", "--output", "json").out)["keyspaces"]
    [question] = keyspace["preflight"]
    assert (question["kind"], question["object"], question["query"]) == ("nulls", "legacy", query)
    assert [one["answer"] for one in question["shards"]] == ["holds", "violated"]
    asking.sql(OTHER, "UPDATE orders SET legacy = 0 WHERE legacy IS NULL")
    assert asking.run("verify").code == 0
    applied = asking.run("apply")
    assert applied.code == 0, applied.said


@pytest.mark.invariant("PF-4")
def test_values_that_would_be_lost_need_a_permission_of_their_own(asking: Fleet) -> None:
    shorter = (SHORTER[0], "  name char(50) NOT NULL,")
    asking.sql(CANARY, "INSERT INTO users VALUES (2, 'with blanks   ')")
    planned(asking, "users", shorter, {**LOSES, "hazard": "change-values"})
    refused = asking.run("apply")
    assert refused.code == 3, refused.said
    assert "[rows-lose-values]" in refused.said
    permitted(asking, {**LOSES, "hazard": "change-values"}, LOSES)
    applied = asking.run("apply")
    assert applied.code == 0, applied.said


@pytest.mark.invariant("PF-4")
def test_without_the_block_no_row_is_asked(asking: Fleet) -> None:
    del asking.environment["preflight"]
    asking.sql(OTHER, "INSERT INTO orders VALUES (2, 1, NULL)")
    planned(asking, "orders", NOT_NULL, BREAKS)
    assert asking.run("verify").code == 0
    assert (
        json.loads(asking.run("verify", "--output", "json").out)["keyspaces"][0]["preflight"]
        is None
    )


@pytest.mark.invariant("PF-2")
def test_what_is_not_settled_refuses_where_the_spec_says_so(asking: Fleet) -> None:
    asking.environment["preflight"] = {"budget": "0s", "refuse": "not-settled"}
    planned(asking, "orders", NOT_NULL, BREAKS)
    refused = asking.run("verify")
    assert refused.code == 3, refused.said
    assert "[rows-not-settled]" in refused.said
    assert "unsettled-rows" in refused.said
    permitted(asking, BREAKS, {**BREAKS, "hazard": "unsettled-rows"})
    told = asking.run("verify")
    assert told.code == 0, told.said
    assert "not settled on all 2 shards: the time" in told.out, told.out
