"""Copies of real engines that a lagging replica and a person hold up: for as long as they last."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.conftest import FreshDatabase
from tests.contract.engines.spirit import pids_of_spirit
from tests.integration.engines.held import ROWS, SHARD, HeldCopy, held_copy, of_engines
from tests.integration.replicas import kept_behind, replica_of
from tests.integration.rollouts import applying
from tests.waiting import PATIENCE_S, until

SPIRIT_ROWS = 150_000  # some seconds of copying: hundreds of moments
MOMENT_S = 0.01
HEARD_S = 3.0
CHECKPOINT_S = 51.0  # how often Spirit writes one, and a little
STANDS_S = 2.0  # an engine that nobody holds up copies its next rows within a fraction of this


def is_held_up_by(copy: HeldCopy, because: str) -> bool:
    return re.search(rf"slowed down by [^A-Z]*{because}", copy.said("status")) is not None


def check_stands_still(copy: HeldCopy) -> None:
    """It begins with one chunk at most, which was on its way when it was told."""
    until(lambda: copy.copied == copy.on_its_way, "what was on its way")
    time.sleep(STANDS_S)
    assert copy.copied == copy.on_its_way < ROWS


@pytest.mark.invariant("EN-8")
@pytest.mark.invariant("EN-61")
@of_engines(
    (EngineName.GH_OST, "mysql_server"),
    (EngineName.GH_OST, "mariadb_server"),
    (EngineName.PT_OSC, "mysql_server"),
    (EngineName.PT_OSC, "mariadb_server"),
)
def test_a_copy_stands_still_while_a_replica_lags_and_while_a_person_says_so(
    engine: EngineName,
    server: str,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    source: RunningServer = request.getfixturevalue(server)
    with replica_of(source) as replica:
        copy = held_copy(
            tmp_path / "shop",
            source,
            fresh_database,
            monkeypatch,
            engine=engine,
            rollout={"replica_lag_max": "5s"},
        )
        with copy.kept_from_copying() as let_go, applying(copy.fleet) as process:
            copy.until_begun()
            with kept_behind(replica):
                fresh_database(source)  # which the replica does not hear of for now
                until(lambda: is_held_up_by(copy, "replica lag is"), "the lag to be seen")
                copy.until_told()
                let_go()
                check_stands_still(copy)
                asked = copy.fleet.run("throttle")
                assert asked.code == 0, asked.said
            until(lambda: is_held_up_by(copy, "a person"), "the person to be heard")
            check_stands_still(copy)
            asked = copy.fleet.run("throttle", "--off")
            assert asked.code == 0, asked.said
            said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, said
        copy.check_whole("bigint")
        assert [*copy.fleet.definitions(SHARD)] == ["items"], "nothing is left beside the table"


@pytest.mark.invariant("EN-8")
@of_engines((EngineName.SPIRIT, "mysql_server"))
def test_spirit_stands_still_from_its_next_checkpoint_on_and_goes_on_from_there(
    engine: EngineName,
    server: str,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """It writes one every 50 s. Until then it is let run for moments only, so that its copy, which
    is one of seconds, is under way for as long."""
    source: RunningServer = request.getfixturevalue(server)
    with replica_of(source) as replica:
        copy = held_copy(
            *(tmp_path / "shop", source, fresh_database, monkeypatch),
            engine=engine,
            rollout={"replica_lag_max": "5s"},
            rows=SPIRIT_ROWS,
        )
        with applying(copy.fleet) as process:
            until(lambda: pids_of_spirit(source, copy.database), "Spirit to begin")
            (pid,) = pids_of_spirit(source, copy.database)
            os.kill(pid, signal.SIGSTOP)
            with kept_behind(replica):
                until(lambda: runs_for_a_moment(pid) and copy.copied, "the first rows of the copy")
                began_s = time.monotonic()
                until(lambda: is_held_up_by(copy, "replica lag is"), "the lag to be seen")
                until(lambda: "next checkpoint" in copy.said("status"), "Spirit to be told")
                time.sleep(max(0.0, began_s + CHECKPOINT_S - time.monotonic()))
                # What it began in a moment is done by the server, and heard of by the apply.
                until(lambda: not runs_for_a_moment(pid), "it to be held up", pause_s=HEARD_S)
                before = copy.copied
                time.sleep(STANDS_S)
                assert 0 < before == copy.copied < copy.rows
                assert is_held_up_by(copy, "replica lag is")
            said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, said
        copy.check_whole("bigint")
        assert [*copy.fleet.definitions(SHARD)] == ["items"], "nothing is left beside the table"


def runs_for_a_moment(process_id: int) -> bool:
    """False once it has ended."""
    try:
        os.kill(process_id, signal.SIGCONT)
        time.sleep(MOMENT_S)
        os.kill(process_id, signal.SIGSTOP)
    except ProcessLookupError:
        return False
    return True
