"""Copies of real engines in the middle of which one thing ends, and all others go on: the engine's
program, the server, or, by `stop`, the apply. The rows are those that were written."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from reconciler.edges.kept import Kept
from reconciler.edges.server.process import Login, Logins, RunningServer
from reconciler.model.engine import EngineName
from reconciler.model.server import Flavor
from tests.fleet import Fleet
from tests.integration.chaos.engines import engines_below
from tests.integration.chaos.server import (
    PASSWORD,
    USER,
    CrashableServer,
    crashable_server,
)
from tests.integration.engines.test_job import ROWS, FleetOf, choose, fleet_of, with_rows
from tests.integration.engines.test_refused_early import marked
from tests.integration.rollouts import applying, reading
from tests.preloaded import Started
from tests.waiting import PATIENCE_S, until

__all__ = ["fleet_of"]

GH_OST, SPIRIT, PT_OSC = EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC
ENGINES = [marked(GH_OST), marked(SPIRIT), marked(PT_OSC)]
WIDER = "  a bigint DEFAULT NULL"
# Each row of the copy takes some milliseconds: all of them a few seconds.
SLOW = f"{WIDER},\n  b bigint GENERATED ALWAYS AS (crc32(repeat(id + 1000000, 500000))) STORED"


def copying(fleet: Fleet, engine: EngineName) -> None:
    choose(fleet, {"rebuild": {"use": engine.value}})
    fleet.environment["rollout"] = {"waves": ["100%"], "parallel": 1}
    fleet.write_spec()
    fleet.edit("schemas/shop/items.sql", WIDER, SLOW)
    fleet.plan_and_commit()


def copies(fleet: Fleet, shard: str) -> set[str]:
    """The copy, by name alone: it may be renamed, or gone, at any moment."""
    names = {name for (name,) in fleet.sql(shard, "SHOW TABLES")}
    return names & {"_items_gho", "_items_new"}


@dataclass
class Writes:
    """What is written into a shard while its table is copied, and so must be there at the end."""

    fleet: Fleet
    shard: str = "-80"
    count: int = 0

    def write(self) -> None:
        self.count += 1
        self.fleet.sql(self.shard, f"INSERT INTO items (id, a) VALUES ({9_000 + self.count}, 1)")
        self.fleet.sql(self.shard, f"UPDATE items SET a = -1 WHERE id = {self.count}")
        self.fleet.sql(self.shard, f"DELETE FROM items WHERE id = {ROWS - self.count}")

    def check(self) -> None:
        rows = {number: number for number in range(ROWS)}
        for number in range(1, self.count + 1):
            rows |= {9_000 + number: 1, number: -1}
            del rows[ROWS - number]
        for shard, definitions in self.fleet.all_definitions().items():
            assert [*definitions] == ["items"], "nothing is left beside the table"
            assert "`b` bigint" in definitions["items"]
            assert not self.fleet.sql(shard, "SHOW TRIGGERS")
        found = self.fleet.sql(self.shard, "SELECT id, a FROM items ORDER BY id")
        assert dict(found) == dict(sorted(rows.items()))
        assert self.fleet.run("drift").code == 0


@contextmanager
def in_the_middle(fleet: Fleet) -> Iterator[Started]:
    """An apply whose engine copies the table of the first shard."""
    with applying(fleet) as process:
        until(
            lambda: (
                (copies(fleet, "-80") and any(engines_below(process.pid)))
                or process.poll() is not None
            ),
            "the copy to begin",
        )
        assert process.poll() is None, process.communicate()[0]
        yield process


def ended(process: Started) -> tuple[int, str]:
    said, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, said


def applied_at_last(fleet: Fleet, code: int, said: str) -> None:
    """By the same apply, or by one more."""
    if code:
        again = fleet.run("apply")
        assert again.code == 0, said + again.said


@pytest.mark.invariant("EN-2")
@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_that_is_killed_alone_loses_no_row(
    engine: EngineName, mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mysql_server)
    copying(fleet, engine)
    writes = Writes(fleet)
    with in_the_middle(fleet) as process:
        writes.write()
        for process_id in engines_below(process.pid):
            os.kill(process_id, signal.SIGKILL)
        writes.write()
        code, said = ended(process)
    applied_at_last(fleet, code, said)
    writes.check()


@pytest.mark.invariant("ST-8")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_copy_that_is_stopped_comes_to_its_end_later(
    engine: EngineName, mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    """One that cannot be taken up by the stopped apply itself, any other by the next one. The other
    shard waits: on a busy machine for somebody who reads its table."""
    fleet = fleet_of(mysql_server)
    before = fleet.definitions("80-")["items"]
    copying(fleet, engine)
    writes = Writes(fleet)
    with reading(fleet, "80-", "items"), in_the_middle(fleet) as process:
        writes.write()
        stopped = fleet.run("stop")
        assert stopped.code == 0, stopped.said
        code, said = ended(process)
        assert code == 4, said
    assert fleet.definitions("80-")["items"] == before
    assert "foreign" not in fleet.run("drift").out
    writes.write()
    again = fleet.run("apply")
    assert again.code == 0, again.said
    writes.check()


@pytest.fixture
def server() -> Iterator[CrashableServer]:
    with crashable_server(Flavor.MYSQL) as crashable:
        yield crashable


@pytest.mark.invariant("ST-10")
@pytest.mark.engine(GH_OST)
def test_a_server_that_is_killed_alone_loses_no_row(
    server: CrashableServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The chaos suite does so to all engines, at moments of its own."""
    login = Login(user=USER, password=PASSWORD)
    running = RunningServer(
        version=server.binary.version,
        host="127.0.0.1",
        port=server.port,
        socket=server.folder / "s.sock",
        folder=server.folder,
        logins=Logins(admin=login, reader=login),
        process=cast(Kept, None),  # nobody ends it but this test
    )
    names = iter(("one", "two"))

    def fresh(_: RunningServer) -> str:
        name = next(names)
        server.admin(f"CREATE DATABASE {name}")
        return name

    fleet = with_rows(Fleet(tmp_path / "shop", [running], fresh, monkeypatch))
    copying(fleet, GH_OST)
    writes = Writes(fleet)
    with in_the_middle(fleet) as process:
        writes.write()
        server.kill()
        time.sleep(1)
        server.start()
        writes.write()
        code, said = ended(process)
    applied_at_last(fleet, code, said)
    writes.check()
