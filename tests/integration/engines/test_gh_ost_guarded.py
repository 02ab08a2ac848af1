"""Whoever waits for a table behind gh-ost's swap: it comes after the RENAME, before writers, and
never keeps gh-ost from its lock. What it is for is in test_gh_ost_killed.py."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Thread

import pytest
from pymysql.cursors import Cursor

from reconciler.edges.engines.gh_ost.site import Site, site_of
from reconciler.edges.engines.gh_ost.swap_guard import SwapGuard
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.reach import ByItself
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.edges.mysql.target import resolve
from reconciler.plan.engines.gh_ost_names import SENTRY
from reconciler.spec.model import Connection
from tests.conftest import FreshDatabase
from tests.integration.engines.shard import Shard
from tests.integration.mysql_edges import ROOT, admin_cursor, connection_to
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.engine("gh-ost")

GUARDS = "LOCK TABLES `t` WRITE"
LOCK = "lock /* gh-ost */ tables `t` write, `_t_del` write"
RENAME = "rename /* gh-ost */ table `t` to `_t_del`, `_t_gho` to `t`"
DROP = "drop /* gh-ost */ table if exists `_t_del`"
# What the session of a driver that has died keeps the table by, and for how long here: until this
# test has seen it, on a machine that is busy.
OUTLIVES, OUTLIVES_S = "SELECT SLEEP(", 5
# The guard in a process of its own, told by the login of its shard.
DRIVER = """
import json, sys, time
from tests.integration.engines.test_gh_ost_guarded import guarded_at
from reconciler.edges.engines.gh_ost import swap_guard
from reconciler.spec.model import Connection
swap_guard.SWAP_GUARD_OUTLIVES_S = int(sys.argv[2])
with guarded_at(Connection(**json.loads(sys.argv[1]))):
    time.sleep(600)
"""


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def swapping(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Shard:
    """A copy of the table is complete, and gh-ost has made the table of its swap."""
    server = request.getfixturevalue(request.param)
    made = Shard(server=server, database=fresh_database(server)).made(3)
    made.run(
        "CREATE TABLE _t_gho (id INT PRIMARY KEY, v VARCHAR(40) COLLATE utf8mb4_bin, a INT)",
        "INSERT INTO _t_gho (id, v) SELECT id, v FROM t",
        f"CREATE TABLE _t_del (id INT) COMMENT = '{SENTRY}'",
    )
    return made


@contextmanager
def guarded(shard: Shard) -> Iterator[SwapGuard]:
    with guarded_at(connection_to(shard.server, shard.database)) as guard:
        yield guard


@contextmanager
def guarded_at(connection: Connection) -> Iterator[SwapGuard]:
    target = resolve(connection, environ={}, root=ROOT, shard="-40")
    link = ShardLink(target)
    site = site_of(link, "t")
    assert isinstance(site, Site)

    def connect() -> Link:
        return ByItself().open(target, program="guard")

    guard = SwapGuard(connect, site)
    try:
        yield guard
    finally:
        guard.close()
        link.close()


@contextmanager
def driving(shard: Shard) -> Iterator[subprocess.Popen[bytes]]:
    login = asdict(connection_to(shard.server, shard.database))
    told = {name: value for name, value in login.items() if isinstance(value, str)}
    command = [sys.executable, "-c", DRIVER, json.dumps(told), str(OUTLIVES_S)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3]) as process:
        try:
            yield process
        finally:
            process.kill()


def is_waiting(cursor: Cursor, statement: str) -> bool:
    cursor.execute("SHOW FULL PROCESSLIST")
    return any(
        statement in str(row[7]) and "metadata lock" in str(row[6]) for row in cursor.fetchall()
    )


def runs(cursor: Cursor, statement: str) -> bool:
    cursor.execute("SHOW FULL PROCESSLIST")
    return any(str(row[7]).strip().startswith(statement) for row in cursor.fetchall())


def begun(cursor: Cursor, statement: str) -> Thread:
    thread = Thread(target=cursor.execute, args=(statement,), daemon=True)
    thread.start()
    return thread


@pytest.mark.invariant("EN-53")
@pytest.mark.parametrize("is_killed", [False, True], ids=["unlocks", "killed"])
def test_the_rename_goes_first_and_then_the_table_is_everybodys(
    swapping: Shard, *, is_killed: bool
) -> None:
    with ExitStack() as opened:
        holder, renamer, writer, other = (
            opened.enter_context(admin_cursor(swapping.server, swapping.database)) for _ in range(4)
        )
        holder.execute("SELECT CONNECTION_ID()")
        ((holds,),) = holder.fetchall()
        holder.execute(LOCK)
        opened.enter_context(guarded(swapping))
        until(lambda: is_waiting(other, GUARDS), "the guard")
        writes = begun(writer, "INSERT INTO t (id, v) VALUES (9, 'late')")
        renames = begun(renamer, RENAME)
        until(lambda: is_waiting(other, RENAME), "the RENAME")
        holder.execute(DROP)
        if is_killed:
            other.execute(f"KILL CONNECTION {holds}")
        else:
            holder.execute("UNLOCK TABLES")
        for thread in (renames, writes):
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
    assert swapping.columns == ["id", "v", "a"]
    assert swapping.rows[9] == "late"


@pytest.mark.invariant("EN-53")
def test_who_comes_before_gh_ost_gives_way_to_it(swapping: Shard) -> None:
    with ExitStack() as opened:
        first, holder, other = (
            opened.enter_context(admin_cursor(swapping.server, swapping.database)) for _ in range(3)
        )
        first.execute("LOCK TABLES t WRITE")
        opened.enter_context(guarded(swapping))
        until(lambda: is_waiting(other, GUARDS), "the guard")
        locks = begun(holder, LOCK)
        until(lambda: is_waiting(other, LOCK), "gh-ost")
        first.execute("UNLOCK TABLES")
        locks.join(PATIENCE_S)
        assert not locks.is_alive()
        until(lambda: is_waiting(other, GUARDS), "the guard behind it")
        holder.execute("UNLOCK TABLES")


@pytest.mark.invariant("EN-53")
def test_without_a_swap_nothing_is_locked(swapping: Shard) -> None:
    swapping.run("DROP TABLE _t_del", "CREATE TABLE _t_del (id INT)")
    with guarded(swapping) as guard:
        assert swapping.run("SELECT COUNT(*) FROM t") == [(3,)]
        guard.close()


@pytest.mark.invariant("EN-88")
def test_the_rename_goes_first_though_who_guards_it_is_killed_with_gh_ost(swapping: Shard) -> None:
    """It is late by as long as somebody reads the copy, and a writer has waited all the while."""
    with ExitStack() as opened:
        holder, renamer, writer, reader, other = (
            opened.enter_context(admin_cursor(swapping.server, swapping.database)) for _ in range(5)
        )
        holder.execute(LOCK)
        driver = opened.enter_context(driving(swapping))
        until(lambda: is_waiting(other, GUARDS), "the guard")
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM _t_gho")
        writes = begun(writer, "INSERT INTO t (id, v) VALUES (9, 'late')")
        renames = begun(renamer, RENAME)
        until(lambda: is_waiting(other, RENAME), "the RENAME")
        driver.kill()
        driver.wait()
        holder.execute(DROP)
        holder.execute("UNLOCK TABLES")
        until(lambda: runs(other, OUTLIVES), "the guard to have the table")
        reader.execute("COMMIT")
        for thread in (renames, writes):
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
    assert swapping.columns == ["id", "v", "a"]
    assert swapping.rows[9] == "late"
