"""Rollouts that an earlier version began can be gone on with: their histories come out again.

One of another shape is kept by `KEEP_HISTORIES=FOLDER make test-temporal`; none is written again.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from reconciler.edges.temporal.workflow import RolloutWorkflow
from tests.tidy.source import ROOT

HISTORIES = sorted((ROOT / "tests" / "cases" / "histories").glob("*.json"))


def replay(text: str) -> None:
    history = WorkflowHistory.from_json("production/shop", text)
    asyncio.run(Replayer(workflows=[RolloutWorkflow]).replay_workflow(history))


@pytest.mark.invariant("TM-1")
@pytest.mark.parametrize("path", HISTORIES, ids=[path.stem for path in HISTORIES])
def test_a_stored_history_comes_out_again(path: Path) -> None:
    replay(path.read_text())


@pytest.mark.invariant("TM-1")
def test_one_that_comes_out_otherwise_is_noticed() -> None:
    (path,) = (path for path in HISTORIES if path.stem == "completed")
    other = re.sub(r'"activityId": "3/us"', '"activityId": "4/us"', path.read_text())
    with pytest.raises(NondeterminismError):
        replay(other)
