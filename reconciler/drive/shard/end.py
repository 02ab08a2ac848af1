"""The end of a shard: all its statements have run."""

from __future__ import annotations

from reconciler.drive.shard.leftovers import clear_what_others_left
from reconciler.drive.shard.looks import end_differs
from reconciler.drive.shard.problems import end_unseen, not_cleared
from reconciler.drive.shard.recorder import ShardRecorder
from reconciler.drive.shard.step import Again, End, Next
from reconciler.drive.shard.task import ShardTask
from reconciler.errors import Problem, Unavailable
from reconciler.ledger.reasons import OutcomeLost
from reconciler.ledger.states import OperationState
from reconciler.model.object_id import ObjectId
from reconciler.ports.shards import ShardSession
from reconciler.rollout.transitions import Move


def end_of_shard(
    session: ShardSession, record: ShardRecorder, task: ShardTask, last: ObjectId
) -> Next | Again | End:
    """Is all of it as the plan leaves it (GD-12), and nothing left beside its tables (EN-84)? That
    completes `last`. Raises Unavailable where nothing runs that could be lost."""
    try:
        if problem := end_differs(session, task):
            record.fail(last, problem)
            return End()
    except Unavailable as error:
        if record.state(last) is not OperationState.RUNNING:
            raise
        return _lost(record, last, end_unseen(task.work.shard, error.problems[0].message))
    if stays := clear_what_others_left(session, task):
        problem = not_cleared(task.work.shard, stays)
        is_running = record.state(last) is OperationState.RUNNING
        return _lost(record, last, problem) if is_running else Again(problem)
    record.complete(last)
    return Next()


def _lost(record: ShardRecorder, last: ObjectId, problem: Problem) -> End:
    record.move(last, Move.LOSE, problem)
    record.tell(OutcomeLost(problem.message), last)
    return End()
