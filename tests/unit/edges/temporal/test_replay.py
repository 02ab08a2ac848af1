"""Rollouts that an earlier version began can be gone on with: their histories come out again.

One of another shape is kept by `KEEP_HISTORIES=FOLDER make test-temporal`; none is written again.
"""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from reconciler.edges.temporal import patches
from reconciler.edges.temporal.workflow import RolloutWorkflow
from tests.tidy.source import ROOT

_PACKED = re.compile(r'(?<="data": ")[A-Za-z0-9+/=]+')
HISTORIES = sorted((ROOT / "tests" / "cases" / "histories").glob("*.json"))


def replay(text: str) -> None:
    history = WorkflowHistory.from_json("production/shop", text)
    asyncio.run(Replayer(workflows=[RolloutWorkflow]).replay_workflow(history))


def clear(text: str) -> str:
    """What Temporal keeps in base64 stands there in clear."""
    return _PACKED.sub(lambda data: base64.b64decode(data[0]).decode(), text)


@pytest.mark.invariant("TM-1")
@pytest.mark.parametrize("path", HISTORIES, ids=[path.stem for path in HISTORIES])
def test_a_stored_history_comes_out_again(path: Path) -> None:
    replay(path.read_text())


@pytest.mark.invariant("TM-1")
def test_each_change_of_what_is_ordered_has_a_history_with_it_and_one_without() -> None:
    told = [clear(path.read_text()) for path in HISTORIES]
    names = [value for name, value in vars(patches).items() if name.isupper()]
    assert names
    for name in names:
        assert {name in text for text in told} == {True, False}, name


@pytest.mark.invariant("TM-1")
def test_one_that_comes_out_otherwise_is_noticed() -> None:
    (path,) = (path for path in HISTORIES if path.stem == "completed")
    other = re.sub(r'"activityId": "3/us"', '"activityId": "4/us"', path.read_text())
    with pytest.raises(NondeterminismError):
        replay(other)
