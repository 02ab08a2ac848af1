"""A command in a process of its own, without the second that importing it takes: it is forked from
one that has imported everything (tests/preloading.py).

It has its own id and can be killed at any moment; it has the ways of `subprocess.Popen`. Not for a
test of the start itself, or of streams that are closed.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Thread
from typing import IO, Any

from tests.preloaded_command import ask
from tests.waiting import PATIENCE_S

_ROOT = Path(__file__).parents[1]


class Started:
    """An interpreter with these arguments, in this process's folder and environment, that reads
    nothing. What it says on both streams goes to a file, or can be read from `stdout`."""

    def __init__(self, arguments: Sequence[str], *, out: IO[str] | IO[bytes] | None = None) -> None:
        self._arguments = arguments
        self._ends, telling = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.returncode: int | Any = None  # as in Popen: an int once it was waited for
        self.stdout: IO[str] | None = None
        with telling, open(os.devnull, "rb") as nothing:
            if out is not None:
                _ask(arguments, (nothing.fileno(), out.fileno(), out.fileno(), telling.fileno()))
            else:
                read, write = os.pipe()
                self.stdout = os.fdopen(read, encoding="utf-8")
                _ask(arguments, (nothing.fileno(), write, write, telling.fileno()))
                os.close(write)
        self._ends.settimeout(PATIENCE_S)
        self.pid = self._told()

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._ends.settimeout(timeout)
            try:
                self.returncode = self._told()
            except (BlockingIOError, TimeoutError):
                raise subprocess.TimeoutExpired([*self._arguments], timeout or 0) from None
            self._ends.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """What it has said on both streams; it has ended."""
        if self.stdout is None:
            self.wait(timeout)
            return "", None
        said: list[str] = []
        stdout = self.stdout
        reading = Thread(target=lambda: said.append(stdout.read()), daemon=True)
        reading.start()
        reading.join(timeout)
        if reading.is_alive():
            raise subprocess.TimeoutExpired([*self._arguments], timeout or 0)
        stdout.close()
        self.wait(timeout)
        return said[0], None

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _told(self) -> int:
        told = self._ends.recv(32)
        assert told, "who waits for it has died"
        return int(told)


def for_a_shell() -> tuple[list[str], int]:
    """What a shell types in front of the arguments of an interpreter, and the file that it has to
    be given."""
    place = _preloading().fileno()
    command = str(_ROOT / "tests" / "preloaded_command.py")
    return [sys.executable, "-I", "-S", command, str(place)], place


def _ask(arguments: Sequence[str], files: Sequence[int]) -> None:
    ask(_preloading(), arguments, files)


@cache
def _preloading() -> socket.socket:
    """It ends with this process."""
    asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.preloading", str(asked.fileno())]
    with asked:
        process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.DEVNULL, pass_fds=[asked.fileno()]
        )

    def end() -> None:
        asking.close()
        process.wait(PATIENCE_S)

    atexit.register(end)
    return asking
