"""A split, a merge and a relocation from the pull request to the clean-up, by the command line, as
a user makes them: with an application that writes through `reconciler.routes` all the while."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.fleet import parse_key_range
from tests.conftest import FreshDatabase
from tests.fleet import Ended, Fleet

SHOP = Path(__file__).parents[2] / "demo" / "routed_shop.py"
ORDERS = """CREATE TABLE orders (
  customer_id bigint NOT NULL,
  number int NOT NULL,
  PRIMARY KEY (customer_id, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""
COUNTRIES = """CREATE TABLE countries (
  code char(2) NOT NULL,
  name varchar(50) NOT NULL,
  PRIMARY KEY (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""
OLD_CUSTOMERS = range(1000, 1200)
OLD_ROWS = [(customer, 1) for customer in OLD_CUSTOMERS]


def key_of(customer: int) -> bytes:
    return hashlib.md5(str(customer).encode()).digest()


@dataclass
class Shop:
    """A fleet with routes in a ledger on a server, and rows on their shards."""

    fleet: Fleet
    server: RunningServer
    catalog: str
    places: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fleet = self.fleet
        fleet.found(2, {"orders": ORDERS, "countries": COUNTRIES})
        fleet.spec["key_function"] = "binary_md5"
        fleet.spec["tables"] = {
            "orders": {"shard_by": "customer_id"},
            "countries": {"reference": True},
        }
        login = f"{self.server.admin.user}:${{FLEET_PASSWORD}}"
        fleet.environment["ledger"] = f"mysql://{login}@127.0.0.1:{self.server.port}/{self.catalog}"
        fleet.environment["reshard"] = {"grace": "0s", "retain": "0s", "fence_budget": "5s"}
        fleet.write_spec()
        fleet.commit("routes are kept")
        self.places = {shard: database for shard, (_, database) in fleet.databases.items()}
        for shard in fleet.databases:
            fleet.sql(shard, "INSERT INTO countries VALUES ('at', 'Austria'), ('fi', 'Finland')")
            own = [one for one in OLD_CUSTOMERS if holds(shard, one)]
            fleet.sql(shard, f"INSERT INTO orders VALUES {', '.join(f'({one}, 1)' for one in own)}")

    def says(self, *arguments: str, code: int = 0) -> Ended:
        place = () if arguments[0] == "show" else ("-C", str(self.fleet.root))
        ended = self.fleet.run(*arguments, *place)
        assert ended.code == code, ended.said
        assert str(self.server.port) not in ended.said
        assert self.server.admin.password not in ended.said
        return ended

    def new_shard(self, name: str, fresh_database: FreshDatabase) -> dict[str, Any]:
        self.fleet.databases[name] = (self.server, fresh_database(self.server))
        self.places[name] = self.fleet.databases[name][1]
        return self.fleet._shard(name)

    def replace(self, old: list[str], new: list[dict[str, Any]]) -> None:
        """The edit of the pull request."""
        environment = self.fleet.environment
        shards = environment["shards"]
        environment["retiring"] = [shard for shard in shards if shard["name"] in old]
        environment["shards"] = [shard for shard in shards if shard["name"] not in old] + new
        self.fleet.write_spec()

    def move(self, old: list[str], new: list[dict[str, Any]]) -> None:
        """From the edit to the clean-up, by no more commands than it takes."""
        self.plan(old, new)
        self.merge()
        assert "awaits approval of its cutover" in self.says("apply").out
        self.says("release")
        assert "awaits approval of its clean-up" in self.says("apply").out
        self.says("release", "--clean-up")
        assert "done" in self.says("apply").out
        self.tidy()

    def plan(self, old: list[str], new: list[dict[str, Any]]) -> None:
        self.fleet.git("checkout", "--quiet", "-b", "move")
        self.replace(old, new)
        assert "wrote plans/production/shop.split.json" in self.says("plan", "--write").out
        self.fleet.commit("replace shards")

    def merge(self) -> None:
        self.fleet.git("checkout", "--quiet", "main")
        self.fleet.git("merge", "--quiet", "move")
        self.fleet.git("branch", "--delete", "move")

    def tidy(self) -> None:
        del self.fleet.environment["retiring"]
        self.fleet.write_spec()
        self.fleet.git("rm", "--quiet", "-r", "plans")
        self.fleet.commit("nothing retires any more")
        assert "in sync, " in self.says("drift").out

    def check_rows(self, wanted: list[tuple[int, int]]) -> None:
        """Each on the shard that owns its key, once; and nothing that a move has made is left."""
        found = []
        for shard in self.fleet.environment["shards"]:
            name = shard["name"]
            assert set(self.fleet.definitions(name)) == {"countries", "orders"}
            rows = self.fleet.sql(name, "SELECT customer_id, number FROM orders")
            assert all(holds(name, customer) for customer, _ in rows)
            found += [(customer, number) for customer, number in rows]
            assert len(self.fleet.sql(name, "SELECT * FROM countries")) == 2
        assert sorted(found) == sorted(wanted)

    @contextmanager
    def selling(self, tmp_path: Path) -> Iterator[dict[str, Any]]:
        """The application, in a process of its own; the result has what it sold, at the end."""
        reached = {
            "host": "127.0.0.1",
            "port": self.server.port,
            "user": self.server.admin.user,
            "password": self.server.admin.password,
        }
        settings = {
            "environment": "production",
            "keyspace": "shop",
            "name": "web-1",
            "lease_s": 2.0,
            "catalog": {**reached, "database": self.catalog},
            "places": {p: {**reached, "database": database} for p, database in self.places.items()},
        }
        file = tmp_path / "settings.json"
        file.write_text(json.dumps(settings))
        selling = subprocess.Popen(
            [sys.executable, str(SHOP), str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=SHOP.parents[1],
        )
        assert selling.stdout is not None
        assert selling.stdout.readline() == "open\n"
        result: dict[str, Any] = {}
        try:
            yield result
        finally:
            out, _ = selling.communicate("")
        assert selling.returncode == 0
        result.update(json.loads(out))


def holds(shard: str, customer: int) -> bool:
    found = parse_key_range(shard)
    assert found is not None
    return found.holds(key_of(customer))


@pytest.fixture
def shop(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    server: RunningServer = request.getfixturevalue(request.param)
    fleet = Fleet(tmp_path / "shop", [server], fresh_database, monkeypatch)
    return Shop(fleet, server, fresh_database(server))


@pytest.mark.parametrize("shop", ["mysql_server"], indirect=True)
def test_a_shard_is_split_beside_an_application(
    shop: Shop, tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    """With every word that a user may say on the way."""
    shop.says("routes", "adopt")
    new = [shop.new_shard(name, fresh_database) for name in ("-40", "40-80")]
    with shop.selling(tmp_path) as result:
        shop.plan(["-80"], new)
        shown = shop.says("show", str(shop.fleet.root / "plans/production/shop.split.json"))
        assert "-80 is replaced by -40, 40-80, 2 tables move" in shown.out
        assert "verified" in shop.says("verify").out
        assert "[spec-not-merged]" in shop.says("apply", code=3).said
        shop.merge()
        assert "[shards-retiring]" in shop.says("drift", code=3).said
        assert "awaits approval of its cutover" in shop.says("apply").out
        assert "(-80 -> -40, 40-80): catchup" in shop.says("status").out
        assert "split 1 has begun by this plan" in shop.says("verify").out
        assert "its cutover is released" in shop.says("release").out
        assert "[split-released-already]" in shop.says("release", code=3).said
        assert "awaits approval of its clean-up" in shop.says("apply").out
        assert "[split-past-cutover]" in shop.says("abandon", code=3).said
        assert "the targets own the range since version 2" in shop.says("status").out
        assert "in sync, 3 of 3 shards match git" in shop.says("drift").out
        assert "[split-cleanup-unnamed]" in shop.says("release", code=3).said
        assert "its cleanup is released" in shop.says("release", "--clean-up").out
        assert "done" in shop.says("apply").out
        assert "web-1 goes by version 3" in shop.says("routes", "show").out
    assert result["missed"] == 0
    assert "nothing to do, all 3 shards match git" in shop.says("plan").out
    assert "split 1 (-80 -> -40, 40-80): done" in shop.says("status", "--history").out
    shop.tidy()
    assert "nothing to do" in shop.says("apply").out
    sold = result["sold"].items()
    shop.check_rows(OLD_ROWS + [(int(who), n + 1) for who, count in sold for n in range(count)])


@pytest.mark.parametrize("shop", ["mariadb_server"], indirect=True)
def test_neighbours_are_merged_and_a_shard_moves(shop: Shop, fresh_database: FreshDatabase) -> None:
    shop.says("routes", "adopt")
    shop.move(["-80", "80-"], [shop.new_shard("-", fresh_database)])
    shop.check_rows(OLD_ROWS)
    shop.move(["-"], [shop.new_shard("-", fresh_database)])
    shop.check_rows(OLD_ROWS)
    assert "since version 5, by split 2" in shop.says("routes", "show").out
