"""Spirit that is told to swap while it compares rows: at once, or not at all for now."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from reconciler.edges.engines.spirit import run
from reconciler.edges.server.process import RunningServer
from reconciler.edges.shard_session import MysqlShardSession
from reconciler.model.engine import EngineName, Handle
from reconciler.plan.engines.spirit_names import SENTINEL
from reconciler.ports.engine import Applied, Engine, ReadyToCutOver, Running
from tests.conftest import FreshDatabase
from tests.contract.engines.spirit import pids_of_spirit
from tests.integration.engines.shard import Shard, begun, to_the_end, until_ready, work
from tests.waiting import until

pytestmark = pytest.mark.engine("spirit")

SPIRIT = EngineName.SPIRIT
TRIES_MAX = 5
CHANGE = replace(work("ADD COLUMN `a` int"), lock_wait_s=20)
TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40), w VARCHAR(2000))"


@pytest.fixture
def made(mysql_server: RunningServer, fresh_database: FreshDatabase) -> Shard:
    """Wide enough that rows are compared for some time."""
    shard = Shard(server=mysql_server, database=fresh_database(mysql_server)).made(1_000, TABLE)
    doubled = "INSERT INTO t SELECT id + {0}, v, REPEAT(SHA2(id, 512), 12) FROM t"
    shard.run(*(doubled.format(1_000 << n) for n in range(5)))
    return shard


def comparing(session: MysqlShardSession) -> tuple[Engine, Handle]:
    """A copy that is ready while its rows are compared. On a busy machine they may have been by the
    time somebody looks: it is given up and begun again."""
    for _ in range(TRIES_MAX):
        engine, handle, answer = begun(session, SPIRIT, CHANGE)
        answer = until_ready(engine, handle, CHANGE, answer)
        assert isinstance(answer, ReadyToCutOver), answer
        if answer.progress.stage == "checksum":
            return engine, handle
        given_up(engine, handle)
    raise AssertionError("its rows were compared before anybody could look")


def given_up(engine: Engine, handle: Handle) -> None:
    engine.stop(handle, CHANGE)
    until(lambda: engine.discard(handle, CHANGE) is None, "what is left to be removed")


@pytest.mark.invariant("EN-52")
def test_it_is_told_while_it_compares_the_rows_of_a_short_copy(made: Shard) -> None:
    with made.open() as session:
        engine, handle = comparing(session)
        assert SENTINEL in made.tables
        made.run("UPDATE t SET v = 'late' WHERE id = 3")
        assert "a" not in made.columns
        assert isinstance(engine.cut_over(handle, CHANGE), Running | Applied)
        assert to_the_end(engine, handle, CHANGE, Running()) == Applied()
        assert engine.discard(handle, CHANGE) is None
    assert "a" in made.columns
    assert made.rows[3] == "late"
    assert made.tables == {"t"}


@pytest.mark.invariant("EN-3")
@pytest.mark.invariant("EN-52")
def test_what_was_looked_at_too_long_ago_is_looked_at_again(
    made: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SPIRIT_TOLD_AHEAD_S_MAX", 0.0)
    with made.open() as session:
        engine, handle = comparing(session)
        [pid] = pids_of_spirit(made.server, made.database)
        os.kill(pid, signal.SIGSTOP)
        try:
            engine.cut_over(handle, CHANGE)
            assert isinstance(engine.look(handle, CHANGE), Running)
            assert SENTINEL in made.tables, "it is there again"
        finally:
            os.kill(pid, signal.SIGCONT)
        assert isinstance(until_ready(engine, handle, CHANGE, Running()), ReadyToCutOver)
        assert isinstance(engine.look(handle, CHANGE), ReadyToCutOver)
        assert "a" not in made.columns
        assert to_the_end(engine, handle, CHANGE, ReadyToCutOver()) == Applied()
        assert engine.discard(handle, CHANGE) is None
    assert "a" in made.columns
    assert made.tables == {"t"}


@pytest.mark.invariant("EN-5")
@pytest.mark.invariant("EN-52")
def test_a_copy_that_others_wait_for_is_ready_once_its_rows_are_equal(made: Shard) -> None:
    awaited = replace(CHANGE, is_on_purpose=True)
    with made.open() as session:
        engine, handle, answer = begun(session, SPIRIT, awaited)
        ready = until_ready(engine, handle, awaited, answer)
        assert isinstance(ready, ReadyToCutOver)
        assert ready.progress.stage == "ready"


@pytest.mark.invariant("EN-52")
def test_it_is_ready_only_behind_the_comparison_of_a_long_copy(
    made: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SPIRIT_SHORT_COPY_S_MAX", 0.0)
    with made.open() as session:
        engine, handle, answer = begun(session, SPIRIT, CHANGE)
        ready = until_ready(engine, handle, CHANGE, answer)
        assert isinstance(ready, ReadyToCutOver)
        assert ready.progress.stage == "ready"
        assert to_the_end(engine, handle, CHANGE, ready) == Applied()
