"""When tables were created, as a look at a shard tells it: asked of a fleet without servers, and of
real ones. Whose a leftover is rests on it (EN-87)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.server.process import RunningServer
from reconciler.model.observation import ObservedShard
from reconciler.ports.shards import LiveShards
from reconciler.spec.model import Connection, ShardSpec
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import ROOT, admin_cursor, connection_to
from tests.offline_fleet import Shards, users

pytestmark = pytest.mark.invariant("EN-87")


@dataclass(frozen=True, kw_only=True)
class Stand:
    """One shard; `make` creates a table, `rename` gives it another name, `now_s` is the shard's
    clock."""

    shards: LiveShards
    shard: ShardSpec
    make: Callable[[str], None]
    rename: Callable[[str, str], None]
    now_s: Callable[[], int]
    keeps_time: bool = True  # of a table that is renamed

    def created_s(self) -> dict[str, int | None]:
        (seen,) = self.shards.observe([self.shard], parallel=1)
        assert isinstance(seen, ObservedShard), seen
        return {name: facts.created_s for name, facts in seen.facts}


@dataclass
class OfflineShard:
    tables: dict[str, str] = field(default_factory=dict)
    created_s: dict[str, int | None] = field(default_factory=dict)
    now: int = 1_700_000_000

    def now_s(self) -> int:
        self.now += 1
        return self.now

    def make(self, table: str) -> None:
        self.tables[table] = users().replace("`users`", f"`{table}`")
        self.created_s[table] = self.now_s()

    def rename(self, table: str, other: str) -> None:
        self.tables[other] = self.tables.pop(table)
        self.created_s[other] = self.created_s.pop(table)


@pytest.fixture(params=["offline", "mysql_server", "mariadb_server"])
def stand(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Stand:
    if request.param == "offline":
        return offline()
    server: RunningServer = request.getfixturevalue(request.param)
    database = fresh_database(server)

    def run(statement: str) -> None:
        with admin_cursor(server, database) as cursor:
            cursor.execute(statement)

    def now_s() -> int:
        with admin_cursor(server, database) as cursor:
            cursor.execute("SELECT UNIX_TIMESTAMP()")
            ((now,),) = cursor.fetchall()
            return int(now)

    return Stand(
        shards=MysqlLiveShards(environ={}, root=ROOT),
        shard=ShardSpec(name="-80", connection=connection_to(server, database)),
        make=lambda table: run(f"CREATE TABLE `{table}` (id int PRIMARY KEY)"),
        rename=lambda table, other: run(f"RENAME TABLE `{table}` TO `{other}`"),
        now_s=now_s,
        keeps_time=request.param == "mysql_server",
    )


def offline() -> Stand:
    own = OfflineShard()
    connection = Connection(host="db-{shard}", database="d", user="u")
    return Stand(
        shards=Shards({"db--80": own.tables}, created_s=own.created_s),
        shard=ShardSpec(name="-80", connection=connection),
        make=own.make,
        rename=own.rename,
        now_s=own.now_s,
    )


def test_a_look_tells_when_each_table_was_created_by_the_shards_clock(stand: Stand) -> None:
    before_s = stand.now_s()
    stand.make("users")
    stand.make("orders")
    found, after_s = stand.created_s(), stand.now_s()
    assert found.keys() == {"orders", "users"}
    assert all(made is not None and before_s <= made <= after_s for made in found.values())
    assert stand.created_s() == found


def test_another_name_does_not_make_a_table_older(stand: Stand) -> None:
    stand.make("users")
    made_s = stand.created_s()["users"]
    assert made_s is not None
    # A later second, so that a time that is moved can be seen: that of a file, which MariaDB goes
    # by, is some milliseconds behind the clock that it tells.
    while stand.now_s() <= made_s + 1:
        time.sleep(0.05)
    stand.rename("users", "_users_old")
    found = stand.created_s()
    assert found.keys() == {"_users_old"}
    moved_s = found["_users_old"]
    assert moved_s is not None
    assert moved_s == made_s if stand.keeps_time else moved_s > made_s
