"""Nobody else applies to a shard while its lock is held, and a lost lock is noticed (ST-16)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Barrier

import pymysql
import pytest

from reconciler.edges.clock import SystemClock
from reconciler.edges.mysql.locks import MysqlHeldLocks, MysqlShardLocks, lock_name
from reconciler.edges.server.process import RunningServer
from reconciler.edges.workers import ThreadWorkers
from reconciler.errors import Refused, Unavailable
from reconciler.spec.model import Connection, ShardSpec
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    ROOT,
    account,
    admin_cursor,
    connection_to,
    silent_listener,
)
from tests.waiting import PATIENCE_S, until

# A lock that is taken by somebody is not waited for: a busy machine takes its time to say so.
AT_ONCE_S = 30.0


def shards_on(*connections: Connection) -> list[ShardSpec]:
    return [ShardSpec(name=f"s{n}", connection=one) for n, one in enumerate(connections)]


def take(
    shards: Sequence[ShardSpec], *, keyspace: str = "commerce", holder: str = "run 12"
) -> AbstractContextManager[MysqlHeldLocks]:
    locks = MysqlShardLocks(environ={}, root=ROOT, clock=SystemClock(), workers=ThreadWorkers())
    return locks.take(shards, keyspace=keyspace, holder=holder)


def lock_connections(server: RunningServer, *databases: str) -> set[int]:
    """The sessions that hold the locks of these databases."""
    with admin_cursor(server, "mysql") as cursor:
        held: set[int] = set()
        for database in databases:
            cursor.execute("SELECT IS_USED_LOCK(%s)", [lock_name(database)])
            held.update(int(row[0]) for row in cursor.fetchall() if row[0] is not None)
        return held


def kill(server: RunningServer, connection_id: int) -> None:
    with admin_cursor(server, "mysql") as cursor:
        cursor.execute(f"KILL {connection_id}")


@pytest.mark.invariant("ST-16")
def test_a_second_run_is_refused_at_once_and_told_who_holds_the_lock(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    shards = shards_on(*(connection_to(server, fresh_database(server)) for _ in range(3)))
    with take(shards, holder="ann's laptop") as locks:
        assert all(locks.is_held(shard.name) for shard in shards)
        assert not locks.is_held("another")
        began = time.monotonic()
        with pytest.raises(Refused) as caught, take(shards[2:], holder="ci"):
            pass
        assert time.monotonic() - began < AT_ONCE_S
        [problem] = caught.value.problems
        assert problem.code == "lock-held"
        assert "shard s2" in problem.message
        assert "commerce by ann's laptop since 20" in problem.message
        assert all(locks.is_held(shard.name) for shard in shards)
    with take(shards):
        pass


def test_a_login_that_may_not_look_is_told_the_holders_connection(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    with (
        account(server, f"SELECT ON `{database}`.*") as login,
        take(shards_on(connection_to(server, database))),
        pytest.raises(Refused, match=r"another session: connection \d+ of its server"),
        take(shards_on(connection_to(server, database, login))),
    ):
        pass


@pytest.mark.invariant("ST-16")
@pytest.mark.threat("TM-ACCOUNT-5")
def test_an_account_that_takes_the_locks_name_is_told_with_how_to_end_it(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    shards = shards_on(connection_to(server, database))
    with account(server) as stranger:
        other = pymysql.connect(
            host=server.host, port=server.port, user=stranger.user, password=stranger.password
        )
        with other.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(%s, 0), CONNECTION_ID()", [lock_name(database)])
            [(_, number)] = cursor.fetchall()
            with pytest.raises(Refused) as caught, take(shards):
                pass
        [problem] = caught.value.problems
        assert f"connection {number} of its server" in problem.message
        assert f"KILL {number}" in problem.recovery
        assert stranger.user not in problem.message + problem.recovery
        with admin_cursor(server) as cursor:
            cursor.execute(f"KILL {number}")
        other.close()
    taken_soon(shards)


def taken_soon(shards: list[ShardSpec]) -> None:
    """The server lets go of a killed session's locks in its own time."""

    def is_taken() -> bool:
        try:
            with take(shards):
                return True
        except Refused:
            return False

    until(is_taken, "the lock of a killed session to be free")


@pytest.mark.invariant("ST-16")
def test_all_or_none(server: RunningServer, fresh_database: FreshDatabase) -> None:
    shards = shards_on(*(connection_to(server, fresh_database(server)) for _ in range(4)))
    with take(shards[3:]):
        with pytest.raises(Refused), take(shards):
            pass
        with take(shards[:3]) as locks:
            assert locks.is_held("s0")


