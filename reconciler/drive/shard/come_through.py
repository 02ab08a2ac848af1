"""Statements that take effect after their sender has turned away: a RENAME that waited for a lock,
an ALTER of a session that was waited for.
"""

from __future__ import annotations

from reconciler.drive.shard.problems import gone
from reconciler.drive.shard.recorder import ShardRecorder
from reconciler.drive.shard.task import ShardTask
from reconciler.ledger.reasons import EarlierRunCameThrough, OutcomeLost
from reconciler.ledger.states import OperationState
from reconciler.model.engine import TRAITS
from reconciler.model.object_id import ObjectId
from reconciler.rollout.transitions import Move


def copies_came_through(record: ShardRecorder, task: ShardTask, index: int, position: int) -> bool:
    """Whether a copy is among what was found done behind `index`. What is left of it has to be
    cleared away: its operation is left to those who settle (EN-84)."""
    for statement in task.work.statements[index:position]:
        if TRAITS[statement.engine].copies:
            object_id = statement.object_id
            problem = gone(task.work.shard, object_id)
            if record.state(object_id) is not OperationState.RUNNING:
                record.move(object_id, Move.START)
            record.move(object_id, Move.LOSE, problem)
            record.tell(OutcomeLost(problem.message), object_id)
            return True
    return False


def count_come_through(
    record: ShardRecorder, task: ShardTask, index: int, position: int, *, last: ObjectId
) -> None:
    """The operation of `last` is completed by a look at the whole shard."""
    for operation in task.work.operations:
        found, done = operation.key.object_id, operation.done_before(position)
        if done > operation.done_before(index):
            record.count_done(found, done)
            if done == len(operation.indexes) and found != last:
                record.complete(found)
            record.tell(EarlierRunCameThrough(), found)
