"""Spirit on a real server: killed wherever it hurts while somebody writes; and what it must not do
to what is not its own."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pymysql
import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName, Handle
from reconciler.plan.engines.spirit_names import SENTINEL, names_for
from reconciler.ports.engine import (
    Answer,
    Applied,
    Engine,
    EngineWork,
    Failed,
    Gone,
    ReadyToCutOver,
    Running,
    Unknown,
)
from reconciler.ports.shards import ShardSession
from tests.conftest import FreshDatabase
from tests.contract.engines.spirit import pids_of_spirit
from tests.contract.engines.stand import work_of
from tests.integration.mysql_edges import (
    Account,
    account,
    admin_cursor,
    connection_to,
    end_session,
    planned,
    sessions,
    shard,
)
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.engine("spirit")

CHANGE = "ALTER TABLE `users` ADD COLUMN `a` int"
ROWS = 4_000


@dataclass
class Place:
    """A database with a table `users`, and an oracle that has the same rows."""

    server: RunningServer
    database: str
    login: Account | None = None
    handles: list[Handle] = field(default_factory=list)

    @contextmanager
    def engine(self) -> Iterator[tuple[ShardSession, Engine]]:
        connection = connection_to(self.server, self.database, self.login)
        with sessions().open(shard(connection)) as session:
            yield session, session.engine(EngineName.SPIRIT)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with admin_cursor(self.server, self.database) as cursor:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall())

    @property
    def tables(self) -> set[str]:
        return {row[0] for row in self.query("SHOW TABLES")}

    @property
    def columns(self) -> list[str]:
        return [row[0] for row in self.query("SHOW COLUMNS FROM users")]


@pytest.fixture
def place(mysql_server: RunningServer, fresh_database: FreshDatabase) -> Place:
    made = Place(mysql_server, fresh_database(mysql_server))
    with admin_cursor(mysql_server, made.database) as cursor:
        for table in ("users", "oracle"):
            cursor.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, n VARCHAR(20))")
            values = ", ".join(f"({number}, 'name {number}')" for number in range(ROWS))
            cursor.execute(f"INSERT INTO {table} VALUES {values}")
    return made


def work(sql: str = CHANGE, *, keep_old_s: int = 0) -> EngineWork:
    return replace(work_of(planned(sql, "users")), lock_wait_s=20, keep_old_s=keep_old_s)


def begun(place: Place, engine: Engine, todo: EngineWork) -> Handle:
    earlier = place.handles[-1] if place.handles else None
    handle = prepared(engine, todo, earlier)
    place.handles.append(handle)
    assert isinstance(engine.start(handle, todo), Running)
    return handle


def prepared(engine: Engine, todo: EngineWork, earlier: Handle | None) -> Handle:
    """A run that was killed keeps its lock for a moment."""
    give_up_s = time.monotonic() + PATIENCE_S
    while True:
        found = engine.prepare(todo, earlier)
        if isinstance(found, Handle):
            return found
        assert found.transient, found
        assert time.monotonic() < give_up_s, found
        time.sleep(0.1)


def until_ready(engine: Engine, handle: Handle, todo: EngineWork) -> Answer:
    answer = engine.look(handle, todo)
    while isinstance(answer, Running):
        answer = engine.look(handle, todo)
    return answer


def end(engine: Engine, handle: Handle, todo: EngineWork) -> Answer:
    answer = until_ready(engine, handle, todo)
    while isinstance(answer, Running | ReadyToCutOver):
        is_ready = isinstance(answer, ReadyToCutOver)
        answer = (engine.cut_over if is_ready else engine.look)(handle, todo)
    return answer


@pytest.mark.invariant("EN-5")
def test_a_complete_copy_is_kept_past_the_limit_for_making_it(place: Place) -> None:
    todo = work()
    late = replace(todo, run_limit_s=0)
    with place.engine() as (_, engine):
        handle = begun(place, engine, todo)
        assert isinstance(until_ready(engine, handle, todo), ReadyToCutOver)
        assert isinstance(engine.look(handle, late), ReadyToCutOver)
        assert end(engine, handle, late) == Applied()


def settled(place: Place, todo: EngineWork) -> None:
    """As the driver does it: asks the engine, looks at the shard, sends what is not there."""
    with place.engine() as (session, engine):
        until(session.claim, "the session before to be over")
        for _ in range(5):
            until(lambda: not isinstance(engine.look(place.handles[-1], todo), Running), "its end")
            if "a" in place.columns:
                break
            end(engine, begun(place, engine, todo), todo)
        assert engine.discard(place.handles[-1], todo) is None
    assert place.columns.count("a") == 1
    assert place.tables == {"users", "oracle"}


@contextmanager
def writer(place: Place) -> Iterator[None]:
    """Somebody who inserts, updates and deletes, each time in both tables or in none."""
    enough = threading.Event()
    written = [0]

    def write() -> None:
        chance = random.Random(7)
        with admin_cursor(place.server, place.database) as cursor:
            cursor.execute("SET autocommit = 0")
            while not enough.is_set():
                number = chance.randrange(2 * ROWS)
                name = f"by {chance.randrange(10**6)}"
                change = chance.choice(
                    [
                        f"INSERT IGNORE INTO {{}} (id, n) VALUES ({number}, '{name}')",
                        f"UPDATE {{}} SET n = '{name}' WHERE id = {number}",
                        f"DELETE FROM {{}} WHERE id = {number}",
                    ]
                )
                try:
                    for table in ("oracle", "users"):
                        cursor.execute(change.format(table))
                    cursor.execute("COMMIT")
                    written[0] += 1
                except pymysql.err.OperationalError:  # a deadlock with the copy, or its lock
                    cursor.execute("ROLLBACK")
                time.sleep(0.001)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()
    assert written[0], "nobody wrote anything"
    assert place.query("SELECT id, n FROM users ORDER BY id") == place.query(
        "SELECT id, n FROM oracle ORDER BY id"
    )


def kill(place: Place) -> None:
    for pid in pids_of_spirit(place.server, place.database):
        with suppress(ProcessLookupError):  # it has come to its end
            os.kill(pid, signal.SIGKILL)


MOMENTS = ["in its copy", "ready", "at its swap", "after its swap"]


def reach(place: Place, engine: Engine, handle: Handle, todo: EngineWork, moment: str) -> None:
    if moment == "in its copy":
        until(lambda: "_users_new" in place.tables, "its copy")
        return
    answer = until_ready(engine, handle, todo)
    assert isinstance(answer, ReadyToCutOver), answer
    if moment == "ready":
        return
    engine.cut_over(handle, todo)
    if moment == "after its swap":
        until(lambda: "a" in place.columns, "its swap")
    else:
        time.sleep(random.Random(str(place.database)).random())


@pytest.mark.invariant("ST-10", "EN-3", "EN-12")
@pytest.mark.parametrize("moment", MOMENTS)
def test_spirit_is_killed_and_no_row_is_lost(place: Place, moment: str) -> None:
    todo = work()
    with writer(place):
        with place.engine() as (_, engine):
            handle = begun(place, engine, todo)
            reach(place, engine, handle, todo, moment)
            kill(place)
            answer = end(engine, handle, todo)
            assert isinstance(answer, Unknown | Applied | Gone), answer
            if moment in ("in its copy", "ready"):
                assert "a" not in place.columns
        settled(place, todo)


DRIVER = """
import sys, time
from tests.integration.engines.test_spirit import *
from tests.integration.mysql_edges import Account
host, port, database, user, password, moment = sys.argv[1:]

