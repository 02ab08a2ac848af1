"""The record against the shards: brought forward, looked at again, or refused."""

from __future__ import annotations

import pytest

from reconciler.ledger.model import StoredOperation
from reconciler.ledger.states import OperationState as S
from reconciler.model.object_id import table_id
from reconciler.rollout.catch_up import (
    Agrees,
    BringForward,
    CatchUp,
    LookAgain,
    TakenBack,
    catch_up,
)
from reconciler.rollout.transitions import Move


def row(state: S, done: int) -> StoredOperation:
    return StoredOperation(
        shard="-40",
        object_id=table_id("users"),
        wave=1,
        position=0,
        statements=2,
        state=state,
        version=1,
        statements_done=done,
    )


@pytest.mark.invariant("ST-13")
@pytest.mark.parametrize(
    ("state", "recorded", "live", "expected"),
    [
        (S.PENDING, 0, 0, Agrees()),
        (S.PENDING, 0, 1, BringForward(None, 1)),
        (S.PENDING, 0, 2, BringForward(Move.FIND_DONE, 2)),
        (S.STOPPED, 1, 1, BringForward(Move.RESUME, 1)),
        (S.STOPPED, 1, 2, BringForward(Move.FIND_DONE, 2)),
        (S.FAILED_RETRYABLE, 1, 1, Agrees()),
        (S.RUNNING, 0, 0, LookAgain(Move.LOSE)),
        (S.RUNNING, 0, 2, LookAgain(Move.LOSE)),
        (S.UNKNOWN, 0, 2, LookAgain(None)),
        (S.COMPLETED, 2, 2, Agrees()),
        (S.COMPLETED, 2, 1, TakenBack()),
        (S.FAILED, 1, 1, Agrees()),
        (S.CANCELLED, 0, 0, Agrees()),
    ],
)
def test_what_becomes_of_a_record(state: S, recorded: int, live: int, expected: CatchUp) -> None:
    assert catch_up(row(state, recorded), live) == expected
