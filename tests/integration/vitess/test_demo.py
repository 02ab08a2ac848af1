"""`make demo-vitess`: the whole story comes to its end, and nothing of it stays."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.stage import COMMAND_S_MAX
from tests.tidy.source import ROOT
from tests.waiting import until

pytestmark = pytest.mark.vitess

# The story takes two minutes, and over eight on a machine with a load of 25. One that hangs says
# nothing any more: the longest silence is that of a command, which the demo bounds itself.
SILENT_S_MAX = COMMAND_S_MAX + 60.0
IN_THIS_ORDER = (
    "keyspace storefront: 2 shards",
    "wrote schemas/storefront/vschema.json",
    "storefront in production: in sync, 2 of 2 shards and the VSchema match git",
    "VITESS COPY",
    "The VSchema changes when all shards are done",
    "≠ drifted        the VSchema",
    "≠ drifted        shard 80-",
    "refused for 2 reasons, no statement was sent",
    "[vschema-drift]",
    "[drift]",
    "$ kill -9",
    "VSchema not applied",
    "$ reconciler resume",
    "storefront/-80 ✓ completed",
    "storefront/80- ✓ completed",
    "storefront applies the VSchema",
    "storefront in production: completed on 2 shards and in the VSchema",
    "$ reconciler plan",
    "nothing to do",
    "in sync, 2 of 2 shards and the VSchema match git",
    "2 wishes were written and read",
    "What happened",
)


def started(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "demo" / "vitess.py"), "--folder", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def all_that_is_said(demo: subprocess.Popen[bytes]) -> str:
    """Up to its end."""
    assert demo.stdout is not None
    said = b""
    with demo.stdout as told:
        while select.select([told], [], [], SILENT_S_MAX)[0]:
            piece = os.read(told.fileno(), 1 << 16)
            if not piece:
                demo.wait(SILENT_S_MAX)
                return said.decode()
            said += piece
    raise AssertionError(f"it has been silent for {SILENT_S_MAX:.0f} s:\n{said.decode()}")


def processes_of(folder: Path) -> list[str]:
    """What runs in it, or was told of it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
            where = str((process / "cwd").readlink())
        except OSError:  # it has ended, or is somebody else's
            continue
        if str(folder) in command or where.startswith(str(folder)):
            found.append(command)
    return found


def test_the_demo_tells_the_whole_story_and_leaves_no_process(tmp_path: Path) -> None:
    folder = tmp_path / "play"
    demo = started(folder)
    try:
        said = all_that_is_said(demo)
    finally:
        demo.terminate()
    assert demo.returncode == 0, said
    place = -1
    for line in IN_THIS_ORDER:
        assert (place := said.find(line, place + 1)) >= 0, (
            f"{line!r} is not where it belongs:\n{said}"
        )
    assert processes_of(folder) == []


def test_a_demo_that_is_ended_from_outside_leaves_no_process(tmp_path: Path) -> None:
    folder = tmp_path / "play"
    demo = started(folder)
    try:
        until((folder / "fleet" / "sandbox.env").exists, "a cluster")
        assert processes_of(folder) != []
    finally:
        demo.send_signal(signal.SIGTERM)
    said = all_that_is_said(demo)
    assert demo.returncode == 1
    assert "demo: ended from outside" in said
    assert processes_of(folder) == []
