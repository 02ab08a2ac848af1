"""A complete copy of a real engine whose window opens under load: it goes in once that has gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pymysql
import pytest

from reconciler.edges.clock import SystemClock
from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.conftest import FreshDatabase
from tests.integration.engines.held import SHARD, HeldCopy, held_copy, of_engines
from tests.integration.mysql_edges import admin_cursor
from tests.integration.rollouts import applying
from tests.waiting import PATIENCE_S, until

THREADS_MAX = 10


# An apply whose clock somebody sets: by so many seconds as stand in a file.
APPLY = """
import sys
from pathlib import Path
from reconciler.__main__ import main
from reconciler.edges.clock import SystemClock
file, true_s = Path(sys.argv.pop(1)), SystemClock.now_s
SystemClock.now_s = lambda clock: true_s(clock) + float(file.read_text())
main()
"""
OPENS_IN = timedelta(hours=2)


def opens_later() -> str:
    """For most of a day, and not before somebody sets the clock."""
    opens = datetime.fromtimestamp(SystemClock().now_s(), UTC) + OPENS_IN
    return f"{opens:%H:%M}-{opens + timedelta(hours=20):%H:%M} UTC"


def set_clock(file: Path, ahead: timedelta) -> None:
    """Nobody reads half of it."""
    file.with_suffix(".new").write_text(str(ahead.total_seconds()))
    file.with_suffix(".new").rename(file)


@contextmanager
def busy(server: RunningServer) -> Iterator[None]:
    """More threads run than the limit allows."""
    mark = "SELECT SLEEP(3600) /* load */"

    def sleep() -> None:
        with suppress(pymysql.err.OperationalError), admin_cursor(server) as cursor:
            cursor.execute(mark)

    sleepers = [Thread(target=sleep, daemon=True) for _ in range(2 * THREADS_MAX)]
    for one in sleepers:
        one.start()
    try:
        yield
    finally:
        with admin_cursor(server) as cursor:
            until(lambda: len(ids_of(cursor, mark)) == len(sleepers), "all of the load")
            for number in ids_of(cursor, mark):
                cursor.execute(f"KILL {number}")
        for one in sleepers:
            one.join(PATIENCE_S)


def ids_of(cursor: pymysql.cursors.Cursor, sql: str) -> list[int]:
    cursor.execute("SELECT id FROM information_schema.processlist WHERE info = %s", (sql,))
    return [number for (number,) in cursor.fetchall()]


def waits(copy: HeldCopy, why: str) -> bool:
    said = copy.said("status")
    return "waiting for cutover" in said and why in said


@pytest.mark.invariant("EN-85")
@of_engines((EngineName.GH_OST, "mysql_server"), (EngineName.SPIRIT, "mysql_server"))
def test_a_window_that_opens_under_load_is_used_once_the_load_has_gone(
    engine: EngineName,
    server: str,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    source: RunningServer = request.getfixturevalue(server)
    window, clock = opens_later(), tmp_path / "clock"
    set_clock(clock, timedelta())
    copy = held_copy(
        *(tmp_path / "shop", source, fresh_database, monkeypatch),
        engine=engine,
        rollout={"threads_running_max": THREADS_MAX, "cutover": {"window": window}},
    )
    with applying(copy.fleet, ("-c", APPLY, str(clock))) as process:
        until(lambda: waits(copy, window.removesuffix(" UTC")), "the copy to wait for its window")
        made = set(copy.fleet.definitions(SHARD))
        with busy(source):
            set_clock(clock, OPENS_IN + timedelta(minutes=2))
            until(lambda: waits(copy, "threads are running, limit is 10"), "the load to be seen")
            assert set(copy.fleet.definitions(SHARD)) == made, "nothing was swapped or made again"
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    copy.check_whole("bigint")
    assert [*copy.fleet.definitions(SHARD)] == ["items"], "nothing is left beside the table"