def test_two_keyspaces_that_point_at_one_database_meet(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    shards = shards_on(connection_to(server, fresh_database(server)))
    with (
        take(shards, keyspace="commerce"),
        pytest.raises(Refused, match="lock-held"),
        take(shards, keyspace="billing"),
    ):
        pass


def test_one_connection_holds_the_locks_of_all_shards_of_a_server(
    server: RunningServer,
) -> None:
    databases = [f"never_made_{n}" for n in range(600)]
    shards = shards_on(*(connection_to(server, database) for database in databases))
    with take(shards) as locks:
        assert len(lock_connections(server, *databases)) == 1
        assert locks.is_held("s0")
        assert locks.is_held("s599")
    assert not lock_connections(server, *databases)


@pytest.mark.invariant("ST-16")
def test_a_killed_lock_connection_is_a_lost_lock(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    databases = [fresh_database(server) for _ in range(2)]
    shards = shards_on(*(connection_to(server, database) for database in databases))
    with take(shards) as locks:
        [connection_id] = lock_connections(server, *databases)
        kill(server, connection_id)
        assert not locks.is_held("s0")
        assert not locks.is_held("s1")
        until(lambda: not lock_connections(server, *databases), "the server to let go of them")
        with take(shards) as others:
            assert others.is_held("s0")
            assert not locks.is_held("s0"), "held again, but by somebody else"


def test_two_servers_are_locked_by_two_connections(
    mysql_server: RunningServer, mysql_server_2: RunningServer
) -> None:
    servers = (mysql_server, mysql_server_2)
    shards = shards_on(*(connection_to(servers[n % 2], "same_name") for n in range(4)))
    with take(shards) as locks:
        assert all(locks.is_held(shard.name) for shard in shards)
        for server in servers:
            assert len(lock_connections(server, "same_name")) == 1
        kill(mysql_server, *lock_connections(mysql_server, "same_name"))
        assert not locks.is_held("s0")
        assert locks.is_held("s1")


@pytest.mark.invariant("ST-16")
def test_of_runs_that_begin_at_the_same_moment_one_gets_the_locks_and_the_others_learn_whose(
    mysql_server: RunningServer, mysql_server_2: RunningServer
) -> None:
    servers = (mysql_server, mysql_server_2)
    shards = shards_on(*(connection_to(servers[n % 2], f"raced_{n}") for n in range(64)))
    runs = [f"run {number}" for number in range(3)]
    gate, over = Barrier(len(runs)), Barrier(len(runs))

    def apply(holder: str) -> str | None:
        gate.wait(PATIENCE_S)
        try:
            with take(shards, holder=holder):
                over.wait(PATIENCE_S)
        except Refused as refused:
            over.wait(PATIENCE_S)
            return str(refused)
        return None

    with ThreadPoolExecutor(len(runs)) as pool:
        for _ in range(10):
            told = dict(zip(runs, pool.map(apply, runs), strict=True))
            winners = [run for run, refused in told.items() if refused is None]
            assert len(winners) == 1, told
            others = [refused for refused in told.values() if refused is not None]
            assert all(f"commerce by {winners[0]} since" in refused for refused in others), told


@pytest.mark.invariant("GD-5")
def test_a_server_that_hangs_takes_no_lock_and_frees_the_others(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    good = connection_to(mysql_server, fresh_database(mysql_server))
    with silent_listener() as port:
        hangs = connection_to(mysql_server, "d", port=port, connect_timeout_s=1)
        with pytest.raises(Unavailable, match="shard-timeout"), take(shards_on(good, hangs)):
            pass
    with take(shards_on(good)):
        pass


HOLD = """
import sys, time
from pathlib import Path
from reconciler.edges.clock import SystemClock
from reconciler.edges.mysql.locks import MysqlShardLocks
from reconciler.edges.workers import ThreadWorkers
from reconciler.spec.model import Connection, ShardSpec

host, port, user, password, database = sys.argv[1:]
connection = Connection(host=host, port=port, user=user, password=password, database=database)
locks = MysqlShardLocks(
    environ={}, root=Path("/"), clock=SystemClock(), workers=ThreadWorkers()
)
with locks.take([ShardSpec(name="s0", connection=connection)], keyspace="k", holder="child"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.invariant("ST-16")
def test_a_holder_that_is_killed_holds_nothing(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    login = server.admin
    command = [sys.executable, "-c", HOLD, server.host, str(server.port), login.user]
    shards = shards_on(connection_to(server, database))
    with subprocess.Popen(
        [*command, login.password, database],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(Refused, match="lock-held"), take(shards):
            pass
        child.kill()
    taken_soon(shards)
