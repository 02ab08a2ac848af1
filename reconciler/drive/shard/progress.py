"""What one shard's work tells those who watch while it goes on."""

from __future__ import annotations

from reconciler.drive.shard.step import Again, Next, Step
from reconciler.errors import Problem
from reconciler.ledger.model import StoredStatement
from reconciler.ledger.reasons import Reason
from reconciler.ledger.swaps import Swapped
from reconciler.model.engine import NOTHING_TOLD, Progress
from reconciler.outcomes.progress import (
    RolloutWaits,
    StatementAdvanced,
    StatementEnded,
    StatementStarted,
    StatementStopped,
)
from reconciler.plan.model import PlannedStatement
from reconciler.ports.clock import Clock, WorkerPool
from reconciler.rollout.operations import ShardWork


class ShardProgress:
    def __init__(self, workers: WorkerPool, clock: Clock, work: ShardWork) -> None:
        self._workers = workers
        self._clock = clock
        self._shard = work.shard
        self._keyspace = work.operations[0].key.keyspace
        self._of = len(work.statements)
        self._swapped: Swapped | None = None

    def started(self, statement: PlannedStatement, index: int) -> None:
        self._workers.tell(
            StatementStarted(
                at_s=self._clock.now_s(),
                keyspace=self._keyspace,
                shard=self._shard,
                object_id=statement.object_id,
                sql=statement.sql,
                number=index + 1,
                of=self._of,
            )
        )

    def advanced(self, statement: PlannedStatement, index: int, progress: Progress) -> None:
        if progress == NOTHING_TOLD:
            return
        self._workers.tell(
            StatementAdvanced(
                at_s=self._clock.now_s(),
                keyspace=self._keyspace,
                shard=self._shard,
                object_id=statement.object_id,
                number=index + 1,
                of=self._of,
                progress=progress,
            )
        )

    def swapped(self, told: Swapped) -> None:
        """Of the statement that ends next."""
        self._swapped = told

    def ended(self, row: StoredStatement, step: Step, known: Problem | None) -> None:
        """Neither done nor with a problem: this run does no more for it. `known` is what went wrong
        with its object. Counted from its intent, which an earlier run may have recorded."""
        problem = step.problem if isinstance(step, Again) else known
        now_s = self._clock.now_s()
        told = StatementEnded(
            at_s=now_s,
            keyspace=self._keyspace,
            shard=self._shard,
            object_id=row.object_id,
            number=row.index + 1,
            of=self._of,
            elapsed_s=max(0.0, now_s - row.intended_s),
            problem=problem,
            swapped=self._swapped,
        )
        self._swapped = None
        is_ended = isinstance(step, Next) or problem is not None
        self._workers.tell(told if is_ended else _stopped(told))

    def waits(self, reason: Reason, until_s: float | None = None) -> None:
        self._workers.tell(
            RolloutWaits(
                at_s=self._clock.now_s(),
                keyspace=self._keyspace,
                reason=reason,
                shard=self._shard,
                until_s=until_s,
            )
        )


def _stopped(event: StatementEnded) -> StatementStopped:
    return StatementStopped(
        at_s=event.at_s,
        keyspace=event.keyspace,
        shard=event.shard,
        object_id=event.object_id,
        number=event.number,
        of=event.of,
        elapsed_s=event.elapsed_s,
    )
