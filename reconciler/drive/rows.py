"""From the ledger's rows to the rows that reports show; the same for a run and for `status`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby

from reconciler.errors import Problem
from reconciler.ledger.finalizers import ItsShards
from reconciler.ledger.model import Soaking, StoredFinalizer, StoredOperation
from reconciler.ledger.reasons import Wait
from reconciler.ledger.states import SETTLED, OperationState
from reconciler.ledger.swaps import Swapped
from reconciler.model.object_id import ObjectId
from reconciler.outcomes.apply import FinalizerRow, OperationRow, ShardRow, WaveRow
from reconciler.plan.model import Moment
from reconciler.rollout.projection import shard_state

_RUNNING = frozenset(
    {
        OperationState.RUNNING,
        OperationState.WAITING_FOR_CUTOVER,
        OperationState.FAILED_RETRYABLE,
    }
)


def shard_rows(
    operations: Iterable[StoredOperation],
    swapped: Mapping[str, Mapping[ObjectId, Swapped]] | None = None,
) -> tuple[ShardRow, ...]:
    """One row per shard, in rollout order. `swapped` is what a run knows of its own swaps."""
    ordered = sorted(operations, key=lambda row: row.position)
    grouped = (tuple(rows) for _, rows in groupby(ordered, key=lambda row: row.shard))
    known = swapped or {}
    return tuple(_shard_row(rows, known.get(rows[0].shard, {})) for rows in grouped)


def wave_rows(
    waves: tuple[tuple[str, ...], ...],
    shards: Iterable[ShardRow],
    soaking: Soaking | None = None,
) -> tuple[WaveRow, ...]:
    states = {row.shard: row.state for row in shards}
    return tuple(
        WaveRow(
            number=number,
            shards=wave,
            completed=counts[OperationState.COMPLETED],
            failed=counts[OperationState.FAILED],
            running=sum(counts[state] for state in _RUNNING),
            unknown=counts[OperationState.UNKNOWN],
            stopped=counts[OperationState.STOPPED],
            cancelled=counts[OperationState.CANCELLED],
            soak_until_s=soaking.until_s if soaking and soaking.wave == number else None,
        )
        for number, wave in enumerate(waves, start=1)
        if wave
        for counts in [Counter(states[shard] for shard in wave)]
    )


def finalizer_rows(
    finalizers: Iterable[StoredFinalizer], shards: Iterable[OperationState]
) -> tuple[FinalizerRow, ...]:
    """`shards` are the states of all shards with work: the last step waits for them."""
    left = sum(state is not OperationState.COMPLETED for state in shards)
    return tuple(
        FinalizerRow(
            moment=row.moment,
            state=row.state,
            attempts=row.attempts,
            started_s=row.started_s,
            settled_s=row.settled_s,
            waits_for=_waits_for(row, left),
            problem=row.problem,
        )
        for row in finalizers
    )


def _waits_for(row: StoredFinalizer, left: int) -> Wait | None:
    is_waiting = row.moment is Moment.LAST and row.state not in SETTLED
    return ItsShards(left) if is_waiting and left else None


def finalizer_failure(finalizers: Iterable[StoredFinalizer]) -> Problem | None:
    """FZ-5: it is on top, whatever became of the shards. A first step that failed let none begin,
    and a last one found them all done."""
    return next(
        (row.problem for row in finalizers if row.state is OperationState.FAILED and row.problem),
        None,
    )


def first_failure(operations: Iterable[StoredOperation]) -> Problem | None:
    """The failure that comes first in rollout order, whichever ended last (ST-5)."""
    ordered = sorted(operations, key=lambda row: row.position)
    return next(
        (row.problem for row in ordered if row.state is OperationState.FAILED and row.problem),
        None,
    )


def _shard_row(rows: tuple[StoredOperation, ...], swapped: Mapping[ObjectId, Swapped]) -> ShardRow:
    return ShardRow(
        shard=rows[0].shard,
        wave=rows[0].wave,
        state=shard_state(row.state for row in rows),
        operations=tuple(
            OperationRow(
                object_id=row.object_id,
                state=row.state,
                statements=row.statements,
                statements_done=row.statements_done,
                started_s=row.started_s,
                settled_s=row.settled_s,
                waits_for=row.waits_for,
                waits_since_s=row.waits_since_s if row.waits_for is not None else None,
                problem=row.problem,
                swapped=swapped.get(row.object_id),
            )
            for row in rows
        ),
    )
