"""gh-ost after its last row: held until it is told, and never let go twice by one word."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.engines.gh_ost import last_row
from reconciler.model.engine import EngineName
from reconciler.ports.engine import Applied, ReadyToCutOver, Running
from tests.conftest import FreshDatabase
from tests.contract.engines.gh_ost import pids_of, show_waiting_locks, tell
from tests.integration.engines.shard import Shard, begun, to_the_end, until_ready, work
from tests.integration.mysql_edges import admin_cursor
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.engine("gh-ost")

GH_OST = EngineName.GH_OST
CHANGE = work("ADD COLUMN `a` int")
POSTPONES = "postponing cut-over"


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def made(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Shard:
    server = request.getfixturevalue(request.param)
    show_waiting_locks(server)
    return Shard(server=server, database=fresh_database(server)).made(500)


@contextmanager
def a_row_locked(made: Shard) -> Iterator[None]:
    """The copy waits for it, and does not reach its last row."""
    with admin_cursor(made.server, made.database) as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT * FROM t WHERE id = 1 FOR UPDATE")
        yield


def hooks_that_run(database: str) -> set[str]:
    """Programs that hold a gh-ost at work on that database."""
    ours = {str(pid) for pid in pids_of(database)}
    return {hook for hook, parent in _hooks().items() if parent in ours}


def _hooks() -> dict[str, str]:
    """Every one on the machine, with the process that waits for it."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            arguments = (folder / "cmdline").read_bytes().decode().split("\0")
            if arguments[-2:-1] and arguments[-2].endswith("/gh-ost-on-before-cut-over"):
                status = (folder / "status").read_text()
                found[arguments[-2]] = status.partition("PPid:")[2].split()[0]
    return found


@pytest.mark.invariant("EN-51")
def test_it_is_held_follows_what_is_written_and_swaps_once_it_is_told(
    made: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_row, "GH_OST_HELD_S_MAX", PATIENCE_S)
    with made.open() as session:
        engine, handle, answer = begun(session, GH_OST, CHANGE)
        assert isinstance(until_ready(engine, handle, CHANGE, answer), ReadyToCutOver)
        assert hooks_that_run(made.database)
        assert POSTPONES not in tell(made.database, "sup")
        made.run("INSERT INTO t VALUES (9999, 'late')", "DELETE FROM t WHERE id = 3")
        assert to_the_end(engine, handle, CHANGE, ReadyToCutOver()) == Applied()
        assert engine.discard(handle, CHANGE) is None
    assert "a" in made.columns
    assert made.rows == {n: f"v{n}" for n in range(500) if n != 3} | {9999: "late"}
    assert made.tables == {"t"}


@pytest.mark.invariant("EN-51")
def test_it_waits_by_itself_where_nobody_tells_it_for_long(
    made: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_row, "GH_OST_HELD_S_MAX", 0.1)
    with made.open() as session:
        engine, handle, answer = begun(session, GH_OST, CHANGE)
        until_ready(engine, handle, CHANGE, answer)

        def postpones() -> bool:
            assert isinstance(engine.look(handle, CHANGE), ReadyToCutOver)
            return POSTPONES in tell(made.database, "sup")

        until(postpones, "gh-ost to wait by itself")
        assert not hooks_that_run(made.database)
        assert "a" not in made.columns
        assert to_the_end(engine, handle, CHANGE, ReadyToCutOver()) == Applied()
    assert "a" in made.columns


@pytest.mark.invariant("EN-51")
def test_a_copy_that_has_lasted_is_not_held(made: Shard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_row, "GH_OST_HOOK_AGE_S_MAX", -1.0)
    with made.open() as session:
        with a_row_locked(made):  # however fast it copies, it is too old before its last row
            engine, handle, answer = begun(session, GH_OST, CHANGE)
            assert isinstance(answer, Running)
        assert isinstance(until_ready(engine, handle, CHANGE, answer), ReadyToCutOver)
        assert POSTPONES in tell(made.database, "sup")
        assert to_the_end(engine, handle, CHANGE, ReadyToCutOver()) == Applied()


@pytest.mark.invariant("EN-21")
@pytest.mark.invariant("EN-51")
def test_a_first_try_in_vain_lets_no_second_one_go(made: Shard) -> None:
    change = replace(CHANGE, lock_wait_s=2)  # a try lasts twice as long
    with made.open() as session, admin_cursor(made.server, made.database) as reader:
        engine, handle, answer = begun(session, GH_OST, change)
        until_ready(engine, handle, change, answer)
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM t")
        answer = until_ready(engine, handle, change, engine.cut_over(handle, change))
        assert isinstance(answer, ReadyToCutOver)
        reader.execute("COMMIT")
        for _ in range(3):  # it would need one second more
            assert isinstance(engine.look(handle, change), ReadyToCutOver)
            time.sleep(1)
        assert "a" not in made.columns
        assert to_the_end(engine, handle, change, answer) == Applied()
    assert "a" in made.columns


@pytest.mark.invariant("EN-11")
@pytest.mark.invariant("EN-51")
def test_nothing_that_held_it_outlives_it(made: Shard) -> None:
    with made.open() as session:
        engine, handle, answer = begun(session, GH_OST, CHANGE)
        until_ready(engine, handle, CHANGE, answer)
        [hook] = hooks_that_run(made.database)
    until(lambda: hook not in _hooks(), "the program that held it to end")
    assert "a" not in made.columns