class Server:
    pass

server = Server()
server.host, server.port = host, int(port)
server.admin = Account(user=user, password=password)
place, todo = Place(server, database), work()
with place.engine() as (_, engine):
    handle = prepared(engine, todo, None)
    print(handle.content, flush=True)
    engine.start(handle, todo)
    reach(place, engine, handle, todo, moment)
    print("there", flush=True)
    while True:
        engine.look(handle, todo)
"""


@pytest.mark.invariant("EN-11", "EN-2")
@pytest.mark.parametrize("moment", MOMENTS)
def test_the_driver_is_killed_and_spirit_goes_with_it(place: Place, moment: str) -> None:
    todo, admin = work(), place.server.admin
    arguments = [place.server.host, str(place.server.port), place.database]
    with (
        writer(place),
        subprocess.Popen(
            [sys.executable, "-c", DRIVER, *arguments, admin.user, admin.password, moment],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        ) as driver,
    ):
        assert driver.stdout is not None
        content = driver.stdout.readline()
        place.handles.append(Handle(engine=EngineName.SPIRIT, version=1, content=content))
        assert driver.stdout.readline() == "there\n"
        driver.kill()
        until(lambda: not pids_of_spirit(place.server, place.database), "Spirit to end")
        settled(place, todo)


@pytest.mark.invariant("EN-3")
def test_what_the_server_could_do_at_once_waits_until_it_is_told_to(place: Place) -> None:
    """ADD COLUMN is INSTANT, and Spirit tries that first."""
    todo = work()
    with place.engine() as (_, engine):
        handle = begun(place, engine, todo)
        assert isinstance(until_ready(engine, handle, todo), ReadyToCutOver)
        assert isinstance(engine.look(handle, todo), ReadyToCutOver)
        assert "a" not in place.columns
        assert end(engine, handle, todo) == Applied()
    assert "a" in place.columns


@pytest.mark.invariant("EN-3")
@pytest.mark.threat("TM-SERVER-41")
def test_nobody_else_can_let_it_swap(place: Place) -> None:
    todo = work()
    with place.engine() as (_, engine):
        handle = begun(place, engine, todo)
        assert isinstance(until_ready(engine, handle, todo), ReadyToCutOver)
        with admin_cursor(place.server, place.database) as cursor:
            cursor.execute("SET lock_wait_timeout = 1")
            with pytest.raises(pymysql.err.OperationalError, match="1205"):
                cursor.execute(f"DROP TABLE {SENTINEL}")
        assert isinstance(engine.look(handle, todo), ReadyToCutOver)
        assert "a" not in place.columns


@pytest.mark.invariant("EN-3")
@pytest.mark.threat("TM-SERVER-41")
def test_it_is_ended_where_the_table_that_it_waits_for_has_gone(place: Place) -> None:
    """Somebody ends the session that keeps it, and drops it."""
    todo = work()
    with place.engine() as (_, engine):
        handle = begun(place, engine, todo)
        reach(place, engine, handle, todo, "in its copy")
        with (
            admin_cursor(place.server, place.database) as holder,
            admin_cursor(place.server, place.database) as cursor,
        ):
            holder.execute("LOCK TABLES _users_new READ")  # else it may come to its end first
            cursor.execute(
                "SELECT PROCESSLIST_ID FROM performance_schema.session_connect_attrs"
                " WHERE ATTR_VALUE = 'reconciler, waiting to swap'"
            )
            for (number,) in cursor.fetchall():
                end_session(cursor, number)
            cursor.execute(f"DROP TABLE {SENTINEL}")
            answer = until_ready(engine, handle, todo)
        assert isinstance(answer, Failed), answer
        assert SENTINEL in answer.error.message
        until(lambda: not pids_of_spirit(place.server, place.database), "its end")
    assert "a" not in place.columns


@pytest.mark.invariant("EN-12")
@pytest.mark.threat("TM-SERVER-41")
@pytest.mark.parametrize("name", ["_users_new", "_users_chkpnt", "_users_old", SENTINEL])
def test_what_is_not_its_own_is_named_and_not_touched(place: Place, name: str) -> None:
    place.query(f"CREATE TABLE {name} (mine INT)")
    place.query(f"INSERT INTO {name} VALUES (42)")
    with place.engine() as (_, engine):
        refused = engine.prepare(work(), None)
        assert isinstance(refused, Failed)
        assert not refused.transient
        assert name in refused.error.message
    assert place.query(f"SELECT mine FROM {name}") == [(42,)]
    assert place.tables == {"users", "oracle", name}


@pytest.mark.invariant("EN-12")
@pytest.mark.threat("TM-SERVER-41")
def test_somebody_takes_its_names_while_it_is_away(place: Place) -> None:
    """What it left was removed, and others came: the same names, and not its tables."""
    todo = work()
    with place.engine() as (_, engine):
        handle = begun(place, engine, todo)
        assert isinstance(until_ready(engine, handle, todo), ReadyToCutOver)
    place.query("DROP TABLE _users_chkpnt")
    place.query("CREATE TABLE _users_chkpnt (statement TEXT)")
    place.query("INSERT INTO _users_chkpnt VALUES ('ALTER TABLE `users` DROP COLUMN n')")
    with place.engine() as (_, engine):
        give_up = [engine.prepare(todo, handle), engine.discard(handle, todo)]
        assert all(isinstance(answer, Failed) for answer in give_up), give_up
        assert "_users_chkpnt" in str(give_up)
    assert place.query("SELECT COUNT(*) FROM _users_chkpnt") == [(1,)]


@pytest.mark.invariant("EN-12")
@pytest.mark.threat("TM-SERVER-41")
def test_it_does_not_swap_over_a_table_that_came_meanwhile(place: Place) -> None:
    todo = work()
    with place.engine() as (_, engine):
        handle = begun(place, engine, todo)
        assert isinstance(until_ready(engine, handle, todo), ReadyToCutOver)
        place.query("CREATE TABLE _users_old (mine INT)")
        answer = engine.cut_over(handle, todo)
        assert isinstance(answer, Failed), answer
        assert "_users_old" in answer.error.message
    assert "a" not in place.columns
    assert "_users_old" in place.tables


@pytest.mark.parametrize(
    ("sql", "rows", "reason"),
    [
        ("MODIFY COLUMN `n` varchar(10)", "(-1, 'longer than ten')", "'n'"),
        ("MODIFY COLUMN `n` varchar(20) NOT NULL", "(-1, NULL)", "'n' cannot be null"),
        ("ADD CONSTRAINT `c` CHECK (`id` >= 0)", "(-1, 'x')", "'c' is violated"),
    ],
    ids=["narrowing", "null", "check"],
)
def test_rows_that_do_not_fit_fail_it_and_stay(
    place: Place, sql: str, rows: str, reason: str
) -> None:
    place.query(f"INSERT INTO users VALUES {rows}")
    before = place.query("SELECT * FROM users"), place.query("SHOW CREATE TABLE users")
    todo = work(f"ALTER TABLE `users` {sql}")
    with place.engine() as (_, engine):
        answer = end(engine, begun(place, engine, todo), todo)
        assert isinstance(answer, Failed), answer
        assert not answer.transient
        assert reason in answer.error.message
        assert engine.discard(place.handles[-1], todo) is None
    assert (place.query("SELECT * FROM users"), place.query("SHOW CREATE TABLE users")) == before
    assert place.tables == {"users", "oracle"}


@pytest.mark.invariant("EN-20")
def test_a_copy_in_which_rows_may_meet_is_never_swapped_in(place: Place) -> None:
    """It has compared rows by then, and what is written meanwhile it writes with REPLACE."""
    todo = work("ALTER TABLE `users` ADD UNIQUE KEY `u` (`id`, `n`)")
    with place.engine() as (_, engine):
        handle = begun(place, engine, todo)
        assert isinstance(until_ready(engine, handle, todo), ReadyToCutOver)
        answer = end(engine, handle, todo)
        assert isinstance(answer, Failed), answer
        assert "unique key u" in answer.error.message
        assert engine.discard(place.handles[-1], todo) is None
    assert place.tables == {"users", "oracle"}


@pytest.mark.invariant("EN-24")
def test_a_number_is_the_same_number_afterwards(place: Place) -> None:
    """Read as text, a FLOAT has six digits, and the sum of its text is the same."""
    place.query("ALTER TABLE users ADD COLUMN f float")
    place.query("UPDATE users SET f = 16777217 / (id + 1)")
    todo = work()
    exact = "SELECT id, CAST(f AS DOUBLE) FROM users ORDER BY id"
    with place.engine() as (_, engine):
        handle = begun(place, engine, todo)
        assert isinstance(until_ready(engine, handle, todo), ReadyToCutOver)
        place.query("UPDATE users SET f = 0.1234567 * id WHERE id < 1000")
        before = place.query(exact)
        assert end(engine, handle, todo) == Applied()
    assert "a" in place.columns
    assert place.query(exact) == before


#: Of each type that it is given, values that text, padding or a character set could change.
VALUES = {
    "binary(5)": ("x'00'", "x'6100ff'", "x''"),
    "varchar(6)": ("''", "x'006100'", "'é%'"),
    "char(6)": ("''", "'a  '", "x'00'"),
    "text": ("''", "x'00'", "'a b'"),
    "varchar(6) CHARACTER SET latin1": ("'é'", "''", "'ß'"),
    "varchar(6) CHARACTER SET gbk": ("'中'", "''", "'a'"),
    "bit(64)": ("0", "18446744073709551615", "256"),
    "float": ("0.1234567", "16777217", "-1e-30"),
    "double": ("0.1234567890123456", "1.7976931348623157e308", "-0.0"),
    "decimal(30,10)": ("-12345678901234567890.0000000001", "0", "NULL"),
    "time(3)": ("'-838:59:59'", "'00:00:00.001'", "NULL"),
    "datetime(5)": ("'0000-00-00'", "'2020-00-10 01:02:03.5'", "'9999-12-31 23:59:59.99999'"),
    "timestamp(6) NULL": ("'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.123456'", "NULL"),
    "date": ("'0000-00-00'", "'0001-01-01'", "'9999-12-31'"),
    "enum('','a','b,c','ß') CHARACTER SET latin1": ("''", "'b,c'", "'ß'"),
    "set('a','b','ß')": ("''", "'a,ß'", "NULL"),
    "bigint unsigned": ("18446744073709551615", "0", "9223372036854775808"),
    "mediumint": ("-8388608", "8388607", "0"),
    "point": ("ST_GeomFromText('POINT(0.1 -1e10)')", "NULL", "ST_GeomFromText('POINT(0 0)')"),
}


@pytest.mark.invariant("EN-24")
def test_values_written_while_it_waits_are_the_same_afterwards(place: Place) -> None:
    place.query("DELETE FROM users")
    names = [f"c{number}" for number in range(len(VALUES))]
    columns = ", ".join(f"ADD {name} {kind}" for name, kind in zip(names, VALUES, strict=True))
    todo = work()
    with admin_cursor(place.server, place.database) as cursor, place.engine() as (_, engine):
        cursor.execute("SET sql_mode = ''")
        cursor.execute(f"ALTER TABLE users {columns}")
        for number in range(3):
            row = ", ".join(values[number] for values in VALUES.values())
            cursor.execute(f"INSERT INTO users VALUES ({number}, 'before', {row})")
        handle = begun(place, engine, todo)
        assert isinstance(until_ready(engine, handle, todo), ReadyToCutOver)
        listed = ", ".join(names)
        cursor.execute(
            f"INSERT INTO users (id, n, {listed}) SELECT id + 10, 'new', {listed} FROM users"
        )
        cursor.execute("UPDATE users SET n = 'changed' WHERE id = 1")
        # As text a FLOAT would look the same when it is not.
        exact = "SELECT *, CAST(c7 AS DOUBLE) FROM users ORDER BY id"
        before = place.query(exact)
        assert end(engine, handle, todo) == Applied()
    assert [row[:-2] + row[-1:] for row in place.query(exact)] == before


def test_the_table_as_it_was_is_kept_under_the_name_that_was_recorded(place: Place) -> None:
    todo = work(keep_old_s=3600)
    with place.engine() as (_, engine):
        handle = begun(place, engine, todo)
        assert end(engine, handle, todo) == Applied()
        assert engine.discard(handle, todo) is None
    [kept] = place.tables - {"users", "oracle"}
    assert kept in handle.helpers
    assert place.query(f"SELECT COUNT(*) FROM `{kept}`") == [(ROWS,)]
    assert [row[0] for row in place.query(f"SHOW COLUMNS FROM `{kept}`")] == ["id", "n"]


@pytest.mark.invariant("EN-20")
def test_a_check_that_would_get_another_name_keeps_it_from_beginning(place: Place) -> None:
    with place.engine() as (_, engine):
        place.query("ALTER TABLE users ADD CHECK (id > -5)")
        assert isinstance(engine.prepare(work(), None), Handle)
        place.query("ALTER TABLE users ADD CONSTRAINT `mine` CHECK (id > -6)")
        refused = engine.prepare(work(), None)
        assert isinstance(refused, Failed)
        assert "constraint mine" in refused.error.message


@pytest.mark.invariant("ST-16")
def test_a_run_of_anybody_keeps_it_from_beginning(place: Place) -> None:
    todo = work()
    with place.engine() as (_, engine):
        handle = prepared(engine, todo, None)
    with admin_cursor(place.server, place.database) as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", [lock_of(place)])
        with place.engine() as (_, engine):
            refused = engine.prepare(todo, None)
            assert isinstance(refused, Failed)
            assert refused.transient
            assert isinstance(engine.look(handle, todo), Running)
            removed = engine.discard(handle, todo)
            assert isinstance(removed, Failed)
            assert removed.transient


def lock_of(place: Place) -> str:
    names = names_for(place.database, "users")
    assert names is not None
    return names.lock


@pytest.mark.invariant("PL-12", "EN-24")
def test_nobody_reads_the_login_from_its_arguments(place: Place) -> None:
    """It works with the privileges that are asked for, and no more."""
    rows = "ALTER, CREATE, DELETE, DROP, INDEX, INSERT, LOCK TABLES, SELECT, TRIGGER, UPDATE"
    everywhere = "RELOAD, REPLICATION CLIENT, REPLICATION SLAVE ON *.*"
    grants = (f"{rows} ON `{place.database}`.*", everywhere)
    todo = work()
    with account(place.server, *grants) as login:
        place.login = login
        with place.engine() as (_, engine):
            handle = begun(place, engine, todo)
            reach(place, engine, handle, todo, "in its copy")
            for pid in pids_of_spirit(place.server, place.database):
                arguments = Path(f"/proc/{pid}/cmdline").read_text()
                for secret in (login.user, login.password, str(place.server.port)):
                    assert secret not in arguments
                assert "--skip-force-kill" in arguments
            assert end(engine, handle, todo) == Applied()
    assert "a" in place.columns
