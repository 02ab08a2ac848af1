"""Rollouts on MySQL and MariaDB, over a hundred where all are run, with ledgers in files and on
servers, each with its own troubles: processes, connections and servers killed, disks filled, locks
and ledgers lost. Nothing may run twice, nothing may be skipped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.series import share

ROOT = Path(__file__).parents[3]
RUNS_EACH = share(64)
PROGRAM_RUNS = 3


@pytest.mark.random
@pytest.mark.invariant("ST-9")
@pytest.mark.invariant("ST-10")
@pytest.mark.invariant("ST-13")
@pytest.mark.parametrize("first", range(0, 2 * RUNS_EACH, RUNS_EACH))
def test_whatever_happens_each_statement_takes_effect_once_on_each_shard(first: int) -> None:
    run_chaos(first, first + RUNS_EACH - 1)


@pytest.mark.invariant("PG-14")
@pytest.mark.invariant("PG-25")
def test_whatever_happens_programs_are_at_no_state_that_the_plan_does_not_have() -> None:
    run_chaos(0, PROGRAM_RUNS - 1, "programs")


def run_chaos(first: int, last: int, *of: str) -> None:
    """In a process of its own, because it forks: nothing else may be going on there."""
    command = [sys.executable, "-m", "tests.integration.chaos", str(first), str(last), *of]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
