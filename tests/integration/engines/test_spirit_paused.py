"""Spirit records how far it is every 50 seconds. To see it paused and going on without waiting so
long, a program that only says what Spirit says stands in for it; all else is real."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.edges.client.target import Target
from reconciler.edges.engines.find import EngineProgram
from reconciler.edges.engines.spirit.engine import SpiritEngine
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName, Handle, Progress
from reconciler.ports.engine import Answer, Failed, ReadyToCutOver, Running
from tests.conftest import FreshDatabase
from tests.contract.engines.stand import CHANGE, work_of
from tests.integration.mysql_edges import admin_cursor, planned
from tests.waiting import PATIENCE_S

NOW = "2026/11/21 23:05:48"
COPIES = f"{NOW} INFO begin to sync binlog from position position=x"
RECORDS = f'{NOW} INFO checkpoint low-watermark="x" position=y'
READY = f"{NOW} WARN cutover deferred while sentinel table exists; will wait sentinel-table=z"
PROGRAM = """#!{}
import time
open({!r}, "a").write("\\n")
said = 0
while True:
    lines = open({!r}).read().splitlines()
    for line in lines[said:]:
        print(line, flush=True)
        if line.startswith("spirit: error"):
            raise SystemExit(1)
    said = max(said, len(lines))
    time.sleep(0.02)
"""
WORK = work_of(planned(CHANGE, "users"))


class Double:
    """The engine over a program that says each line of a file as soon as it stands there."""

    def __init__(self, folder: Path, server: RunningServer, database: str) -> None:
        self._lines = folder / "lines"
        self._starts = folder / "starts"
        program = folder / "spirit"
        program.write_text(PROGRAM.format(sys.executable, str(self._starts), str(self._lines)))
        program.chmod(0o755)
        self.says(COPIES)
        target = Target(
            label="shard -80",
            host=server.host,
            port=server.port,
            socket=None,
            database=database,
            user=server.admin.user,
            password=server.admin.password,
            tls=None,
            connect_timeout_s=5,
            read_timeout_s=60,
        )
        self.link = ShardLink(target)
        found = EngineProgram(name=EngineName.SPIRIT, path=program, version="0.15.1")
        self.engine = SpiritEngine(self.link, found)
        handle = self.engine.prepare(WORK, None)
        assert isinstance(handle, Handle), handle
        self.handle = handle
        assert self.engine.start(handle, WORK) == Running()

    @property
    def starts(self) -> int:
        return self._starts.read_text().count("\n")

    def says(self, *lines: str) -> None:
        """From now on, and it begins so where it is started again."""
        self._lines.write_text("".join(f"{line}\n" for line in lines))

    def look(self) -> Answer:
        return self.engine.look(self.handle, WORK)

    def until(self, holds: Callable[[Progress], bool]) -> Progress:
        give_up_s = time.monotonic() + PATIENCE_S
        while True:
            answer = self.look()
            assert isinstance(answer, Running), answer
            if holds(answer.progress):
                return answer.progress
            assert time.monotonic() < give_up_s, answer

    def until_ready(self) -> None:
        give_up_s = time.monotonic() + PATIENCE_S
        while isinstance(answer := self.look(), Running):
            assert time.monotonic() < give_up_s, answer
        assert isinstance(answer, ReadyToCutOver), answer

    def close(self) -> None:
        self.engine.close()
        self.link.close()


@pytest.fixture
def double(
    tmp_path: Path, mysql_server: RunningServer, fresh_database: FreshDatabase
) -> Iterator[Double]:
    database = fresh_database(mysql_server)
    with admin_cursor(mysql_server, database) as cursor:
        cursor.execute("CREATE TABLE users (id INT PRIMARY KEY)")
    made = Double(tmp_path, mysql_server, database)
    yield made
    made.close()


def test_it_is_paused_only_once_it_has_recorded_how_far_it_is(double: Double) -> None:
    double.until(lambda progress: progress.stage == "copy rows")
    assert double.engine.throttle(double.handle, WORK, "lag of a replica")
    waiting = double.until(lambda progress: bool(progress.throttled_by))
    assert waiting.throttled_by == "lag of a replica, from its next checkpoint on"
    double.says(COPIES, RECORDS)
    paused = double.until(lambda progress: "checkpoint" not in progress.throttled_by)
    assert paused == Progress(stage="copy rows", throttled_by="lag of a replica")
    assert double.starts == 1


def test_it_goes_on_and_is_not_paused_again_before_it_has_come_further(double: Double) -> None:
    double.says(COPIES, RECORDS)
    double.engine.throttle(double.handle, WORK, "load")
    double.until(lambda progress: progress.throttled_by == "load")
    double.says(COPIES)
    assert double.engine.throttle(double.handle, WORK, "")
    double.until(lambda progress: double.starts == 2)
    double.engine.throttle(double.handle, WORK, "load")
    again = double.until(lambda progress: bool(progress.throttled_by))
    assert again.throttled_by == "load, from its next checkpoint on"


def test_one_that_is_ready_copies_nothing_and_is_left_alone(double: Double) -> None:
    double.says(COPIES, RECORDS, READY)
    double.until_ready()
    assert double.engine.throttle(double.handle, WORK, "load")
    assert isinstance(double.look(), ReadyToCutOver)


def test_one_that_has_waited_as_long_as_it_can_waits_on(double: Double) -> None:
    double.says(COPIES, READY)
    double.until_ready()
    double.says(COPIES, READY, "spirit: error: timed out waiting for sentinel table to be dropped")
    while isinstance(double.look(), ReadyToCutOver):
        pass
    double.says(COPIES, READY)
    double.until_ready()
    assert double.starts == 2


def test_one_that_is_paused_can_be_stopped(double: Double) -> None:
    double.says(COPIES, RECORDS)
    double.engine.throttle(double.handle, WORK, "load")
    double.until(lambda progress: progress.throttled_by == "load")
    double.engine.stop(double.handle, WORK)
    assert isinstance(double.look(), Failed)
    assert double.engine.discard(double.handle, WORK) is None


@pytest.mark.invariant("EN-12")
def test_what_took_its_names_while_it_was_paused_is_not_dropped(
    double: Double, mysql_server: RunningServer
) -> None:
    double.says(COPIES, RECORDS)
    double.engine.throttle(double.handle, WORK, "load")
    double.until(lambda progress: progress.throttled_by == "load")
    with admin_cursor(mysql_server, double.link.database) as cursor:
        cursor.execute("CREATE TABLE _users_old (mine INT)")
    double.engine.throttle(double.handle, WORK, "")
    answer = double.look()
    assert isinstance(answer, Failed), answer
    assert "_users_old" in answer.error.message
    assert double.starts == 1
