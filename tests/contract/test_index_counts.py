"""What servers count of reads by index is told as it is, and not where it may be incomplete."""

from __future__ import annotations

import pytest

from reconciler.edges.mysql.index_use import WAITS, MysqlIndexCounts
from reconciler.edges.server.process import RunningServer
from reconciler.model.index_use import IndexUse
from reconciler.model.server import Flavor
from reconciler.spec.model import ShardSpec
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    ROOT,
    Account,
    account,
    admin_cursor,
    admin_of,
    connection_to,
)

COUNTS = MysqlIndexCounts(environ={}, root=ROOT)
LOST = "SHOW GLOBAL STATUS WHERE Variable_name REGEXP 'schema_(index_stat|table_.*s)_lost'"
USED = "SELECT * FROM t FORCE INDEX (Used) WHERE a = 2"


def counted(shard: ShardSpec) -> IndexUse | None:
    [found] = COUNTS.read([shard], parallel=1)
    return found


def check(found: IndexUse | None) -> None:
    assert found is not None
    reads = found.tables["t"]
    assert (reads.rows > 0, reads.by_index["used"] > 0, reads.by_index["k"]) == (True, True, 0)


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def server(request: pytest.FixtureRequest) -> RunningServer:
    server: RunningServer = request.getfixturevalue(request.param)
    return server


@pytest.mark.invariant("LN-6")
def test_reads_are_counted_by_index_or_not_told(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)

    def shard(login: Account) -> ShardSpec:
        return ShardSpec(name="-", connection=connection_to(server, database, login))

    with (
        admin_cursor(server, database) as cursor,
        account(server, f"SELECT ON {database}.*") as one,
    ):
        cursor.execute("CREATE TABLE t (id int PRIMARY KEY, a int, b int, KEY Used (a), KEY k (b))")
        cursor.execute("INSERT INTO t VALUES (1, 2, 3)")
        cursor.execute(USED)
        cursor.execute(LOST)
        if any(int(count) for _, count in cursor.fetchall()):
            assert counted(shard(admin_of(server))) is None
        else:
            check(counted(shard(admin_of(server))))
        assert counted(shard(one)) is None
        if server.version.flavor is Flavor.MARIADB:
            cursor.execute("SET GLOBAL userstat = 1")
            try:
                with admin_cursor(server, database) as another:
                    another.execute(USED)
                check(counted(shard(one)))
            finally:
                cursor.execute("SET GLOBAL userstat = 0")


def test_one_database_is_asked_about_without_a_look_at_all_others(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    """Each shard asks: of a thousand on one server each would look at the tables of a thousand."""
    database = fresh_database(mysql_server)
    with admin_cursor(mysql_server, database) as cursor:
        cursor.execute("CREATE TABLE t (id int PRIMARY KEY)")
        cursor.execute(f"EXPLAIN FORMAT=TRADITIONAL {WAITS}", [database])
        [(_, _, _, _, access, _, index, *_)] = cursor.fetchall()
    assert (access, index) == ("ref", "OBJECT")
