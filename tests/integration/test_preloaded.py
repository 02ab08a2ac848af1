"""A process that is forked from one that has imported everything is one of its own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from reconciler import __version__
from tests.preloaded import Started
from tests.waiting import PATIENCE_S, until

LOOKS = """
import os, sys
print(os.getpid(), os.environ["HERE"], os.getcwd(), sys.argv, sorted(os.listdir("/proc/self/fd")))
sys.exit(5)
"""
WAITS = """
import sys, time
print("waits", flush=True)
try:
    time.sleep(600)
except KeyboardInterrupt:
    sys.exit(6)
"""


def test_it_is_what_an_interpreter_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERE", "now")
    monkeypatch.chdir(tmp_path)
    process = Started(["-c", LOOKS, "told"])
    said, _ = process.communicate(PATIENCE_S)
    # Its three streams, and the folder that it lists.
    files = ["0", "1", "2", "3"]
    assert said == f"{process.pid} now {tmp_path} ['-c', 'told'] {files}\n"
    assert process.returncode == 5
    assert process.pid != os.getpid()


def test_it_runs_a_command_and_says_so_in_a_file(tmp_path: Path) -> None:
    with (tmp_path / "said").open("w") as out:
        process = Started(["-m", "reconciler", "--version"], out=out)
    assert process.wait(PATIENCE_S) == 0
    assert (tmp_path / "said").read_text() == f"reconciler, version {__version__}\n"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 6), (signal.SIGHUP, -1)]
)
def test_a_signal_ends_it_as_it_ends_any(number: signal.Signals, code: int) -> None:
    process, other = Started(["-c", WAITS]), Started(["-c", WAITS])
    assert process.stdout is not None
    assert other.stdout is not None
    with process.stdout, other.stdout:
        assert process.stdout.readline() == other.stdout.readline() == "waits\n"
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == process.poll() == code
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)
        assert other.poll() is None
        other.kill()
        until(lambda: other.poll() == -signal.SIGKILL, "the other one's end")


def test_what_an_interpreter_reads_when_it_starts_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Started(["-c", "pass"]).communicate(PATIENCE_S)  # what imports everything runs from here on
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    said, _ = Started(["-c", "pass"]).communicate(PATIENCE_S)
    assert "PYTHONHASHSEED is read at the start" in said
