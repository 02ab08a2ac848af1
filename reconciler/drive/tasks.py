"""What each shard's work is given: its statements, its rows, and what earlier runs recorded.

What the ledger has of statements is read once for all shards, and again when a look has settled
some. Every method that reads raises what the ledger raises.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.drive.open import RolloutOrder
from reconciler.drive.record import ApplyRecord
from reconciler.drive.shard.task import ShardTask
from reconciler.ledger.model import Lease, StoredStatement
from reconciler.ledger.shadows import copies_left
from reconciler.model.engine import Handle
from reconciler.model.object_id import ObjectId
from reconciler.ports.ledger import Ledger
from reconciler.rollout.operations import ShardWork


class ShardTasks:
    def __init__(
        self,
        ledger: Ledger,
        order: RolloutOrder,
        work: Mapping[str, ShardWork],
        lease: Lease,
        record: ApplyRecord,
    ) -> None:
        self._ledger = ledger
        self._order = order
        self._work = work
        self._lease = lease
        self._record = record
        self._specs = {shard.name: shard for shard in order.environment.shards}
        self._recorded: tuple[StoredStatement, ...] | None = None
        self._copies_left: dict[tuple[str, ObjectId], Handle] = {}

    def read_once(self) -> None:
        """Of earlier runs; what this one intends, its shards know."""
        if self._recorded is None:
            self.read()

    def read(self) -> None:
        core = self._order.plan.core
        if self._recorded is None:
            found = self._ledger.engine_statements(core.environment, core.keyspace, names=())
            self._copies_left = copies_left(found)
        self._recorded = self._ledger.statements(self._lease.apply_id)

    def forget(self) -> None:
        self._recorded = None

    def of(self, shard: str) -> ShardTask:
        return ShardTask(
            spec=self._specs[shard],
            work=self._work[shard],
            rows=self._record.rows_of(shard),
            recorded=tuple(row for row in self._recorded or () if row.shard == shard),
            copies_left={
                object_id: handle
                for (of_shard, object_id), handle in self._copies_left.items()
                if of_shard == shard
            },
            basis=self._order.basis[shard],
            tables=self._order.plan.core.managed_tables,
            programs=self._order.plan.core.managed_programs,
            rollout=self._order.environment.rollout,
            apply_id=self._lease.apply_id,
            keep_old_s=self._order.environment.engine.keep_old_s,
            plan_id=self._order.plan.plan_id,
            database=self._order.environment.planetscale,
        )
