"""One statement on one shard ends as applied, failed or unknown, and as nothing else (ST-10)."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from pymysql.constants import COMMAND

from reconciler.drive.limits import CLAIM_WAIT_S_MAX
from reconciler.edges.mysql.limits import (
    LOCK_SHOW_SELF_EVERY_S,
    LOCK_SILENT_S_MAX,
    SESSION_SILENT_S_MAX,
)
from reconciler.edges.mysql.statement_watch import Idle, Over, Runs, StatementWatch, Unseen
from reconciler.edges.server.process import RunningServer
from reconciler.edges.shard_session import MysqlShardSession
from reconciler.errors import Unavailable
from reconciler.model.engine import EngineName, Handle, Progress
from reconciler.model.object_id import table_id
from reconciler.model.observation import ObservedShard
from reconciler.model.server import Flavor
from reconciler.ports.engine import Applied, EngineWork, Failed, Outcome, Running, Unknown
from reconciler.spec.model import Tls
from tests.conftest import FreshDatabase
from tests.connections import admin_connection
from tests.integration.mysql_edges import (
    Wire,
    account,
    admin_cursor,
    admin_of,
    carried_out,
    connection_to,
    end_session,
    observe,
    planned,
    sessions,
    shard,
    wait_until_waiting,
)
from tests.integration.replicas import replica_of
from tests.waiting import PATIENCE_S, comes_true, until

ADD = "ALTER TABLE t ADD COLUMN a INT COMMENT 'schön 😀'"


@pytest.fixture
def database(server: RunningServer, fresh_database: FreshDatabase) -> str:
    name = fresh_database(server)
    with admin_cursor(server, name) as cursor:
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        cursor.execute("INSERT INTO t VALUES (1), (2)")
    return name


@pytest.fixture
def session(server: RunningServer, database: str) -> Iterator[MysqlShardSession]:
    with sessions().open(shard(connection_to(server, database))) as opened:
        yield opened


def run(session: MysqlShardSession, sql: str, **limits: int) -> Outcome:
    given = {"lock_wait_s": 60, "run_limit_s": 60, **limits}
    return carried_out(session, planned(sql), **given)


@contextmanager
def reading(server: RunningServer, database: str) -> Iterator[int]:
    """A transaction that has read `t` and stays open; gives its connection's number."""
    with admin_cursor(server, database) as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM t WHERE id = 12345")
        cursor.execute("SELECT CONNECTION_ID()")
        [(number,)] = cursor.fetchall()
        yield int(number)


# Applied and failed


def test_a_statement_is_applied_and_read_back(session: MysqlShardSession) -> None:
    assert run(session, ADD) == Applied()
    definition = session.definition(table_id("t"))
    assert definition is not None
    assert "COMMENT 'schön" in definition
    every = {table_id("t"): definition}
    assert session.definitions() == every
    expected = [["t"], ["nothing"], ["t", "nothing"], [f"t{n}" for n in range(200)]]
    for names in expected:  # what is there decides, and not what was expected
        assert session.definitions(expected=[*map(table_id, names)]) == every
    assert run(session, "CREATE TABLE more (id INT)") == Applied()
    assert [*session.definitions(expected=[*every])] == [table_id("more"), table_id("t")]
    assert session.definition(table_id("nothing")) is None
    assert session.rows_estimate(table_id("nothing")) is None
    assert session.rows_estimate(table_id("t")) is not None


@pytest.mark.invariant("FZ-30")
def test_what_a_table_statement_is_judged_by_is_read_as_in_a_whole_look(
    session: MysqlShardSession,
) -> None:
    narrow, whole = session.access([planned(ADD)]), session.access([planned("DROP VIEW `v`")])
    assert narrow.ground is None
    assert whole.ground is not None
    assert (narrow.database, narrow.privileges) == (whole.database, whole.privileges)
    assert narrow.read_only == whole.read_only == ()


