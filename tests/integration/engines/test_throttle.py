"""Copies of real engines on servers with load, with replicas that lag, and with a person who says
wait: each holds them up, and they go on by themselves once it has gone."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.conftest import FreshDatabase
from tests.contract.engines.gh_ost import show_waiting_locks
from tests.fleet import Fleet
from tests.integration.engines.test_job import choose, planned
from tests.integration.replicas import keep_behind, replica_of
from tests.integration.rollouts import applying
from tests.waiting import PATIENCE_S, comes_true, until

ITEMS = """CREATE TABLE items (
  id bigint NOT NULL,
  a int DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""
# Each row of the copy takes some milliseconds: it goes on for as long as a test needs.
BEFORE = "  a int DEFAULT NULL,\n"
SLOW = BEFORE + "  b bigint GENERATED ALWAYS AS (crc32(repeat(id,{}))) STORED,\n"
ROWS = 5_000
THREADS_MAX = 8
Place = tuple[Fleet, RunningServer]


def engines(*names: tuple[EngineName, str]) -> list[ParameterSet]:
    return [
        pytest.param((name, server), marks=pytest.mark.engine(name), id=f"{name}-{server}")
        for name, server in names
    ]


@pytest.fixture
def place(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Fleet, RunningServer]]:
    """A fleet of one shard with a replica, and a plan that takes its time."""
    engine, name = request.param
    server: RunningServer = request.getfixturevalue(name)
    show_waiting_locks(server)
    with replica_of(server) as replica:
        fleet = Fleet(tmp_path / "shop", [server], fresh_database, monkeypatch)
        fleet.found(1, {"items": ITEMS})
        values = ", ".join(f"({10**6 + number}, {number})" for number in range(ROWS))
        fleet.sql("-", f"INSERT INTO items VALUES {values}")
        # By its first checkpoint it is far behind; a busy replica is by some seconds, at any time.
        lag_max = "30s" if engine is EngineName.SPIRIT else "3s"
        fleet.environment["rollout"] = {
            "replica_lag_max": lag_max,
            "threads_running_max": THREADS_MAX,
        }
        choose(fleet, {"rebuild": {"use": engine.value}})
        repeated = 1_500_000 if engine is not EngineName.SPIRIT else 2_000_000
        fleet.edit("schemas/shop/items.sql", BEFORE, SLOW.format(repeated))
        planned(fleet)
        yield fleet, replica


@contextmanager
def busy(fleet: Fleet) -> Iterator[None]:
    """More threads are running than the spec allows."""
    count = THREADS_MAX + 1
    with ExitStack() as opened, ThreadPoolExecutor(count) as pool:
        cursors = [opened.enter_context(fleet.connected("-")) for _ in range(count)]
        numbers = []
        for cursor in cursors:
            cursor.execute("SELECT CONNECTION_ID()")
            numbers += [int(row[0]) for row in cursor.fetchall()]
            pool.submit(cursor.execute, "SELECT SLEEP(600)")
        try:
            yield
        finally:
            for number in numbers:
                fleet.sql("-", f"KILL QUERY {number}")


@contextmanager
def behind(replica: RunningServer) -> Iterator[None]:
    keep_behind(replica, 600)
    try:
        yield
    finally:
        keep_behind(replica, 0)


@contextmanager
def held_by_a_person(fleet: Fleet) -> Iterator[None]:
    asked = fleet.run("throttle")
    assert asked.code == 0, asked.said
    yield
    over = fleet.run("throttle", "--off")
    assert over.code == 0, over.said


def told(fleet: Fleet) -> str:
    """What `status` says, without the ends of its lines."""
    return " ".join(fleet.run("status").out.split())


def is_slowed_by(fleet: Fleet, because: str) -> bool:
    return re.search(rf"slowed down by [^A-Z]*{because}", told(fleet)) is not None


def copied(fleet: Fleet) -> int:
    """The rows of the copy, before there is one: none."""
    names = [name for name in fleet.definitions("-") if name in ("_items_gho", "_items_new")]
    return int(fleet.sql("-", f"SELECT COUNT(*) FROM {names[0]}")[0][0]) if names else 0


def stands_still(fleet: Fleet) -> bool:
    """A chunk that was begun is copied to its end."""
    before = copied(fleet)
    time.sleep(6)
    return copied(fleet) == before


def check_held_up(fleet: Fleet, cause: AbstractContextManager[None], because: str) -> None:
    with cause:
        assert comes_true(lambda: is_slowed_by(fleet, because), pause_s=0.3), told(fleet)
        until(lambda: stands_still(fleet), "it to copy nothing")
        assert 0 < copied(fleet) < ROWS
        assert stands_still(fleet)
        assert is_slowed_by(fleet, because)
    before = copied(fleet)
    until(lambda: copied(fleet) > before, "it to go on", pause_s=0.3)


def check_comes_to_its_end(fleet: Fleet, process: subprocess.Popen[str]) -> None:
    said, _ = process.communicate(timeout=3 * PATIENCE_S)
    assert process.returncode == 0, said
    assert fleet.sql("-", "SELECT COUNT(*), SUM(a) FROM items") == ((ROWS, sum(range(ROWS))),)
    assert "`b` bigint" in fleet.definitions("-")["items"]
    assert fleet.run("drift").code == 0


@pytest.mark.invariant("EN-8")
@pytest.mark.invariant("EN-61")
@pytest.mark.parametrize(
    "place",
    engines(
        (EngineName.GH_OST, "mysql_server"),
        (EngineName.PT_OSC, "mysql_server"),
        (EngineName.PT_OSC, "mariadb_server"),
    ),
    indirect=True,
)
def test_lag_load_and_a_person_hold_a_copy_up_each_for_as_long_as_it_lasts(place: Place) -> None:
    fleet, replica = place
    with applying(fleet) as process:
        until(lambda: copied(fleet) > 0, "the first rows of the copy", pause_s=0.1)
        check_held_up(fleet, behind(replica), "replica lag is")
        check_held_up(fleet, busy(fleet), "threads are running, limit is 8")
        check_held_up(fleet, held_by_a_person(fleet), "a person")
        check_comes_to_its_end(fleet, process)


@pytest.mark.invariant("EN-8")
@pytest.mark.invariant("EN-61")
@pytest.mark.parametrize(
    "place",
    engines((EngineName.SPIRIT, "mysql_server"), (EngineName.GH_OST, "mariadb_server")),
    indirect=True,
)
def test_a_copy_is_held_up_while_a_replica_lags_and_goes_on_from_there(place: Place) -> None:
    """Spirit at its next checkpoint: it writes one every 50 s, and is ended by nothing else."""
    fleet, replica = place
    with applying(fleet) as process:
        until(lambda: copied(fleet) > 0, "the first rows of the copy", pause_s=0.1)
        check_held_up(fleet, behind(replica), "replica lag is")
        check_comes_to_its_end(fleet, process)
