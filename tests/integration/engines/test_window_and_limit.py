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
from reconciler.guard.windows import is_open
from reconciler.model.engine import EngineName
from tests.conftest import FreshDatabase
from tests.integration.engines.held import SHARD, HeldCopy, held_copy, of_engines
from tests.integration.mysql_edges import admin_cursor
from tests.integration.rollouts import applying
from tests.waiting import PATIENCE_S, until

THREADS_MAX = 10


def opens_soon() -> str:
    """In three minutes at most, for the rest of a day: a plan is made and a copy before it does."""
    opens = datetime.fromtimestamp(SystemClock().now_s(), UTC) + timedelta(minutes=3)
    return f"{opens:%H:%M}-{opens - timedelta(minutes=30):%H:%M} UTC"


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
    window = opens_soon()
    copy = held_copy(
        *(tmp_path / "shop", source, fresh_database, monkeypatch),
        engine=engine,
        rollout={"threads_running_max": THREADS_MAX, "cutover": {"window": window}},
    )
    with applying(copy.fleet) as process:
        until(lambda: waits(copy, window.removesuffix(" UTC")), "the copy to wait for its window")
        made = set(copy.fleet.definitions(SHARD))
        with busy(source):
            until(lambda: is_open((window,), SystemClock().now_s()), "the window")
            until(lambda: waits(copy, "threads are running, limit is 10"), "the load to be seen")
            assert set(copy.fleet.definitions(SHARD)) == made, "nothing was swapped or made again"
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    copy.check_whole("bigint")
    assert [*copy.fleet.definitions(SHARD)] == ["items"], "nothing is left beside the table"
