"""`make demo-vitess`: the whole story comes to its end, and nothing of it stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tidy.source import ROOT

pytestmark = pytest.mark.vitess

DEMO_S_MAX = 500
BOOT_S_MAX = 120
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


def started(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "demo" / "vitess.py"), "--folder", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


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
        said, _ = demo.communicate(timeout=DEMO_S_MAX)
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
        until = time.monotonic() + BOOT_S_MAX
        while not (folder / "fleet" / "sandbox.env").exists():
            assert time.monotonic() < until, "no cluster came up"
            time.sleep(0.1)
        assert processes_of(folder) != []
    finally:
        demo.send_signal(signal.SIGTERM)
    said, _ = demo.communicate(timeout=DEMO_S_MAX)
    assert demo.returncode == 1
    assert "demo: ended from outside" in said
    assert processes_of(folder) == []
