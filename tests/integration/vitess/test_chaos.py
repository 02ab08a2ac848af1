"""Four of the sixty runs of `make chaos-vitess`: each kind of process killed, in the phases that
have lost or doubled something before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.vitess

ROOT = Path(__file__).parents[3]


@pytest.mark.invariant("VT-33")
@pytest.mark.invariant("FZ-9")
@pytest.mark.invariant("EN-70")
@pytest.mark.parametrize("seeds", ["6,25", "13,41"])
def test_whatever_is_killed_each_step_takes_effect_once_and_no_row_is_lost(seeds: str) -> None:
    """In a process of its own, because it forks: nothing else may be going on there."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.integration.chaos.vitess", seeds],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
