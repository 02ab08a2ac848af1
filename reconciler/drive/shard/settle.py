"""What became of a statement that was sent and not answered: learned by looking, never by sending
it again (ST-10).

Still in the hands of its engine: taken up again. Not yet read by the server: wait, bounded. At its
after-state: applied. At its before-state and not running: it never ran, or was rolled back.
Anything else is drift. What it took to apply it is removed first (EN-84).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from reconciler.drive.limits import SETTLE_LOOKS_MAX, SETTLE_PAUSE_S, SETTLE_WAIT_S_MAX
from reconciler.drive.shard.leftovers import clear_what_was_done
from reconciler.drive.shard.looks import Seen, end_differs, position_seen, statement_seen
from reconciler.drive.shard.problems import not_cleared, still_unknown
from reconciler.drive.shard.recorder import RecordLost, ShardRecorder
from reconciler.drive.shard.task import (
    IN_DOUBT,
    Brake,
    RolloutWorld,
    ShardResult,
    ShardTask,
    StopSignal,
    pause,
    retry_pause_s,
    session_of,
)
from reconciler.errors import Problem, Unavailable
from reconciler.ledger.model import Lease, StoredStatement
from reconciler.ledger.reasons import StatementFound
from reconciler.ledger.states import OperationState, StatementState
from reconciler.model.engine import TRAITS, Progress
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import ReadyToCutOver, Running, Unknown
from reconciler.ports.shards import ShardSession
from reconciler.rollout.transitions import Move


def is_undone(session: ShardSession, task: ShardTask, statement: PlannedStatement) -> bool:
    """Of a statement whose engine says that nothing of it goes on: seen undone while nobody else
    may send, it is not asked after again. An engine that must look for long, such as compare rows,
    would else be asked for ever."""
    try:
        return session.claim() and statement_seen(session, task, statement) is Seen.BEFORE
    except Unavailable:
        return False


class _NotYet(Exception):
    """Nobody can tell so far, or what was done is not over."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Unseen(Exception):
    """An engine cannot tell just now; the reason is for people."""


class _NotCleared(Exception):
    """It took effect, and what was made for that could not be removed just now; in words."""


def settle_shard(
    world: RolloutWorld,
    task: ShardTask,
    lease: Lease,
    stop: StopSignal,
) -> ShardResult:
    """Move the shard's unknown operations to where the shard is. Where an engine says that a
    statement goes on, its operation runs again, and is for `run_shard` to take up. Operations stay
    unknown if nobody can tell yet."""
    record = ShardRecorder(world.ledger, lease, world.clock, task.work.shard, task.rows)
    lost: Problem | None = None
    try:
        try:
            match _found(world, task, stop, record):
                case _InHand(row=row, progress=progress):
                    _go_on_with(record, task, row, progress)
                case position:
                    _settle(record, task, position)
        except _NotYet as reason:
            _stay_unknown(record, reason.problem)
        record.write()
    except RecordLost as error:
        lost = error.problem
    return ShardResult(shard=task.work.shard, rows=record.rows, ends_run=lost)


@dataclass(frozen=True, slots=True)
class _InHand:
    """A statement in doubt that its engine says goes on."""

    row: StoredStatement
    progress: Progress


def _go_on_with(
    record: ShardRecorder, task: ShardTask, row: StoredStatement, progress: Progress
) -> None:
    """All that comes before it on the shard is done, and nothing behind it has begun."""
    for operation in task.work.operations:
        object_id, done = operation.key.object_id, operation.done_before(row.index)
        if record.state(object_id) is OperationState.UNKNOWN:
            record.count_done(object_id, done)
            if object_id != row.object_id:
                is_done = done == len(operation.indexes)
                record.move(object_id, Move.FIND_DONE if is_done else Move.FIND_UNDONE)
    record.take_up(row, progress)