@pytest.mark.invariant("FZ-30")
def test_a_database_that_is_read_only_is_seen_right_before_a_statement(
    session: MysqlShardSession, server: RunningServer, database: str
) -> None:
    if server.version.flavor is not Flavor.MYSQL:
        return
    with admin_cursor(server, database) as cursor:
        cursor.execute("ALTER DATABASE READ ONLY = 1")
        try:
            assert session.access([planned(ADD)]).read_only == ("READ ONLY of the database",)
        finally:
            cursor.execute("ALTER DATABASE READ ONLY = 0")
    assert session.access([planned(ADD)]).read_only == ()


def test_a_refusal_is_the_servers_own_and_final(session: MysqlShardSession, database: str) -> None:
    outcome = run(session, "ALTER TABLE t DROP COLUMN nothing")
    assert isinstance(outcome, Failed)
    assert outcome.error.number == 1091
    assert not outcome.transient
    assert database not in outcome.error.message


def test_the_session_is_as_the_proofs(server: RunningServer, fresh_database: FreshDatabase) -> None:
    """Quotes mean strings, whatever the server's sql_mode says; a zero date stays forbidden."""
    name = fresh_database(server)
    with admin_cursor(server, name) as cursor:
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        cursor.execute("SELECT @@global.sql_mode")
        [(before,)] = cursor.fetchall()
        cursor.execute(f"SET GLOBAL sql_mode = '{before},ANSI_QUOTES,NO_ZERO_DATE'")
        try:
            with sessions().open(shard(connection_to(server, name))) as session:
                assert run(session, 'ALTER TABLE t ADD COLUMN a INT COMMENT "x"') == Applied()
                zero = run(session, "ALTER TABLE t ADD COLUMN d DATE DEFAULT '0000-00-00'")
                assert isinstance(zero, Failed)
                assert "`a` int" in (session.definition(table_id("t")) or "")
        finally:
            cursor.execute(f"SET GLOBAL sql_mode = '{before}'")


def test_foreign_keys_are_checked_as_planned(session: MysqlShardSession) -> None:
    sql = "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES later (id)"
    checked = carried_out(session, planned(sql), lock_wait_s=5, run_limit_s=60)
    assert isinstance(checked, Failed)
    unchecked = planned(sql, foreign_key_checks=False)
    assert carried_out(session, unchecked, lock_wait_s=5, run_limit_s=60) == Applied()


