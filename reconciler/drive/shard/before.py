"""What must be true of a shard right before a statement is sent to it.

Each is asked of the shard itself, just now: what was found when the keyspace was checked may be
hours old.
"""

from __future__ import annotations

from reconciler.ddl.statement.check import check_statement
from reconciler.drive.shard.looks import object_differs
from reconciler.drive.shard.problems import of_shard, rows_over_ceiling, rows_unmeasured
from reconciler.drive.shard.task import ShardTask
from reconciler.errors import Problem, ReconcilerError
from reconciler.guard.access import access_refusals
from reconciler.guard.model import Refusal
from reconciler.ports.shards import ShardSession


def not_allowed(session: ShardSession, task: ShardTask, index: int) -> Refusal | None:
    """Servers are made read-only and logins lose privileges while an apply runs (GD-13).
    Raises Unavailable."""
    refusals = access_refusals(
        task.work.shard,
        session.access(),
        task.work.statements[index:],
        flavor=task.basis.flavor,
        rollout=task.rollout,
    )
    return refusals[0] if refusals else None


def not_as_planned(session: ShardSession, task: ShardTask, index: int) -> Problem | None:
    """The payload, the live definitions and the row count, against the plan (DS-5, GD-4).
    Raises Unavailable."""
    shard, statement = task.work.shard, task.work.statements[index]
    try:
        check_statement(statement.sql, tables=task.tables)
    except ReconcilerError as refused:
        return of_shard(shard, refused.problems[0])
    for effect in statement.effects:
        if problem := object_differs(session, task, effect.object_id, effect.before):
            return problem
    if statement.row_ceiling is None:
        return None
    rows = session.rows_estimate(statement.object_id)
    if rows is None:
        return rows_unmeasured(shard, statement.object_id)
    if rows > statement.row_ceiling:
        return rows_over_ceiling(shard, statement.object_id, rows, statement.row_ceiling)
    return None