def _found(
    world: RolloutWorld, task: ShardTask, stop: StopSignal, record: ShardRecorder
) -> _InHand | int | Problem:
    """What goes on, or how many of the shard's statements have taken effect; a Problem if it is at
    no such point. All of it is seen over one connection."""
    give_up_s = world.clock.monotonic_s() + SETTLE_WAIT_S_MAX
    looks = 0
    while True:
        try:
            with session_of(world, task) as session:
                if (in_hand := _still_in_hand(session, task)) is not None:
                    if stop.brake is Brake.AFTER_STATEMENT:
                        raise _not_yet(task, "the statement goes on, and nobody would follow it")
                    return in_hand
                while _may_run(session, task):
                    _wait_for_it(world, task, stop, give_up_s)
                position = position_seen(session, task)
                if position == len(task.work.statements):
                    position = end_differs(session, task) or position
                # The connection may have been made again for the look, without the claim.
                if not _may_run(session, task):
                    _clear_what_is_done(session, task, record, position)
                    return position
        except (Unavailable, _Unseen, _NotCleared) as error:
            looks += 1
            if looks >= SETTLE_LOOKS_MAX or stop.brake is Brake.AFTER_STATEMENT:
                raise _NotYet(_why(task, error)) from error
            pause(world.clock, stop, retry_pause_s(looks, world.jitter()))


def _still_in_hand(session: ShardSession, task: ShardTask) -> _InHand | None:
    """Raises Unavailable, and _Unseen where an engine that needs nobody here cannot say whether it
    goes on: tables that are as they were do not (VT-33)."""
    for row in task.recorded:
        if row.state in IN_DOUBT and row.index < len(task.work.statements):
            engine = session.engine(row.handle.engine)
            match engine.look(row.handle, task.engine_work(row.index)):
                case Running(progress=progress) | ReadyToCutOver(progress=progress):
                    return _InHand(row, progress)
                case Unknown(reason=reason) if TRAITS[engine.name].goes_on_alone:
                    raise _Unseen(reason)
                case _:
                    pass
    return None


def _why(task: ShardTask, error: Unavailable | _Unseen | _NotCleared) -> Problem:
    match error:
        case Unavailable():
            return still_unknown(task.work.shard, error.problems[0].message)
        case _Unseen():
            return still_unknown(task.work.shard, str(error))
        case _NotCleared():
            return not_cleared(task.work.shard, str(error))
        case _:
            assert_never(error)


def _not_yet(task: ShardTask, reason: str) -> _NotYet:
    return _NotYet(still_unknown(task.work.shard, reason))


def _clear_what_is_done(
    session: ShardSession, task: ShardTask, record: ShardRecorder, position: int | Problem
) -> None:
    """Who swapped a copy in may have died before anything was removed; and a RENAME that waited may
    have come through after its statement was seen undone."""
    if isinstance(position, Problem):
        return
    if stays := clear_what_was_done(session, record, task, position):
        raise _NotCleared(stays)


def _may_run(session: ShardSession, task: ShardTask) -> bool:
    """With the claim nothing is left that a run sent; somebody else may have sent the same."""
    return not session.claim() or any(
        session.still_running(statement.sql) for statement in task.work.statements
    )


def _wait_for_it(world: RolloutWorld, task: ShardTask, stop: StopSignal, give_up_s: float) -> None:
    if stop.brake is Brake.AFTER_STATEMENT or world.clock.monotonic_s() >= give_up_s:
        raise _not_yet(task, "the statement is still running there")
    pause(world.clock, stop, SETTLE_PAUSE_S)


def _settle(record: ShardRecorder, task: ShardTask, position: int | Problem) -> None:
    if isinstance(position, Problem):
        unknown = next(row for row in record.rows if row.state is OperationState.UNKNOWN)
        record.fail(unknown.object_id, position)
        return
    for row in task.recorded:
        ran = row.index < position
        if row.state in IN_DOUBT or (ran and row.state is not StatementState.APPLIED):
            found = StatementState.APPLIED if ran else StatementState.NEVER_RAN
            record.conclude_found(row, found)
            record.tell(StatementFound(found), row.object_id)
    for operation in task.work.operations:
        object_id, done = operation.key.object_id, operation.done_before(position)
        if record.state(object_id) is OperationState.UNKNOWN:
            record.count_done(object_id, done)
            is_done = done == len(operation.indexes)
            record.move(object_id, Move.FIND_DONE if is_done else Move.FIND_UNDONE)


def _stay_unknown(record: ShardRecorder, problem: Problem) -> None:
    for row in record.rows:
        if row.state is OperationState.UNKNOWN:
            record.explain(row.object_id, problem)
