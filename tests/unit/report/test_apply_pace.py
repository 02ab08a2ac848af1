"""What `status` tells of the time of a shard: as those that are done have shown, or nothing."""

from __future__ import annotations

import pytest

from reconciler.ledger.states import OperationState
from reconciler.model.object_id import table_id
from reconciler.outcomes.apply import OperationRow, ShardRow
from reconciler.report.apply_pace import pace_words


def shard(
    name: str,
    took_s: float | None = None,
    *,
    state: OperationState = OperationState.COMPLETED,
    table: str = "users",
    statements: int = 1,
) -> ShardRow:
    """`took_s` None: nobody saw it."""
    return ShardRow(
        shard=name,
        wave=1,
        state=state,
        operations=(
            OperationRow(
                object_id=table_id(table),
                state=state,
                statements=statements,
                statements_done=statements,
                started_s=None if took_s is None else 100.0,
                settled_s=None if took_s is None else 100.0 + took_s,
            ),
        ),
    )


def waiting(name: str, **of: object) -> ShardRow:
    return shard(name, state=OperationState.PENDING, **of)  # type: ignore[arg-type]


@pytest.mark.invariant("RP-28")
def test_what_is_left_is_told_as_what_is_done_took() -> None:
    done = [shard(f"d{number}", took) for number, took in enumerate((200.0, 210.0, 3000.0))]
    [said] = pace_words([*done, *map(waiting, ("a", "b"))])
    assert said == "2 shards are left, as the first 3 took: about 4 min each"


@pytest.mark.invariant("RP-28")
@pytest.mark.parametrize(
    "done",
    [
        [],
        [shard("found done")],
        [shard("other table", 9.0, table="orders")],
        [shard("more to do", 9.0, statements=2)],
        [shard("failed", 9.0, state=OperationState.FAILED)],
    ],
    ids=lambda rows: rows[0].shard if rows else "none",
)
def test_where_nothing_is_comparable_nothing_is_said(done: list[ShardRow]) -> None:
    assert pace_words([*done, waiting("a")]) == ()


@pytest.mark.invariant("RP-28")
def test_what_is_settled_is_not_left() -> None:
    ended = [
        shard("a", 9.0, state=state) for state in (OperationState.FAILED, OperationState.CANCELLED)
    ]
    assert pace_words([shard("b", 5.0), *ended]) == ()


@pytest.mark.invariant("RP-28")
def test_each_work_has_a_pace_of_its_own_and_few_are_told() -> None:
    tables = ("a", "b", "c", "d")
    done = [shard(f"done {table}", 5.0, table=table) for table in tables]
    left = [
        waiting(f"{table} {n}", table=table) for i, table in enumerate(tables) for n in range(i + 1)
    ]
    said = pace_words([*done, *left])
    assert len(said) == 3
    assert said[0] == "4 shards with d are left, as the first one took: about 5 s each"
