"""Four of the eighteen runs of `make chaos-reparents`: a replica becomes the primary while rows are
copied, while they are swapped, and behind the shards, planned and after the primary died."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.tidy.source import ROOT

pytestmark = pytest.mark.vitess


@pytest.mark.invariant("VT-36")
@pytest.mark.invariant("EN-73")
@pytest.mark.parametrize("runs", ["2,17", "5,12"])
def test_whichever_tablet_is_the_primary_each_step_takes_effect_once(runs: str) -> None:
    """In a process of its own, because it forks: nothing else may be going on there."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.integration.chaos.vitess_reparents", runs],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
