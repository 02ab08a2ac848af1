"""What a statement costs those who use the table while it runs."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import ClauseKind, Operation
from reconciler.model.policy import Hazard, HazardKind
from reconciler.plan.hazards.statement_context import StatementContext, worth_knowing
from reconciler.plan.model import Algorithm, Lock


def blocks_writes(context: StatementContext) -> Iterator[Hazard]:
    lock, table = context.execution.lock, context.step.table
    if lock is Lock.SHARED:
        reason = "writes to the table wait while it runs; reads go on"
        yield worth_knowing(HazardKind.BLOCKS_WRITES, table, reason)
    elif lock is Lock.EXCLUSIVE:
        reason = "reads and writes of the table wait while it runs"
        yield worth_knowing(HazardKind.BLOCKS_WRITES, table, reason)
    elif _lock_is_unsaid(context):
        reason = "the server lets nobody choose the lock: writes may wait while it runs"
        yield worth_knowing(HazardKind.BLOCKS_WRITES, table, reason)


def rebuilds(context: StatementContext) -> Iterator[Hazard]:
    execution = context.execution
    if execution.rebuilds:
        in_place = execution.algorithm in (Algorithm.INPLACE, Algorithm.NOCOPY)
        how = "rebuilt" if in_place else "copied row by row"
        reason = f"the table is {how}: time, disk space and replication lag grow with its size"
        yield worth_knowing(HazardKind.REBUILDS, context.step.table, reason)


def _lock_is_unsaid(context: StatementContext) -> bool:
    """MariaDB takes no LOCK clause on partition operations; those that move rows do lock."""
    return (
        context.step.operation is Operation.ALTER_TABLE
        and context.execution.algorithm is None
        and context.execution.lock is None
        and any(context.of_kind(ClauseKind.REORGANIZE_PARTITION, ClauseKind.COALESCE_PARTITION))
    )
