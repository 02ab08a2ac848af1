"""The loop on a Vitess keyspace, by the commands that people type."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from reconciler.edges.server.process import RunningServer
from reconciler.edges.vitess.local.cluster import VTCTLD
from tests.vitess import Vitess, cluster_of
from tests.vitess_fleet import VitessFleet
from tests.waiting import until

pytestmark = pytest.mark.vitess

ROUTED = (
    '{"sharded": true, "vindexes": {"h": {"type": "xxhash"}},'
    ' "tables": {"users": {"column_vindexes": [{"column": "id", "name": "h"}]}}}'
)
USERS = """CREATE TABLE users (
  id bigint unsigned NOT NULL,
  name varchar(50) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""
SHARDS = ("-80", "80-")


@pytest.fixture
def keyspace(vitess: Vitess) -> str:
    made = vitess.keyspace(vschema=ROUTED)
    for shard in SHARDS:
        vitess.sql(f"{made}/{shard}", USERS)
    return made


@pytest.fixture
def shop(
    vitess: Vitess,
    keyspace: str,
    mysql_server: RunningServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> VitessFleet:
    root = tmp_path / "repository"
    root.mkdir()
    fleet = VitessFleet(root, (), lambda _: "", monkeypatch)
    return fleet.found_on(vitess, keyspace, mysql_server, tables={"users": USERS}, vschema=ROUTED)


def columns(vitess: Vitess, keyspace: str, shard: str) -> str:
    ((_, shown),) = vitess.on_server(keyspace, shard, "SHOW CREATE TABLE users")
    return str(shown)


@pytest.mark.invariant("VT-10")
def test_a_change_reaches_every_shard_of_the_topology(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    examined = shop.run("doctor", "--identity", "changes")
    assert f"topology of {keyspace}" in examined.out, examined.said
    assert "2 shards, all of them serve" in examined.out
    assert shop.run("drift").code == 0
    shop.edit("schemas/shop/users.sql", "NOT NULL,\n  PRIMARY", "NOT NULL,\n  age int,\n  PRIMARY")
    shop.plan_and_commit()
    assert shop.run("verify").code == 0
    applied = shop.run("apply")
    assert applied.code == 0, applied.said
    for shard in SHARDS:
        assert "`age` int" in columns(vitess, keyspace, shard)
    assert shop.run("plan", "--detailed-exitcode").code == 0
    assert shop.run("drift").code == 0


ORDERS = USERS.replace("TABLE users", "TABLE orders")
WITH_ORDERS = ROUTED.replace(
    '"tables": {', '"tables": {"orders": {"column_vindexes": [{"name": "h", "columns": ["id"]}]}, '
)


@pytest.mark.invariant("FZ-1")
@pytest.mark.invariant("VS-7")
def test_a_new_table_is_on_every_shard_and_then_routed(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    shop.write("schemas/shop/orders.sql", ORDERS + ";\n")
    half = shop.run("plan")
    assert half.code != 0
    assert "[vschema-table-missing]" in half.said
    shop.write("schemas/shop/vschema.json", WITH_ORDERS)
    shop.plan_and_commit()
    assert "table orders: added" in shop.read("plans/production/shop.plan.sql")
    assert shop.run("verify").code == 0
    applied = shop.run("apply")
    assert applied.code == 0, applied.said
    for number in range(20):
        vitess.sql(keyspace, f"INSERT INTO orders (id, name) VALUES ({number}, 'a')")
    counts = [vitess.on_server(keyspace, s, "SELECT count(*) FROM orders")[0][0] for s in SHARDS]
    assert sum(counts) == 20
    assert min(counts) > 0
    assert shop.run("drift").code == 0
    assert shop.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.invariant("VS-5")
@pytest.mark.invariant("VS-7")
def test_a_vschema_changed_by_hand_is_found_and_nothing_is_done_over_it(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    shop.write("schemas/shop/orders.sql", ORDERS + ";\n")
    shop.write("schemas/shop/vschema.json", WITH_ORDERS)
    shop.plan_and_commit()
    by_hand = ROUTED.replace("xxhash", "binary_md5")
    vitess.ask("ApplyVSchema", f"--vschema={by_hand}", keyspace)
    refused = shop.run("apply")
    assert refused.code == 3, refused.said
    assert "[vschema-drift]" in refused.said
    assert vitess.on_server(keyspace, "-80", "SHOW TABLES LIKE 'orders'") == ()
    found = shop.run("drift")
    assert found.code == 2, found.said
    assert 'vindex h: type "binary_md5" becomes "xxhash"' in " ".join(found.out.split())
    pulled = shop.run("pull")
    assert pulled.code == 0, pulled.said
    assert "binary_md5" in shop.read("schemas/shop/vschema.json")
    shop.write("schemas/shop/vschema.json", ROUTED)
    back = shop.run("plan")
    assert back.code == 3, back.said
    assert "vindex: h, hazard: unreachable-rows" in back.said


def test_drift_by_hand_on_one_shard_is_found_there(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    vitess.on_server(keyspace, "80-", "ALTER TABLE users ADD COLUMN by_hand int")
    found = shop.run("drift")
    assert found.code == 2, found.said
    assert "by_hand" in found.out
    assert "80-" in found.out


@pytest.mark.invariant("VT-12")
def test_a_reshard_that_begins_after_the_review_refuses_with_nothing_sent(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    shop.edit("schemas/shop/users.sql", "NOT NULL,\n  PRIMARY", "NOT NULL,\n  age int,\n  PRIMARY")
    shop.plan_and_commit()
    vitess.ask("CreateShard", f"{keyspace}/c0-")
    refused = shop.run("apply")
    assert refused.code == 3, refused.said
    assert "[vitess-shard-not-serving]" in refused.said
    assert "shard c0-" in refused.said
    for shard in SHARDS:
        assert "age" not in columns(vitess, keyspace, shard)


@pytest.mark.invariant("GD-6")
def test_shards_that_the_plan_does_not_know_refuse(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    """The plan of a keyspace with other shards: as after a reshard that was completed."""
    shop.edit("schemas/shop/users.sql", "NOT NULL,\n  PRIMARY", "NOT NULL,\n  age int,\n  PRIMARY")
    shop.plan_and_commit()
    other = vitess.keyspace(shards=1)
    vitess.sql(f"{other}/-", USERS)
    shop.write("schemas/shop/vschema.json", "{}")
    shop.environment["vitess"]["keyspace"] = other
    shop.environment["rollout"] = {}
    shop.write_spec()
    shop.commit("another keyspace")
    refused = shop.run("apply", "--review", "none")
    assert refused.code == 3, refused.said
    assert "shard" in refused.said
    assert "age" not in columns(vitess, other, "-")


def test_a_new_repository_is_written_from_the_keyspace(
    vitess: Vitess,
    keyspace: str,
    shop: VitessFleet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = cluster_of(vitess, keyspace)
    monkeypatch.setenv("SCHEMA_USER", cluster.vtgate.user)
    monkeypatch.setenv("SCHEMA_PASSWORD", cluster.vtgate.password)
    root = tmp_path / "new"
    root.mkdir()
    block = tmp_path / "environment.yaml"
    block.write_text(yaml.safe_dump({"production": shop.environment}))
    ended = shop.run("init", "-C", str(root), "shop", "--environment-file", str(block))
    assert ended.code == 0, ended.said
    assert "kind: vitess" in (root / "specs/shop.yaml").read_text()
    assert "CREATE TABLE `users`" in (root / "schemas/shop/users.sql").read_text()


def test_two_addresses_are_all_that_a_new_repository_needs(
    vitess: Vitess,
    keyspace: str,
    shop: VitessFleet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = cluster_of(vitess, keyspace)
    monkeypatch.setenv("SCHEMA_USER", cluster.vtgate.user)
    monkeypatch.setenv("SCHEMA_PASSWORD", cluster.vtgate.password)
    root = tmp_path / "new"
    root.mkdir()
    vtgate = f"{cluster.vtgate.host}:{cluster.vtgate.port}"
    given = ("--vtgate", vtgate, "--vtctld", cluster.vtctld.address)
    ended = shop.run("init", "-C", str(root), keyspace, *given)
    assert ended.code == 0, ended.said
    assert (root / f"schemas/{keyspace}/users.sql").exists()
    assert shop.run("drift", "-C", str(root)).code == 0


def test_pull_brings_what_was_changed_by_hand(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    for shard in SHARDS:
        vitess.on_server(keyspace, shard, "ALTER TABLE users ADD COLUMN by_hand int")
    pulled = shop.run("pull")
    assert pulled.code == 0, pulled.said
    assert "by_hand" in shop.read("schemas/shop/users.sql")
    assert shop.run("drift").code == 0


@pytest.mark.invariant("VT-31")
def test_without_vtctld_it_is_said_within_seconds(vitess: Vitess, shop: VitessFleet) -> None:
    begun_s = time.monotonic()
    assert shop.run("drift").code == 0
    ordinary_s = time.monotonic() - begun_s
    vitess.kill(VTCTLD)
    begun_s = time.monotonic()
    ended = shop.run("drift")
    took_s = time.monotonic() - begun_s
    vitess.start_again(VTCTLD)
    assert ended.code == 1, ended.said
    assert "[vtctld-silent]" in ended.said
    assert took_s < 3 * ordinary_s + 20, "vtctldclient tries for half a minute"


@pytest.mark.invariant("VT-12")
def test_a_shard_whose_primary_is_down_refuses_by_name(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    tablet = vitess.tablet(keyspace, "80-").name
    vitess.kill(tablet)
    until(lambda: "vitess-shard-not-serving" in shop.run("drift").said, "vtgate to see it")
    ended = shop.run("drift")
    vitess.start_again(tablet)
    assert ended.code == 3, ended.said
    assert "refused for 1 reason" in ended.said
    assert "shard 80-" in ended.said


@pytest.mark.invariant("VT-12")
def test_a_keyspace_without_one_of_its_primaries_refuses_by_name(
    vitess: Vitess, shop: VitessFleet
) -> None:
    """A shard that nobody has ever been made the primary of."""
    other = vitess.keyspace(shards=2)
    vitess.ask("CreateShard", f"{other}/80-c0")
    shop.environment["vitess"]["keyspace"] = other
    shop.write_spec()
    ended = shop.run("plan")
    assert ended.code == 3, ended.said
    assert "[vitess-shard-not-serving]" in ended.said
    assert "shard 80-c0" in ended.said
