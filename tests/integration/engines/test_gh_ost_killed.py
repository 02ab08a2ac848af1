"""gh-ost, its driver and its connections are killed while somebody writes: what is left is taken up
or cleared away, the rows are those that were written, and nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from pymysql.cursors import Cursor

from reconciler.edges.server.process import RunningServer
from reconciler.edges.shard_session import MysqlShardSession
from reconciler.model.engine import EngineName, Handle
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
from tests.conftest import FreshDatabase
from tests.connections import admin_connection
from tests.contract.engines.gh_ost import kill_programs, pids_of, show_waiting_locks, tell
from tests.integration.engines.shard import (
    Shard,
    begun,
    prepared,
    to_the_end,
    until_ready,
    work,
)
from tests.integration.mysql_edges import admin_cursor, end_session
from tests.integration.writer import Writer
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.engine("gh-ost")

GH_OST = EngineName.GH_OST
ADDING = work("ADD COLUMN `a` int")
# A copy of so many rows, in chunks of ten with pauses, is killed in the middle.
ROWS = 10_000

# A driver that begins a copy, says by what it is found, follows it, and waits to be killed.
DRIVER = """
import json, sys
from reconciler.model.engine import EngineName
from tests.integration.engines.shard import begun, work
from tests.integration.mysql_edges import sessions, shard
from reconciler.spec.model import Connection
connection = Connection(**json.loads(sys.argv[1]))
change = work("ADD COLUMN `a` int")
with sessions().open(shard(connection)) as session:
    engine, handle, answer = begun(session, EngineName.GH_OST, change)
    print(json.dumps([handle.version, handle.content]), flush=True)
    while True:
        engine.look(handle, change)
"""


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def empty(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Shard:
    server: RunningServer = request.getfixturevalue(request.param)
    show_waiting_locks(server)
    return Shard(server=server, database=fresh_database(server))


def copy_slowly(shard: Shard) -> None:
    """In small steps, once the first rows have been copied."""
    until(lambda: "chunk-size: 10" in tell(shard.database, "chunk-size=10"), "gh-ost to listen")
    tell(shard.database, "nice-ratio=3")
    until(lambda: shard.run("SELECT COUNT(*) FROM _t_gho") != [(0,)], "its first rows")


def ended_somehow(engine: Engine, handle: Handle, answer: Answer) -> Answer:
    while isinstance(answer, Running | ReadyToCutOver):
        answer = engine.look(handle, ADDING)
    return answer


def gone(shard: Shard, handle: Handle) -> None:
    """For everybody who looks, as soon as the server has let go."""
    with shard.open() as session:
        engine = session.engine(GH_OST)
        while (answer := engine.look(handle, ADDING)) != Gone():
            assert isinstance(answer, Running | Unknown), answer


def brought_to_its_end(session: MysqlShardSession, earlier: Handle) -> None:
    """As a later run does it, by what was recorded."""
    engine = session.engine(GH_OST)
    handle = prepared(engine, ADDING, earlier)
    ended = to_the_end(engine, handle, ADDING, engine.start(handle, ADDING))
    assert ended == Applied(), ended
    assert engine.discard(handle, ADDING) is None


def writer_of(shard: Shard) -> Writer:
    """Over a connection without a database of its own, by which it is told from gh-ost's."""
    rows = {number: (value,) for number, value in shard.rows.items()}
    connect = partial(admin_connection, shard.server)
    return Writer(connect, shard.database, "t", columns={"v": str}, rows=rows)


def assert_as_written(shard: Shard, writer: Writer) -> None:
    assert writer.errors == []
    assert shard.rows == {number: value for number, (value,) in writer.rows.items()}
    assert shard.columns == ["id", "v", "a"]
    assert shard.tables == {"t"}


@pytest.mark.invariant("EN-12", "EN-22")
@pytest.mark.parametrize("when", ["at once", "in the copy", "while it waits"])
def test_what_was_killed_is_cleared_away_and_begun_again(empty: Shard, when: str) -> None:
    """Never resumed: rows that were written in the meantime would be missing."""
    rows = ROWS if when == "in the copy" else 500
    shard = empty.made(rows)
    with writer_of(shard) as writer, shard.open() as session:
        engine, handle, answer = begun(session, GH_OST, ADDING)
        if when == "in the copy":
            copy_slowly(shard)
        if when == "while it waits":
            answer = until_ready(engine, handle, ADDING, answer)
        kill_programs(shard.database)
        assert isinstance(ended_somehow(engine, handle, answer), Gone | Unknown)
        gone(shard, handle)
        brought_to_its_end(session, handle)
    assert_as_written(shard, writer)


@pytest.mark.invariant("EN-12")
def test_what_another_statement_left_is_cleared_away(empty: Shard) -> None:
    shard = empty.made(50)
    with shard.open() as session:
        _, handle, _ = begun(session, GH_OST, work("ADD COLUMN `b` int"))
        kill_programs(shard.database)
        gone(shard, handle)
        brought_to_its_end(session, handle)
    assert shard.columns == ["id", "v", "a"]
    assert shard.tables == {"t"}


