"""init and pull: from a live fleet to files that mean exactly what it is."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml

from tests.fleet import USERS, Fleet

HOSTILE = "a/../b `c` \u2028.é"


def forget_the_files(fleet: Fleet) -> None:
    shutil.rmtree(fleet.root / "schemas")
    (fleet.root / "specs/shop.yaml").unlink()
    block = {"environment": fleet.environment}
    (fleet.root / "fleet.yaml").write_text(yaml.safe_dump(block))


def test_init_proves_itself_by_an_empty_plan(fleet: Fleet) -> None:
    forget_the_files(fleet)
    ended = fleet.run("init", "shop", "--environment-file", str(fleet.root / "fleet.yaml"))
    assert ended.code == 0, ended.said
    assert "nothing to do" in ended.out
    assert fleet.run("plan", "--detailed-exitcode").code == 0
    again = fleet.run("init", "shop", "--environment-file", str(fleet.root / "fleet.yaml"))
    assert again.code == 3
    other = ("init", "other", "--environment-file", str(fleet.root / "fleet.yaml"))
    (founded,) = json.loads(fleet.run(*other, "--output", "json").out)["keyspaces"]
    assert founded["spec"] == "specs/other.yaml"
    assert founded["plan"]["outcome"] == "nothing-to-do"
    assert "[spec-exists]" in again.said


def test_init_of_a_divergent_fleet_shows_what_the_others_need(fleet: Fleet) -> None:
    fleet.sql("c0-", "ALTER TABLE users ADD KEY idx_name (name)")
    forget_the_files(fleet)
    ended = fleet.run("init", "shop", "--environment-file", str(fleet.root / "fleet.yaml"))
    assert "idx_name" in ended.out
    assert "KEY `idx_name`" not in fleet.read("schemas/shop/users.sql")


def test_init_of_a_fleet_without_tables_writes_the_spec_and_says_what_comes_next(
    fleet: Fleet,
) -> None:
    users = fleet.read("schemas/shop/users.sql")
    forget_the_files(fleet)
    for shard in fleet.databases:
        fleet.sql(shard, "DROP TABLE orders, users")
    fleet.sql("c0-", users)
    init = ("init", "shop", "--environment-file", str(fleet.root / "fleet.yaml"))
    mixed = fleet.run(*init)
    assert mixed.code == 3
    assert "[model-without-tables]" in mixed.said
    fleet.sql("c0-", "DROP TABLE users")
    ended = fleet.run(*init)
    assert ended.code == 0, ended.said
    assert "schemas/shop/" in ended.out
    assert "every table would be dropped" not in ended.said
    fleet.write("schemas/shop/users.sql", users)
    fleet.plan_and_commit()
    assert fleet.run("apply").code == 0
    assert fleet.sql("40-80", "SHOW TABLES") == (("users",),)


def test_pull_adopts_live_and_leaves_files_alone_that_mean_the_same(fleet: Fleet) -> None:
    for shard in fleet.databases:
        fleet.sql(shard, "ALTER TABLE users ADD COLUMN age int DEFAULT NULL")
        fleet.sql(shard, f"CREATE TABLE `{HOSTILE.replace('`', '``')}` (id int PRIMARY KEY)")
    orders = fleet.read("schemas/shop/orders.sql")
    ended = fleet.run("pull")
    assert ended.code == 0, ended.said
    assert fleet.read("schemas/shop/orders.sql") == orders
    assert "`age` int" in fleet.read("schemas/shop/users.sql")
    assert fleet.run("plan", "--detailed-exitcode").code == 0
    assert not list(fleet.root.parent.glob("*.sql"))


@pytest.mark.invariant("PL-10")
def test_pull_removes_no_file_while_a_shard_is_not_seen(fleet: Fleet) -> None:
    fleet.sql("c0-", "DROP TABLE orders")
    fleet.monkeypatch.setenv("FLEET_PASSWORD_0", "wrong")
    ended = fleet.run("pull")
    assert ended.code == 3, ended.said
    assert (fleet.root / "schemas/shop/orders.sql").exists()


def test_pull_mends_files_that_no_server_takes(fleet: Fleet) -> None:
    fleet.write("schemas/shop/users.sql", "CREATE TABLE users (id int nonsense)")
    assert fleet.run("plan").code == 1
    assert fleet.run("pull").code == 0
    assert "`name` varchar(50)" in fleet.read("schemas/shop/users.sql")
    assert fleet.read("schemas/shop/users.sql") != USERS
    assert fleet.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.invariant("PL-10")
@pytest.mark.parametrize(
    ("table", "path"), [("Users", "schemas/shop/users.sql"), ("carts", "schemas/shop/carts.sql")]
)
def test_two_tables_never_share_a_file(fleet: Fleet, table: str, path: str) -> None:
    """`Users` beside `users`, and a table whose name is that of the file of another."""
    if table == "carts":
        fleet.git("mv", "schemas/shop/users.sql", path)
    for shard in fleet.databases:
        fleet.sql(shard, f"CREATE TABLE {table} (id int NOT NULL, PRIMARY KEY (id))")
    before = fleet.read(path)
    ended = fleet.run("pull")
    assert ended.code == 3, ended.said
    assert "tables-in-one-file" in ended.said
    assert fleet.read(path) == before
    fleet.spec["policy"]["ignore_tables"] = ["_*", table]
    fleet.write_spec()
    assert fleet.run("pull").code == 0
