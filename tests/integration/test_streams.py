"""An apply whose terminal goes away, whose log is full, or that was started without either."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import IO

import pytest

from tests.fleet import Fleet
from tests.integration.rollouts import LOCK_WAIT, ages, applying, planned, reading, waits
from tests.waiting import PATIENCE_S, until


def apply_into(fleet: Fleet, stdout: IO[str] | int, stderr: IO[str] | int) -> int:
    command = [sys.executable, "-m", "reconciler", "apply", "-C", str(fleet.root)]
    return subprocess.run(
        command, stdout=stdout, stderr=stderr, env=dict(os.environ), check=False
    ).returncode


def test_a_log_that_takes_no_more_does_not_stop_an_apply(fleet: Fleet) -> None:
    planned(fleet)
    with open("/dev/full", "w") as full:
        assert apply_into(fleet, subprocess.DEVNULL, full) == 0
    assert ages(fleet) == list(fleet.databases)


def test_a_result_that_could_not_be_written_is_no_success(fleet: Fleet) -> None:
    planned(fleet)
    with open("/dev/full", "w") as full:
        assert apply_into(fleet, full, subprocess.DEVNULL) == 1
    assert ages(fleet) == list(fleet.databases)
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "reconciler", "status", "-C", str(fleet.root)]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert "[output-not-written]" in ended.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "2>&1 | true"])
def test_a_process_without_streams_applies_all_the_same(fleet: Fleet, closed: str) -> None:
    planned(fleet)
    line = f'"{sys.executable}" -m reconciler apply -C "{fleet.root}" {closed}'
    subprocess.run(["sh", "-c", line], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert ages(fleet) == list(fleet.databases)


def test_a_terminal_that_hangs_up_lets_the_running_statement_end(fleet: Fleet) -> None:
    planned(fleet, lock_wait=LOCK_WAIT)
    with reading(fleet, "-40") as reader, applying(fleet) as process:
        until(lambda: waits(fleet, "-40"), "the statement")
        process.send_signal(signal.SIGHUP)
        reader.execute("COMMIT")
        assert process.wait(timeout=PATIENCE_S) == 4
    assert ages(fleet) == ["-40"]
    assert fleet.run("resume").code == 0
    assert ages(fleet) == list(fleet.databases)
