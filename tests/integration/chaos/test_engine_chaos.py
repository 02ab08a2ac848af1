"""60 rollouts by engines that copy, with somebody writing all the while: driver, engine, server
and connections are killed in the copy, at the swap, and before what was made is cleared away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.model.engine import EngineName

ROOT = Path(__file__).parents[3]
RUNS_EACH = 10


@pytest.mark.invariant("EN-2")
@pytest.mark.parametrize("first", range(0, 2 * RUNS_EACH, RUNS_EACH))
@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(name, marks=pytest.mark.engine(name))
        for name in (EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC)
    ],
)
def test_whatever_happens_no_row_is_lost_and_the_table_is_swapped_once(
    engine: EngineName, first: int
) -> None:
    """In a process of its own, because it forks: nothing else may be going on there."""
    command = [sys.executable, "-m", "tests.integration.chaos", str(first)]
    ended = subprocess.run(
        [*command, str(first + RUNS_EACH - 1), engine],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
