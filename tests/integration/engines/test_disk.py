"""A disk that fills while an engine copies, or while its copy waits to be swapped in: the copy ends
by itself, and the table is as it was."""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.conftest import FreshDatabase
from tests.integration.engines.held import SHARD, HeldCopy, held_copy, of_engines
from tests.integration.rollouts import applying
from tests.waiting import PATIENCE_S, until

# Others fill and empty the same disk meanwhile: more than that of it they leave alone.
OTHERS_BYTES = 1 << 29
OTHERS_PERCENT_MIN = 3


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Of all test processes: what one fills is missed by another that looks at the same disk."""
    with (Path(tempfile.gettempdir()) / "reconciler-tests-fill-the-disk").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def others_percent(server: RunningServer) -> int:
    disk = shutil.disk_usage(server.folder)
    return max(OTHERS_PERCENT_MIN, math.ceil(100 * OTHERS_BYTES / disk.total))


def disk_min(server: RunningServer) -> str:
    """A limit that the disk keeps, until `filled`."""
    return f"{int(free_percent(server)) - others_percent(server)}%"


def free_percent(server: RunningServer) -> float:
    disk = shutil.disk_usage(server.folder)
    return 100 * disk.free / disk.total


@contextmanager
def filled(server: RunningServer, limit: str) -> Iterator[None]:
    """To beyond the limit, by a file beside the server's own."""
    disk, file = shutil.disk_usage(server.folder), server.folder / "somebody's"
    percent = free_percent(server) - int(limit.removesuffix("%")) + others_percent(server)
    try:
        with file.open("wb") as opened:
            os.posix_fallocate(opened.fileno(), 0, int(disk.total * percent / 100))
        yield
    finally:
        file.unlink()


@pytest.mark.invariant("EN-8")
@of_engines((EngineName.GH_OST, "mysql_server"), (EngineName.PT_OSC, "mysql_server"))
def test_a_copy_ends_by_itself_when_the_disk_fills_and_comes_to_its_end_later(
    engine: EngineName,
    server: str,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """It is held up by a person, so that it neither ends otherwise nor needs the room itself."""
    place: RunningServer = request.getfixturevalue(server)
    limit = disk_min(place)
    copy = held_copy(
        *(tmp_path / "shop", place, fresh_database, monkeypatch),
        engine=engine,
        rollout={"disk_free_min": limit},
    )
    with copy.kept_from_copying() as let_go, applying(copy.fleet) as process:
        copy.until_begun()
        assert copy.fleet.run("throttle").code == 0
        until(lambda: "slowed down by a person" in copy.said("status"), "the person to be heard")
        copy.until_told()
        let_go()
        until(lambda: copy.copied == copy.on_its_way, "what was on its way")
        with filled(place, limit):
            said, _ = process.communicate(timeout=PATIENCE_S)
            check_ended_by_the_disk(copy, process.returncode, said, limit)
    assert copy.fleet.run("throttle", "--off").code == 0
    check_goes_on(copy)


@pytest.mark.invariant("EN-8")
@of_engines((EngineName.SPIRIT, "mysql_server"))
def test_a_copy_that_waits_to_be_swapped_in_ends_when_the_disk_fills(
    engine: EngineName,
    server: str,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    place: RunningServer = request.getfixturevalue(server)
    limit = disk_min(place)
    copy = held_copy(
        *(tmp_path / "shop", place, fresh_database, monkeypatch),
        engine=engine,
        rollout={"disk_free_min": limit, "cutover": {"gate": True}},
    )
    with applying(copy.fleet) as process:
        until(lambda: "waiting for cutover" in copy.said("status"), "the copy to be complete")
        with filled(place, limit):
            said, _ = process.communicate(timeout=PATIENCE_S)
            check_ended_by_the_disk(copy, process.returncode, said, limit)


def check_ended_by_the_disk(copy: HeldCopy, code: int | None, said: str, limit: str) -> None:
    assert code == 4, said
    assert "[disk-free]" in said
    assert f"of disk is free, limit is {limit.removesuffix('%')} %" in " ".join(said.split())
    copy.check_whole("int")
    beside = {*copy.fleet.definitions(SHARD)} - {"items"}
    drifted = copy.said("drift")
    assert all(name in drifted for name in beside), "what is left beside it is known"
    assert "foreign" not in drifted
    assert not copy.fleet.sql(SHARD, "SHOW TRIGGERS")


def check_goes_on(copy: HeldCopy) -> None:
    resumed = copy.fleet.run("resume")
    assert resumed.code == 0, resumed.said
    copy.check_whole("bigint")
    assert [*copy.fleet.definitions(SHARD)] == ["items"], "nothing is left beside the table"