def test_a_session_that_is_not_the_servers_is_refused(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(mysql_server)
    with admin_cursor(mysql_server) as cursor:
        cursor.execute("SET GLOBAL init_connect = 'SET default_storage_engine = MyISAM'")
        try:
            with account(mysql_server, f"ALL ON `{name}`.*") as login:
                spec = shard(connection_to(mysql_server, name, login))
                with (
                    pytest.raises(Unavailable, match=r"default_storage_engine.*session-differs"),
                    sessions().open(spec),
                ):
                    pass
        finally:
            cursor.execute("SET GLOBAL init_connect = ''")


# Waiting


def test_a_wait_for_a_lock_is_bounded_and_says_who_is_in_the_way(
    server: RunningServer, database: str
) -> None:
    with account(server, f"ALL ON `{database}`.*", "PROCESS ON *.*") as login:
        with admin_cursor(server) as cursor:
            if server.version.flavor is Flavor.MYSQL:
                name = f"'{login.user}'@'127.0.0.1'"
                cursor.execute(f"GRANT SELECT ON performance_schema.* TO {name}")
        with (
            sessions().open(shard(connection_to(server, database, login))) as session,
            reading(server, database) as number,
        ):
            began = time.monotonic()
            outcome = run(session, ADD, lock_wait_s=1)
            assert time.monotonic() - began < PATIENCE_S
    assert isinstance(outcome, Failed)
    assert outcome.error.number == 1205
    assert "waited for a lock that another session holds, 1 s for that of table" in str(
        outcome.error
    )
    assert outcome.transient
    assert outcome.blocker is not None
    assert f"connection {number} of {server.admin.user} for " in outcome.blocker
    assert server.host not in outcome.blocker
    assert "12345" not in outcome.blocker, (
        "values of other people's statements are not ours to show"
    )


def test_the_statement_that_is_in_the_way_is_shown_without_its_values(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(mysql_server)
    with admin_cursor(mysql_server, name) as cursor:
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM t WHERE id = 12345")
        with sessions().open(shard(connection_to(mysql_server, name))) as session:
            outcome = run(session, ADD, lock_wait_s=1)
    assert isinstance(outcome, Failed)
    assert outcome.blocker is not None
    assert "of this apply's account" in outcome.blocker
    assert outcome.blocker.endswith("with SELECT * FROM `t` WHERE `id` = ?")


def test_a_statement_that_runs_too_long_is_stopped(server: RunningServer, database: str) -> None:
    with (
        sessions().open(shard(connection_to(server, database))) as session,
        reading(server, database),
    ):
        began = time.monotonic()
        outcome = run(session, ADD, lock_wait_s=2 * int(PATIENCE_S), run_limit_s=1)
        assert time.monotonic() - began < PATIENCE_S
        assert isinstance(outcome, Failed)
        assert "longer than its limit of 1 s" in outcome.error.message
        assert not outcome.transient
    with sessions().open(shard(connection_to(server, database))) as session:
        until(session.claim, "the session before to be over")
        assert run(session, ADD) == Applied()


def test_a_statement_that_was_stopped_is_told_so_where_the_answer_to_that_is_lost(
    mariadb_server: RunningServer, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = fresh_database(mariadb_server)
    with admin_cursor(mariadb_server, name) as cursor:
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    sent = StatementWatch._sent

    def unheard(watch: StatementWatch, sql: str) -> bool:
        sent(watch, sql)
        return False

    monkeypatch.setattr(StatementWatch, "_sent", unheard)
    spec = shard(connection_to(mariadb_server, name))
    with sessions().open(spec) as session, reading(mariadb_server, name):
        outcome = run(session, ADD, lock_wait_s=2 * int(PATIENCE_S), run_limit_s=1)
    assert isinstance(outcome, Failed)
    assert "longer than its limit of 1 s" in outcome.error.message


def test_blockers_are_ended_and_ddl_is_not(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(mysql_server)
    with admin_cursor(mysql_server, name) as cursor:
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    spec = shard(connection_to(mysql_server, name))
    with sessions().open(spec) as session, reading(mysql_server, name) as number:
        ended = session.kill_blockers(table_id("t"))
        assert [one.session.split(" of ")[0] for one in ended] == [f"connection {number}"]
        assert run(session, ADD) == Applied()
    with sessions().open(spec) as session, admin_cursor(mysql_server, name) as cursor:
        cursor.execute("LOCK TABLES t WRITE")
        assert session.kill_blockers(table_id("t")) == ()
        cursor.execute("UNLOCK TABLES")


@pytest.mark.invariant("ST-16")
def test_a_server_that_was_not_looked_at_is_sent_nothing(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    spec = shard(connection_to(server, fresh_database(server)))
    (seen,) = observe(spec.connection)
    assert isinstance(seen, ObservedShard)
    with sessions().open(spec, server=seen.server) as session:
        assert session.claim()
    with pytest.raises(Unavailable) as caught, sessions().open(spec, server="another"):
        pass
    assert caught.value.problems[0].code == "server-changed"


# Unknown


def wait_until_applied(server: RunningServer, database: str) -> None:
    with admin_cursor(server, database) as cursor:
        until(lambda: cursor.execute("SHOW COLUMNS FROM t LIKE 'a'"), "the statement's effect")


def kill_who_alters(server: RunningServer) -> None:
    with admin_cursor(server) as cursor:
        cursor.execute("SHOW FULL PROCESSLIST")
        [number] = [row[0] for row in cursor.fetchall() if str(row[7]).startswith("ALTER TABLE t")]
        cursor.execute(f"KILL {number}")


@pytest.mark.invariant("ST-10")
def test_a_connection_killed_in_the_middle_is_unknown_and_then_seen_not_applied(
    server: RunningServer, database: str, session: MysqlShardSession
) -> None:
    with ThreadPoolExecutor(1) as pool, reading(server, database):
        outcome = pool.submit(run, session, ADD, lock_wait_s=60)
        wait_until_waiting(server, "ALTER TABLE t")
        kill_who_alters(server)
        assert isinstance(outcome.result(PATIENCE_S), Unknown)
    until(lambda: not session.still_running(ADD), "the end of what was sent")
    assert "`a`" not in (session.definition(table_id("t")) or "")
    until(session.claim, "the session that was killed to be over")
    assert run(session, ADD) == Applied()


@pytest.mark.invariant("ST-10")
def test_an_answer_lost_after_the_commit_is_unknown_and_then_seen_applied(
    server: RunningServer, database: str
) -> None:
    with Wire(server) as wire, ThreadPoolExecutor(1) as pool:
        spec = shard(connection_to(server, database, port=wire.port))
        with sessions().open(spec) as session:
            with reading(server, database):
                outcome = pool.submit(run, session, ADD, lock_wait_s=60)
                wait_until_waiting(server, "ALTER TABLE t")
                wire.go_deaf()
            wait_until_applied(server, database)
            wire.cut()
            assert isinstance(outcome.result(PATIENCE_S), Unknown)
            wire.hear_again()
            until(lambda: not session.still_running(ADD), "the end of what was sent")
            assert "`a`" in (session.definition(table_id("t")) or "")


@pytest.mark.threat("TM-NETWORK-4")
@pytest.mark.invariant("EN-1")
def test_an_answer_that_was_lost_while_the_connection_stayed_open_is_not_waited_for(
    server: RunningServer, database: str
) -> None:
    """Its limit is a day; the server is asked, and says that nothing runs any more."""
    with Wire(server) as wire, ThreadPoolExecutor(1) as pool:
        spec = shard(connection_to(server, database, port=wire.port))
        with sessions().open(spec) as session, sessions().open(spec) as other:
            with reading(server, database):
                outcome = pool.submit(run, session, ADD, lock_wait_s=60, run_limit_s=86_400)
                wait_until_waiting(server, "ALTER TABLE t")
                wire.swallow_answers()
            wait_until_applied(server, database)
            ended = outcome.result(PATIENCE_S)
            assert isinstance(ended, Unknown)
            assert "answer was lost" in ended.reason
            wire.hear_again()
            assert comes_true(other.claim), "the session that was left behind keeps nobody waiting"
            assert "`a`" in (other.definition(table_id("t")) or "")


@pytest.mark.threat("TM-LEDGER-13")
@pytest.mark.invariant("EN-1")
def test_the_server_is_asked_what_became_of_a_session(
    server: RunningServer, database: str, session: MysqlShardSession
) -> None:
    watch = StatementWatch(session._shard)
    assert session.claim()
    number = session._shard.looked(lambda link: link.connection_id)
    assert watch.look(number, ADD) == Idle()
    with ThreadPoolExecutor(1) as pool, reading(server, database) as somebody:
        outcome = pool.submit(run, session, ADD, lock_wait_s=60)
        wait_until_waiting(server, "ALTER TABLE t")
        assert not watch.end_statement(somebody, ADD)
        watch.end_session(somebody, ADD)
        assert watch.look(somebody, ADD) == Over(), "somebody else's session is not the one"
        seen = watch.look(number, ADD)
        assert isinstance(seen, Runs)
        assert seen.progress == Progress(waits_for="table metadata lock")
        others = ADD.replace("😀", "😁")
        assert watch.look(number, others) == Unseen(), "it runs something"
        watch.end_session(number, others)
        watch.end_session(number, ADD)
        assert isinstance(watch.look(number, ADD), Runs), "what runs is left to its end"
        assert watch.end_statement(number, ADD)
        assert isinstance(outcome.result(PATIENCE_S), Failed)
    session.close()
    until(lambda: watch.look(number, ADD) == Over(), "the server to end the session")
    watch.close()


COPY = "ALTER TABLE t MODIFY v VARCHAR(201) NOT NULL, ALGORITHM=COPY"


def test_a_copy_shows_how_far_it_is(
    server: RunningServer, database: str, session: MysqlShardSession
) -> None:
    progress = copied_under_watch(server, database, session)
    told = [one.percent for one in progress if one.percent is not None]
    assert told
    assert all(0 <= percent <= 99 for percent in told)
    assert any(one.stage.startswith("copy to tmp table") for one in progress)
    if server.version.flavor is Flavor.MYSQL:
        rows = [one.rows_done for one in progress if one.rows_done is not None]
        assert rows == sorted(rows)
        assert 0 < rows[-1] <= 2**16


def test_a_login_that_may_not_read_the_stages_sees_what_it_does_alone(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(mysql_server)
    with (
        account(mysql_server, f"ALL ON `{name}`.*") as login,
        sessions().open(shard(connection_to(mysql_server, name, login))) as session,
    ):
        with admin_cursor(mysql_server, name) as cursor:
            cursor.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        progress = copied_under_watch(mysql_server, name, session)
    assert {one.percent for one in progress} == {None}
    assert any(one.stage == "copy to tmp table" for one in progress)


def copied_under_watch(
    server: RunningServer, database: str, session: MysqlShardSession
) -> list[Progress]:
    """What the server tells while a table of many rows is copied."""
    with admin_cursor(server, database) as cursor:
        cursor.execute("DROP TABLE t")
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v CHAR(200) NOT NULL)")
        cursor.execute("INSERT INTO t (v) VALUES ('a')")
        for _ in range(16):
            cursor.execute("INSERT INTO t (v) SELECT v FROM t")
    watch = StatementWatch(session._shard)
    assert session.claim()
    number = session._shard.looked(lambda link: link.connection_id)
    told: list[Progress] = []
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(run, session, COPY)
        while not outcome.done():
            seen = watch.look(number, COPY)
            if isinstance(seen, Runs):
                told.append(seen.progress)
        assert outcome.result(PATIENCE_S) == Applied()
    watch.close()
    return told


def test_an_encrypted_connection_is_waited_on_as_any_other(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    """A wait that ends without an answer leaves its reader in the middle of nothing."""
    name = fresh_database(mysql_server)
    with admin_cursor(mysql_server, name) as cursor:
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    spec = shard(replace(connection_to(mysql_server, name), tls=Tls(insecure=True)))
    work = EngineWork(statement=planned(ADD), lock_wait_s=60, run_limit_s=60)
    with sessions().open(spec) as session:
        encrypted = "SHOW STATUS LIKE 'Ssl_cipher'"
        assert session._shard.looked(lambda link: link.row(encrypted, width=2))[1]
        engine = session.engine(EngineName.DIRECT)
        with reading(mysql_server, name):
            handle = engine.prepare(work, None)
            assert isinstance(handle, Handle)
            assert isinstance(engine.start(handle, work), Running)
            assert isinstance(engine.look(handle, work), Running)
        assert engine.look(handle, work) == Applied()


@pytest.mark.invariant("EN-1")
def test_a_server_that_does_not_answer_says_nothing(server: RunningServer, database: str) -> None:
    with Wire(server) as wire:
        spec = shard(connection_to(server, database, port=wire.port))
        with sessions().open(spec) as session:
            watch = StatementWatch(session._shard)
            wire.close()
            assert watch.look(1, ADD) == Unseen()


@pytest.mark.invariant("ST-10")
def test_a_statement_that_outlives_its_connection_is_seen_running(
    server: RunningServer, database: str
) -> None:
    with Wire(server) as wire, ThreadPoolExecutor(1) as pool:
        spec = shard(connection_to(server, database, port=wire.port))
        with sessions().open(spec) as session, reading(server, database):
            outcome = pool.submit(run, session, ADD, lock_wait_s=60)
            wait_until_waiting(server, "ALTER TABLE t")
            wire.cut()
            assert isinstance(outcome.result(PATIENCE_S), Unknown)
            assert session.still_running(ADD)
            assert not session.still_running(ADD.replace("😀", "😁"))
            kill_who_alters(server)


@pytest.mark.invariant("ST-10")
def test_nobody_else_sends_while_the_server_has_a_session_that_did(
    server: RunningServer, database: str
) -> None:
    """Even where nobody can see processes, and where the statement has not been read yet."""
    with account(server, f"ALL ON `{database}`.*") as login, Wire(server) as wire:
        here = shard(connection_to(server, database, login))
        there = shard(connection_to(server, database, login, port=wire.port))
        with sessions().open(here) as second, ThreadPoolExecutor(1) as pool:
            with sessions().open(there) as first, reading(server, database):
                assert first.claim()
                assert first.claim(), "it has it already"
                assert not second.claim()
                outcome = pool.submit(run, first, ADD, lock_wait_s=60)
                wait_until_waiting(server, "ALTER TABLE t")
                wire.cut()
                assert isinstance(outcome.result(PATIENCE_S), Unknown)
                assert not second.claim(), "its statement waits there yet"
                refused = run(second, ADD)
            assert isinstance(refused, Failed)
            assert (refused.transient, "not sent" in refused.error.message) == (True, True)
            wait_until_applied(server, database)
            assert not second.claim(), "for the server the session is still there"
            wire.close()
            until(second.claim, "the server to let go of a session that is over")
            assert "`a`" in (second.definition(table_id("t")) or "")


def test_a_session_whose_machine_vanished_is_ended_before_its_locks_are(
    session: MysqlShardSession,
) -> None:
    silent_s = session._shard.looked(lambda link: link.query("SELECT @@session.wait_timeout"))[0][0]
    assert silent_s == SESSION_SILENT_S_MAX
    assert SESSION_SILENT_S_MAX + LOCK_SHOW_SELF_EVERY_S < LOCK_SILENT_S_MAX
    assert CLAIM_WAIT_S_MAX > SESSION_SILENT_S_MAX


def test_the_same_text_on_another_shard_of_the_server_is_another_statement(
    server: RunningServer, database: str, fresh_database: FreshDatabase
) -> None:
    other = fresh_database(server)
    with (
        sessions().open(shard(connection_to(server, database))) as running,
        sessions().open(shard(connection_to(server, other))) as asking,
        ThreadPoolExecutor(1) as pool,
        reading(server, database),
    ):
        outcome = pool.submit(run, running, ADD, lock_wait_s=60)
        wait_until_waiting(server, "ALTER TABLE t")
        assert not asking.still_running(ADD)
        kill_who_alters(server)
        assert isinstance(outcome.result(PATIENCE_S), Unknown)


def test_without_a_view_of_processes_nobody_says_that_nothing_runs(
    server: RunningServer, database: str
) -> None:
    with account(server, f"ALL ON `{database}`.*") as login:
        spec = shard(connection_to(server, database, login))
        with (
            sessions().open(spec) as session,
            pytest.raises(Unavailable, match="privilege-missing"),
        ):
            session.still_running(ADD)


# Not sent


def test_a_connection_that_died_while_idle_is_made_anew(
    server: RunningServer, session: MysqlShardSession
) -> None:
    before = session.definition(table_id("t"))
    with admin_cursor(server) as cursor:
        cursor.execute("SHOW PROCESSLIST")
        for row in cursor.fetchall():
            if row[1] == server.admin.user and row[4] == "Sleep":
                end_session(cursor, int(row[0]))
    assert session.definition(table_id("t")) == before
    assert run(session, ADD) == Applied()


@pytest.mark.invariant("ST-17")
def test_what_was_never_sent_is_a_failure_that_may_pass(
    server: RunningServer, database: str
) -> None:
    with Wire(server) as wire:
        spec = shard(connection_to(server, database, port=wire.port))
        with sessions().open(spec) as session:
            wire.close()
            outcome = run(session, ADD)
            assert isinstance(outcome, Failed)
            assert outcome.transient
            assert "not sent" in outcome.error.message
            with pytest.raises(Unavailable, match="connection-refused"):
                session.definition(table_id("t"))
    with admin_cursor(server, database) as cursor:
        assert not cursor.execute("SHOW COLUMNS FROM t LIKE 'a'")


def test_a_login_that_is_refused_opens_nothing(server: RunningServer, database: str) -> None:
    login = replace(admin_of(server), password="wrong")
    spec = shard(connection_to(server, database, login))
    with pytest.raises(Unavailable, match="login-refused"), sessions().open(spec):
        pass


# Vital signs


def test_what_can_be_measured_is(session: MysqlShardSession, server: RunningServer) -> None:
    vitals = session.vitals()
    assert vitals.threads_running is not None
    assert vitals.threads_running >= 1
    assert vitals.replica_lag_s is None, "no replica is known, so no lag is"
    if server.version.flavor is Flavor.MYSQL:
        assert vitals.disk_free_percent is not None
        assert 0 < vitals.disk_free_percent <= 100
        assert vitals.disk_free_bytes is not None
        assert vitals.disk_free_bytes > 0


def test_the_size_of_a_table_is_that_of_its_rows_and_indexes(
    session: MysqlShardSession, server: RunningServer, database: str
) -> None:
    found = session.table_bytes(table_id("t"))
    assert found is not None
    assert found >= 16_384, "one page at least"
    assert session.table_bytes(table_id("nothing")) is None


@pytest.mark.parametrize("name", ["mysql_server", "mariadb_server"])
def test_the_lag_of_a_replica_is_asked_of_the_replica(
    name: str, request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> None:
    source: RunningServer = request.getfixturevalue(name)
    spec = shard(connection_to(source, fresh_database(source)))
    with replica_of(source) as replica, sessions().open(spec) as session:
        assert measured_lag(session) == 0
        with admin_cursor(replica) as cursor:
            cursor.execute("STOP REPLICA SQL_THREAD")
        assert session.vitals().replica_lag_s is None, "stopped is not caught up"


@contextmanager
def registered(source: RunningServer, *, host: str, port: int, server_id: int) -> Iterator[None]:
    """As a program that reads the binary log says who it is."""
    words = [struct.pack("<I", server_id)]
    words += [bytes([len(text)]) + text for text in (host.encode(), b"", b"")]
    words.append(struct.pack("<HII", port, 0, 0))
    connection: Any = admin_connection(source)  # the command has no public way
    with connection:
        connection._execute_command(COMMAND.COM_REGISTER_SLAVE, b"".join(words))
        connection._read_ok_packet()
        yield


@pytest.mark.invariant("EN-61")
@pytest.mark.parametrize("name", ["mysql_server", "mariadb_server"])
def test_what_reads_the_binary_log_for_an_engine_is_no_replica(
    name: str, request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> None:
    """gh-ost and Spirit say the name of this machine, and the port of the server that they read
    from; another machine's word, or the number of the server that listens there, is believed."""
    source: RunningServer = request.getfixturevalue(name)
    spec = shard(connection_to(source, fresh_database(source)))
    says_it_is = partial(registered, source, port=source.port)
    here = socket.gethostname()
    with replica_of(source), sessions().open(spec) as session:
        assert measured_lag(session) == 0
        with says_it_is(host=here, server_id=77):
            assert session.vitals().replica_lag_s == 0
        with says_it_is(host=here, server_id=1):
            assert session.vitals().replica_lag_s is None
        with says_it_is(host="elsewhere.test", server_id=77):
            assert session.vitals().replica_lag_s is None
        assert measured_lag(session) == 0


def measured_lag(session: MysqlShardSession) -> float | None:
    """Once the replica has registered and caught up."""
    comes_true(lambda: session.vitals().replica_lag_s == 0)
    return session.vitals().replica_lag_s