@pytest.mark.invariant("EN-11")
def test_a_copy_ends_with_the_driver_that_was_killed_and_is_taken_up_by_another(
    empty: Shard,
) -> None:
    shard = empty.made(ROWS)
    login = {
        "host": shard.server.host,
        "port": str(shard.server.port),
        "database": shard.database,
        "user": shard.server.admin.user,
        "password": shard.server.admin.password,
    }
    command = [sys.executable, "-c", DRIVER, json.dumps(login)]
    with writer_of(shard) as writer:
        with subprocess.Popen(
            command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True
        ) as driver:
            assert driver.stdout is not None
            version, content = json.loads(driver.stdout.readline())
            handle = Handle(engine=GH_OST, version=version, content=content)
            copy_slowly(shard)
            os.kill(driver.pid, signal.SIGKILL)
        until(lambda: not pids_of(shard.database), "gh-ost to end")
        gone(shard, handle)
        with shard.open() as session:
            brought_to_its_end(session, handle)
    assert_as_written(shard, writer)


def test_every_connection_may_be_lost_while_it_copies(empty: Shard) -> None:
    """Ours is made again, gh-ost's are too, or it ends and is taken up."""
    shard = empty.made(ROWS)
    with writer_of(shard) as writer, shard.open() as session:
        engine, handle, answer = begun(session, GH_OST, ADDING)
        copy_slowly(shard)
        end_connections(shard)
        tell(shard.database, "nice-ratio=0")
        tell(shard.database, "chunk-size=1000")
        ended = to_the_end(engine, handle, ADDING, answer)
        if ended != Applied():
            assert isinstance(ended, Failed | Unknown | Gone), ended
            gone(shard, handle)
            brought_to_its_end(session, handle)
        else:
            assert engine.discard(handle, ADDING) is None
    assert_as_written(shard, writer)


def end_connections(shard: Shard) -> None:
    """But the writer's, which has no database of its own, and the one to do it over."""
    with admin_cursor(shard.server, shard.database) as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        ((own,),) = cursor.fetchall()
        cursor.execute("SHOW FULL PROCESSLIST")
        for number, _, _, database, *_ in cursor.fetchall():
            if database == shard.database and number != own:
                end_session(cursor, number)


@pytest.mark.invariant("ST-10", "EN-53")
@pytest.mark.parametrize("moment", ["lock", "rename", 0.0, 0.5, 1.0, 1.3], ids=str)
def test_what_was_killed_in_the_swap_is_swapped_or_not_and_nothing_between(
    empty: Shard, moment: str | float
) -> None:
    shard = empty.made(500)
    with writer_of(shard) as writer, shard.open() as session:
        engine, handle, answer = begun(session, GH_OST, ADDING)
        answer = until_ready(engine, handle, ADDING, answer)
        assert isinstance(answer, ReadyToCutOver)
        killed_in_the_swap(shard, engine, handle, moment)
        ended = ended_somehow(engine, handle, engine.look(handle, ADDING))
        assert isinstance(ended, Applied | Failed | Unknown | Gone), ended
        gone(shard, handle)
        if shard.columns == ["id", "v", "a"]:
            assert engine.discard(handle, ADDING) is None
        else:
            assert ended != Applied()
            brought_to_its_end(session, handle)
    assert_as_written(shard, writer)


def killed_in_the_swap(shard: Shard, engine: Engine, handle: Handle, moment: str | float) -> None:
    """At a statement of it, or so many seconds after it was let go."""
    with admin_cursor(shard.server, shard.database) as reader:
        if moment == "lock":  # so that it waits for the table
            reader.execute("BEGIN")
            reader.execute("SELECT COUNT(*) FROM t")
        killer = threading.Thread(target=kill_at, args=(shard, moment), daemon=True)
        killer.start()
        engine.cut_over(handle, ADDING)
        killer.join(PATIENCE_S)
    assert not killer.is_alive()


def kill_at(shard: Shard, moment: str | float) -> None:
    if isinstance(moment, float):
        time.sleep(moment)
    else:
        statement = f"{moment} /* gh-ost */ table"
        with admin_cursor(shard.server) as cursor:
            # It may have gone by between two looks, on a busy machine.
            until(
                lambda: is_at(cursor, statement) or not pids_of(shard.database),
                moment,
                pause_s=0.002,
            )
    for pid in pids_of(shard.database):
        with suppress(ProcessLookupError):  # it has come to its end
            os.kill(pid, signal.SIGKILL)


def is_at(cursor: Cursor, statement: str) -> bool:
    cursor.execute("SHOW FULL PROCESSLIST")
    return any(statement in str(process[7]) for process in cursor.fetchall())


@pytest.mark.invariant("EN-12")
@pytest.mark.parametrize("keep_old_s", [0, 3600], ids=["dropped", "kept"])
def test_what_is_left_after_the_swap_is_cleared_away_by_its_handle(
    empty: Shard, *, keep_old_s: int
) -> None:
    shard = empty.made(50)
    with shard.open() as session:
        engine, handle, answer = begun(session, GH_OST, ADDING)
        assert to_the_end(engine, handle, ADDING, answer) == Applied()
    assert "_t_del" in shard.tables
    stored = Handle(engine=handle.engine, version=handle.version, content=handle.content)
    kept = EngineWork(
        statement=ADDING.statement, lock_wait_s=60, run_limit_s=600, keep_old_s=keep_old_s
    )
    with shard.open() as session:
        until(session.claim, "the session before to be over")
        engine = session.engine(GH_OST)
        until(lambda: engine.look(stored, ADDING) == Gone(), "the server to let go of gh-ost")
        assert engine.discard(stored, kept) is None
        assert shard.tables == ({"t", "_t_del", "_t_ghk"} if keep_old_s else {"t"})
        assert engine.discard(stored, ADDING) is None
    assert shard.tables == {"t"}
