"""What the log of a controller says of an errand that has ended."""

from __future__ import annotations

import pytest

from reconciler.controller.model import Place, Task, TaskKind
from reconciler.outcomes.controller import TaskEnded
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark
from reconciler.report.controller_words import controller_line

LOOKED = Task(kind=TaskKind.DRIFT, place=Place("production", "shop"))


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (ShardMark.MATCHING, "in sync, 1 of 1 shard matches git"),
        (ShardMark.DRIFTED, "1 of 1 shard drifted"),
        (ShardMark.PENDING_APPLY, "1 of 1 shard pending-apply"),
        (ShardMark.UNREACHABLE, "1 of 1 shard unreachable"),
    ],
)
def test_what_was_seen_is_told_as_drift_tells_it(mark: ShardMark, said: str) -> None:
    """A shard that nobody reached, and one that a merged plan is on its way to, do not `differ`."""
    outcome = DriftOutcome(
        environment="production",
        keyspace="shop",
        groups=(DriftGroup(mark=mark, shards=("-80",)),),
    )
    line = controller_line(TaskEnded(task=LOOKED, outcome=outcome))
    assert line == f"shop in production: look for drift: {said}"
