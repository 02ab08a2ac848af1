"""A half-applied plan goes on though triggers and keys of other databases have followed it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from tests.conftest import FreshDatabase
from tests.fleet import Fleet

USERS = """CREATE TABLE users (
  id int NOT NULL,
  age int DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""
TABLE = "-- reconciler: rename table users to people\n"
COLUMN = "-- reconciler: rename column id to uid\n"
AGE = "  age int DEFAULT NULL,\n"


@pytest.fixture
def referred(
    tmp_path: Path,
    mysql_server: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Fleet]:
    """Two shards, each with a trigger, and a table in a database beside it that refers to users."""
    fleet = Fleet(tmp_path / "shop", [mysql_server], fresh_database, monkeypatch)
    fleet.found(2, {"users": USERS})
    children = {}
    for shard, (_, database) in fleet.databases.items():
        children[shard] = f"`{fresh_database(mysql_server)}`.child"
        key = f"FOREIGN KEY (u) REFERENCES `{database}`.users (id)"
        fleet.sql(shard, f"CREATE TABLE {children[shard]} (u int, {key})")
        fleet.sql(shard, "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW SET NEW.age = 1")
    fleet.environment["rollout"]["canary"] = [next(iter(fleet.databases))]
    yield fleet
    for shard, child in children.items():
        fleet.sql(shard, f"DROP TABLE {child}")


@pytest.mark.invariant("ST-11")
@pytest.mark.parametrize(
    ("renames", "gone"), [(TABLE, ""), (COLUMN, ""), (TABLE + COLUMN, ""), (TABLE, AGE)]
)
def test_new_names_that_others_have_followed_keep_no_shard_from_the_rest(
    referred: Fleet, renames: str, gone: str
) -> None:
    text = USERS.replace(gone, "")
    if TABLE in renames:
        referred.git("rm", "-q", "schemas/shop/users.sql")
        text = text.replace("users", "people")
    if COLUMN in renames:
        text = text.replace("id int", "uid int").replace("(id)", "(uid)")
    name = "people" if TABLE in renames else "users"
    referred.write(f"schemas/shop/{name}.sql", renames + text)
    permitted = [("rename", None), ("rename", "id"), ("drop-column", "age"), ("breaks-object", "*")]
    referred.spec["policy"]["allow"] = [
        {"table": table, "hazard": hazard, "reason": "known", **({"object": on} if on else {})}
        for table in ("users", "people")
        for hazard, on in permitted
    ]
    referred.write_spec()
    referred.plan_and_commit()
    canary = referred.run("apply", "--wave", "canary")
    assert canary.code == 0, canary.said
    verified = referred.run("verify")
    assert verified.code == 0, verified.said
    rest = referred.run("apply", "--wave", "rest")
    assert rest.code == 0, rest.said
    assert referred.run("drift").code == 0
