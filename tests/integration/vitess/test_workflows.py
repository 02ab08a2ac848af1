"""Other people's workflows: while one reads or writes the keyspace nothing is planned, verified or
applied, and each is named, from its beginning until it is completed or cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from tests.vitess import Vitess
from tests.vitess_fleet import VitessFleet
from tests.waiting import until

pytestmark = [pytest.mark.vitess, pytest.mark.invariant("VT-12")]

ROUTED = (
    '{"sharded": true, "vindexes": {"h": {"type": "xxhash"}},'
    ' "tables": {"users": {"column_vindexes": [{"column": "id", "name": "h"}]}}}'
)
USERS = """CREATE TABLE users (
  id bigint unsigned NOT NULL,
  name varchar(50) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"""
WHOLE, HALVES = "-", ("-80", "80-")
ROWS = 40
VERBS = (("plan",), ("verify",), ("apply",))
ONE_VERB = (("apply",),)  # of a later stage: all three ask the topology in one place


@pytest.fixture
def keyspace(vitess: Vitess) -> str:
    made = vitess.keyspace(shards=1, vschema=ROUTED)
    values = ", ".join(f"({number}, 'a')" for number in range(ROWS))
    vitess.sql(made, USERS, f"INSERT INTO users (id, name) VALUES {values}")
    return made


@pytest.fixture
def shop(
    vitess: Vitess,
    keyspace: str,
    mysql_server: RunningServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> VitessFleet:
    """With a plan that is reviewed and not applied."""
    root = tmp_path / "repository"
    root.mkdir()
    fleet = VitessFleet(root, (), lambda _: "", monkeypatch)
    fleet.found_on(
        vitess,
        keyspace,
        mysql_server,
        tables={"users": USERS},
        vschema=ROUTED,
        rollout={"parallel": 2},
    )
    fleet.edit("schemas/shop/users.sql", "NOT NULL,\n  PRIMARY", "NOT NULL,\n  age int,\n  PRIMARY")
    fleet.plan_and_commit()
    assert fleet.run("verify").code == 0
    return fleet


def refused_by_name(
    shop: VitessFleet, *names: str, verbs: Sequence[tuple[str, ...]] = VERBS
) -> None:
    for verb in verbs:
        ended = shop.run(*verb)
        assert ended.code == 3, (verb, ended.said)
        said = " ".join(ended.said.split())
        for name in names:
            assert name in said, (verb, said)


def definition(vitess: Vitess, keyspace: str, shard: str) -> str:
    return str(vitess.on_server(keyspace, shard, "SHOW CREATE TABLE users")[0][1])


def test_a_reshard_is_named_until_it_is_completed(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    reshard = ("Reshard", "--workflow", "split", "--target-keyspace", keyspace)
    vitess.add_shards(keyspace, *HALVES)
    halves = ",".join(HALVES)
    vitess.ask(
        *(*reshard, "create", f"--source-shards={WHOLE}", f"--target-shards={halves}"),
        "--tablet-types=PRIMARY",
    )
    named = f"Reshard 'split' is in progress, from {keyspace} to {keyspace}"
    refused_by_name(shop, "[vitess-workflow]", named, "shard -80: it does not serve")
    until(lambda: '"Running"' in vitess.ask(*reshard, "show"), "the rows to be copied")
    vitess.ask(*reshard, "SwitchTraffic")
    closed = f"shard {WHOLE}: it does not serve"
    refused_by_name(shop, "[vitess-workflow]", "Reshard 'split", closed, verbs=ONE_VERB)
    for shard in (WHOLE, *HALVES):
        assert "age" not in definition(vitess, keyspace, shard), "nothing was sent"
    vitess.ask(*reshard, "complete")
    until(lambda: "[vitess-workflow]" not in shop.run("verify").said, "the workflow to be gone")
    after = shop.run("apply")
    assert after.code == 3, after.said
    assert "shard" in after.said, "its plan is of other shards"
    shop.plan_and_commit()
    applied = shop.run("apply")
    assert applied.code == 0, applied.said
    for shard in HALVES:
        assert "`age` int" in definition(vitess, keyspace, shard)
    assert vitess.sql(keyspace, "SELECT COUNT(*) FROM users") == ((ROWS,),)


def test_tables_that_move_are_named_until_they_are_all_there(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    target = vitess.keyspace(shards=1, vschema=ROUTED)
    moving = ("MoveTables", "--workflow", "mv", "--target-keyspace", target)
    vitess.ask(
        *(*moving, "create", "--source-keyspace", keyspace, "--tables", "users"),
        "--tablet-types=PRIMARY",
    )
    refused_by_name(shop, "[vitess-workflow]", f"MoveTables 'mv' is in progress, from {keyspace}")
    until(lambda: '"Running"' in vitess.ask(*moving, "show"), "the rows to be copied")
    vitess.ask(*moving, "SwitchTraffic", "--tablet-types=PRIMARY")
    refused_by_name(shop, "[vitess-workflow]", "MoveTables 'mv", verbs=ONE_VERB)
    assert "age" not in definition(vitess, keyspace, WHOLE), "nothing was sent"


def test_a_migration_of_somebody_else_is_named_until_it_ends(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    ((uuid,),) = vitess.sql(
        keyspace,
        "SET @@ddl_strategy = 'vitess --postpone-completion'",
        "SET @@migration_context = 'somebody:1'",
        "ALTER TABLE users MODIFY name varchar(300)",
    )
    refused_by_name(shop, "[vitess-migration-of-others]", str(uuid))
    vitess.sql(keyspace, f"ALTER VITESS_MIGRATION '{uuid}' CANCEL")
    until(lambda: shop.run("verify").code == 0, "its end")
    applied = shop.run("apply")
    assert applied.code == 0, applied.said
    assert "`age` int" in definition(vitess, keyspace, WHOLE)
