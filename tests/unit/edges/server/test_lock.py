"""Who is told to end when a server's folder is to go."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.edges.kept import keep
from reconciler.edges.server.lock import LOCK_NAME, end_and_remove, held_lock
from reconciler.errors import Unavailable

SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEPS) as process:
        yield process
        process.kill()


@pytest.mark.invariant("SV-6")
def test_a_process_that_has_the_keepers_number_and_not_its_lock_is_told_nothing(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    """The keeper is outside of the container in which this runs, and /tmp is the same."""
    with held_lock(tmp_path) as descriptor:
        os.write(descriptor, f"{stranger.pid}\n".encode())
        with pytest.raises(Unavailable):
            end_and_remove(tmp_path, within_s=0.2)
        assert stranger.poll() is None
    assert (tmp_path / LOCK_NAME).exists()


@pytest.mark.invariant("SV-6")
def test_the_keeper_that_has_the_lock_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    with held_lock(folder) as descriptor:
        kept = keep(
            SLEEPS,
            log=folder / "log",
            pid_file=folder / "pid",
            remove=[folder],
            inherit=(descriptor,),
        )
        os.write(descriptor, f"{kept.keeper_pid}\n".encode())
    kept.detach()
    end_and_remove(folder)
    assert not folder.exists()
