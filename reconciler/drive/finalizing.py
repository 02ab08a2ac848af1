"""The driver's side of the steps of a whole keyspace: which is under way, and which this run tries
no more.

Each is worked on beside the driver, which goes on to listen and to show signs of life: Vitess may
take a minute to answer.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Final

from reconciler.drive.finalizer.problems import vschema_crashed
from reconciler.drive.finalizer.run import run_finalizer
from reconciler.drive.finalizer.settle import settle_finalizer
from reconciler.drive.finalizer.task import FinalizerResult, FinalizerTask
from reconciler.drive.open import RolloutOrder
from reconciler.drive.record import ApplyRecord
from reconciler.drive.shard.task import RolloutWorld, StopSignal
from reconciler.ledger.model import Lease
from reconciler.ledger.states import OperationState
from reconciler.plan.model import Moment
from reconciler.ports.clock import WorkEnded
from reconciler.ports.shards import HeldLocks
from reconciler.rollout.snapshot import FinalizerSnapshot

FINALIZER: Final = "(vschema)"  # among the names of shards at work; no shard can have it


class Finalizing:
    def __init__(
        self,
        world: RolloutWorld,
        order: RolloutOrder,
        lease: Lease,
        record: ApplyRecord,
        locks: HeldLocks,
        stop: StopSignal,
    ) -> None:
        self._world = world
        self._order = order
        self._lease = lease
        self._record = record
        self._locks = locks
        self._stop = stop
        self._settles: Counter[Moment] = Counter()
        self._in_vain: set[Moment] = set()
        self._is_settling = False
        self.in_flight: Moment | None = None

    def snapshot(self) -> FinalizerSnapshot:
        return FinalizerSnapshot(
            states={row.moment: row.state for row in self._record.finalizers},
            in_flight=self.in_flight,
            in_vain=frozenset(self._in_vain),
        )

    def start(self, moment: Moment) -> None:
        self.in_flight, self._is_settling = moment, False
        task = self._task(moment)
        work = partial(run_finalizer, self._world, task, self._lease, self._locks, self._stop)
        self._world.workers.start(FINALIZER, work)

    def settle(self, moment: Moment) -> None:
        self.in_flight, self._is_settling = moment, True
        self._settles[moment] += 1
        work = partial(
            settle_finalizer,
            self._world,
            self._task(moment),
            self._lease,
            self._stop,
            times=self._settles[moment],
        )
        self._world.workers.start(FINALIZER, work)

    def ended(self, ended: WorkEnded) -> FinalizerResult | None:
        """What came of it, taken into the record; None for a fault, which is contained. Raises what
        the ledger raises."""
        moment, self.in_flight = self.in_flight, None
        assert moment is not None, "only what was started ends"
        if not isinstance(ended.value, FinalizerResult):
            fault = ended.error or TypeError("no result")
            self._record.contain_finalizer(self._lease, moment, vschema_crashed(moment, fault))
            return None
        row = ended.value.row
        self._record.take_finalizer(row)
        is_lost = row.state is OperationState.UNKNOWN and self._is_settling
        if is_lost or row.state is OperationState.FAILED_RETRYABLE:
            self._in_vain.add(moment)
        return ended.value

    def _task(self, moment: Moment) -> FinalizerTask:
        core, environment = self._order.plan.core, self._order.environment
        step, vschemas = core.vschema_step(moment), self._world.vschemas
        assert step is not None, "a finalizer is of the plan"
        assert vschemas is not None, "the plan is of a keyspace in Vitess"
        assert environment.vitess is not None, "the plan is of a keyspace in Vitess"
        return FinalizerTask(
            step=step,
            row=self._record.finalizer(moment),
            vschemas=vschemas,
            cluster=environment.vitess,
            keyspace=core.keyspace,
            shards=tuple(shard.name for shard in environment.shards),
            rollout=environment.rollout,
        )
