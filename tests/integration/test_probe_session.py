"""The session in which rows are asked, on real servers: what it is kept from."""

from __future__ import annotations

import threading

import pymysql
import pytest

from reconciler.edges.mysql.deadline import Patience
from reconciler.edges.mysql.probe_session import (
    NotAnswered,
    ProbeSession,
    TookTooLong,
    probe_session,
)
from reconciler.edges.mysql.target import resolve
from reconciler.edges.server.process import RunningServer
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import ROOT, admin_cursor, connection_to
from tests.waiting import until

DIGITS = "(SELECT 0 n" + "".join(f" UNION ALL SELECT {n}" for n in range(1, 10)) + ")"
LONG = "FROM " + ", ".join(f"{DIGITS} AS t{n}" for n in range(9))


def refused(session: ProbeSession, sql: str) -> str:
    with pytest.raises(NotAnswered) as raised:
        session.execute(sql)
    assert not raised.value.ends_all
    return raised.value.reason


@pytest.mark.invariant("PF-3")
@pytest.mark.parametrize("name", ["mysql_server", "mariadb_server"])
def test_it_writes_nothing_and_neither_reads_nor_waits_for_longer_than_a_second(
    name: str, request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> None:
    server: RunningServer = request.getfixturevalue(name)
    database = fresh_database(server)
    with admin_cursor(server, database) as cursor:
        cursor.execute("CREATE TABLE t (id int PRIMARY KEY)")
    connection = connection_to(server, database)
    target = resolve(connection, environ={}, root=ROOT, shard="-80")
    with probe_session(target, Patience()) as session:
        assert refused(session, "INSERT INTO t VALUES (1)") == (
            "the server refuses the question (error 1792)"
        )
        with pytest.raises(TookTooLong):
            session.row(f"SELECT COUNT(*) {LONG}", width=1)
        with pytest.raises(TookTooLong):  # by which a stretch finds its end
            session.execute(f"SELECT MAX(t0.n) INTO @reconciler_to_0 {LONG}")
        with admin_cursor(server, database) as cursor:
            cursor.execute("LOCK TABLES t WRITE")
            with pytest.raises(
                (NotAnswered, TookTooLong)
            ):  # both are a second, and either is first
                session.row("SELECT 1 FROM t", width=1)
        assert session.row("SELECT 7", width=1)[0] == 7


@pytest.mark.invariant("PF-2")
@pytest.mark.invariant("TM-17")
@pytest.mark.parametrize("name", ["mysql_server", "mariadb_server"])
def test_a_question_that_somebody_ends_is_told_so(
    name: str, request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> None:
    server: RunningServer = request.getfixturevalue(name)
    connection = connection_to(server, fresh_database(server))
    target = resolve(connection, environ={}, root=ROOT, shard="-80")
    with probe_session(target, Patience(), statement_s=60) as session:

        def end() -> None:
            with admin_cursor(server) as cursor:
                until(lambda: _runs(cursor, session), "the question to run")
                cursor.execute(f"KILL QUERY {session.connection}")

        ending = threading.Thread(target=end)
        ending.start()
        with pytest.raises(NotAnswered, match="another session ended the question") as raised:
            session.row(f"SELECT COUNT(*) {LONG}", width=1)
        ending.join()
        assert raised.value.passes
        with admin_cursor(server) as cursor:
            cursor.execute(f"KILL {session.connection}")
        with pytest.raises(NotAnswered) as raised:
            session.row("SELECT 1", width=1)
        assert (raised.value.ends_all, raised.value.passes) == (True, True)


def _runs(cursor: pymysql.cursors.Cursor, session: ProbeSession) -> bool:
    cursor.execute(
        "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT COUNT(*)%%'"
        " AND ID = %s",
        (session.connection,),
    )
    return bool(cursor.fetchall())
