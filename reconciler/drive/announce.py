"""What the rollout itself tells those who watch while it goes on; its shards tell the rest."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.drive.record import ApplyRecord
from reconciler.ledger.model import StoredFinalizer
from reconciler.ledger.reasons import Reason
from reconciler.ledger.states import SETTLED, OperationState
from reconciler.outcomes.apply import ShardRow
from reconciler.outcomes.progress import (
    FinalizerEnded,
    FinalizerStarted,
    ProgressEvent,
    RolloutStarted,
    RolloutWaits,
    ShardEnded,
    ShardStarted,
    ShardTakenUp,
)
from reconciler.plan.model import Moment
from reconciler.ports.clock import Clock


class Announcer:
    def __init__(
        self, on_progress: Callable[[ProgressEvent], None], clock: Clock, keyspace: str
    ) -> None:
        self._tell = on_progress
        self._clock = clock
        self._keyspace = keyspace

    def started(self, record: ApplyRecord, statements: int) -> None:
        states = record.states.items()
        begun = [row.started_s is not None for row in record.operations()]
        self._tell(
            RolloutStarted(
                at_s=self._clock.now_s(),
                keyspace=self._keyspace,
                apply_id=record.stored.apply_id,
                waves=record.stored.waves,
                statements=statements,
                done=tuple(shard for shard, at in states if at is OperationState.COMPLETED),
                finalizers=tuple(
                    row.moment for row in record.finalizers if row.state not in SETTLED
                ),
                goes_on=any(begun) or any(row.attempts for row in record.finalizers),
            )
        )

    def shard_started(self, shard: str, wave: int) -> None:
        now_s = self._clock.now_s()
        self._tell(ShardStarted(at_s=now_s, keyspace=self._keyspace, shard=shard, wave=wave))

    def shard_ended(self, row: ShardRow) -> None:
        """Or only the look at it: what still runs there is taken up next."""
        now_s = self._clock.now_s()
        if row.state is OperationState.RUNNING:
            self._tell(ShardTakenUp(at_s=now_s, keyspace=self._keyspace, shard=row.shard))
            return
        self._tell(
            ShardEnded(
                at_s=now_s,
                keyspace=self._keyspace,
                shard=row.shard,
                wave=row.wave,
                state=row.state,
                problem=row.problem,
            )
        )

    def finalizer_started(self, moment: Moment) -> None:
        now_s = self._clock.now_s()
        self._tell(FinalizerStarted(at_s=now_s, keyspace=self._keyspace, moment=moment))

    def finalizer_ended(self, row: StoredFinalizer) -> None:
        self._tell(
            FinalizerEnded(
                at_s=self._clock.now_s(),
                keyspace=self._keyspace,
                moment=row.moment,
                state=row.state,
                problem=row.problem,
            )
        )

    def waits(self, reason: Reason, until_s: float | None = None) -> None:
        now_s = self._clock.now_s()
        self._tell(
            RolloutWaits(at_s=now_s, keyspace=self._keyspace, reason=reason, until_s=until_s)
        )
