"""`python -m tests.stops ARGUMENTS` in the place of `python -m pytest`: while tests run, one of the
processes that they have started is stopped for some seconds, and another one a moment later.

A busy machine does the same to them. A test that fails here asserts a moment, or is faster than
what it looks at: it has to wait, bounded, for what it asserts.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

STOPPED_S = 3.0
PAUSE_S_MAX = 4.0
BEGINS_S = 3.0  # what is collected is nobody's test yet


def main(arguments: Sequence[str]) -> int:
    chance, stops = Random(), 0
    with subprocess.Popen([sys.executable, "-m", "pytest", "-n", "0", *arguments]) as tests:
        time.sleep(BEGINS_S)
        while tests.poll() is None:
            time.sleep(chance.random() * PAUSE_S_MAX)
            if found := _below(tests.pid):
                stops += _stopped(chance.choice(found))
    sys.stdout.write(f"{stops} times a process was stopped for {STOPPED_S:.0f} s\n")
    return tests.returncode


def _stopped(process_id: int) -> bool:
    try:
        os.kill(process_id, signal.SIGSTOP)
    except ProcessLookupError:  # it has ended
        return False
    try:
        time.sleep(STOPPED_S)
    finally:
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGCONT)
    return True


def _below(process_id: int) -> list[int]:
    """What it, or a process of its own, has started, and has not ended."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            if state != "Z":
                parents[int(folder.name)] = int(parent)
    return sorted(one for one in parents if process_id in _above(one, parents))


def _above(process_id: int, parents: dict[int, int]) -> list[int]:
    above = []
    while process_id in parents:
        process_id = parents[process_id]
        above.append(process_id)
    return above


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
