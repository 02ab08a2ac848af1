"""One shard's statements, one after the other: check, record the intent, run, read back, record.

A crash after the intent resumes as "look at the shard", a crash before it as "never ran"; there is
no third case. This sends statements and never decides which shard is next.
"""

from __future__ import annotations

from functools import partial
from typing import assert_never

from reconciler.drive.shard.before import copy_not_as_planned, not_as_planned
from reconciler.drive.shard.come_through import copies_came_through, count_come_through
from reconciler.drive.shard.end import end_of_shard
from reconciler.drive.shard.guards import ShardGuards
from reconciler.drive.shard.in_hand import (
    AskedToEnd,
    CopyEnded,
    EngineRun,
    InHand,
    IsEnding,
    NotNow,
)
from reconciler.drive.shard.leftovers import cleared_away, discard
from reconciler.drive.shard.looks import Seen, position_seen, statement_seen
from reconciler.drive.shard.problems import (
    already_running,
    gone,
    not_cleared,
    read_back_differs,
    statement_failed,
    tried_in_vain,
    unanswered,
)
from reconciler.drive.shard.progress import ShardProgress
from reconciler.drive.shard.recorder import RecordLost, ShardRecorder
from reconciler.drive.shard.rows_alike import RowCheck
from reconciler.drive.shard.settle import is_undone
from reconciler.drive.shard.step import Again, End, Next, Step
from reconciler.drive.shard.swaps import swapped
from reconciler.drive.shard.task import (
    RolloutWorld,
    ShardResult,
    ShardTask,
    StopSignal,
    pause,
    retry_pause_s,
    session_of,
)
from reconciler.drive.shard.throttle import CopyThrottle
from reconciler.errors import Problem, Unavailable
from reconciler.ledger.copies import CopyStopped
from reconciler.ledger.model import Lease, StoredStatement
from reconciler.ledger.reasons import InWords, NextTry, OutcomeLost
from reconciler.ledger.states import OperationState, StatementState
from reconciler.model.engine import Handle
from reconciler.model.object_id import ObjectId
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import (
    Answer,
    Applied,
    Engine,
    Failed,
    Gone,
    Outcome,
    Unknown,
    progress_of,
)
from reconciler.ports.shards import HeldLocks, ShardSession
from reconciler.rollout.transitions import Move


def run_shard(
    world: RolloutWorld, task: ShardTask, lease: Lease, locks: HeldLocks, stop: StopSignal
) -> ShardResult:
    """Run what the shard has left to do. Raises nothing of the world's."""
    return _ShardRun(world, task, lease, locks, stop).run()


class _ShardRun:
    def __init__(
        self, world: RolloutWorld, task: ShardTask, lease: Lease, locks: HeldLocks, stop: StopSignal
    ) -> None:
        self._world = world
        self._task = task
        self._stop = stop
        self._shard = task.work.shard
        self._record = ShardRecorder(
            world.ledger, lease, world.clock, self._shard, task.rows, task.recorded
        )
        self._progress = ShardProgress(world.workers, world.clock, task.work)
        self._rows = RowCheck(world.clock, self._record)
        self._guards = ShardGuards(world, task, locks, stop, self._record, self._progress)
        self._index = task.next_index
        self._first_index, self._attempt = self._index, 1
        self._blocked_since_s: float | None = None
        self._in_hand = task.in_doubt
        self._earlier: Handle | None = None
        self._engine_run = EngineRun(
            world,
            self._record,
            self._progress,
            stop,
            CopyThrottle(world.clock, stop, self._record, task.rollout, self._shard),
            cut_overs_max=task.rollout.lock_retries + 1,
            is_on_purpose=task.rollout.cutover.is_on_purpose,
        )

    def run(self) -> ShardResult:
        try:
            self._record.resume_stopped()
            end = self._until_end()
            self._record.stop_halfway()
            self._record.write()
        except RecordLost as lost:
            end = End(ends_run=lost.problem)
        finally:
            self._stop.room.done(self._shard)
        return ShardResult(
            shard=self._shard,
            rows=self._record.rows,
            statements_run=self._index - self._first_index,
            swapped=self._record.swapped,
            hold=end.hold,
            ends_run=end.ends_run,
        )

    def _until_end(self) -> End:
        while True:
            match step := self._session():
                case Again():
                    if end := self._back_off(step):
                        return end
                case End():
                    return step
                case Next():
                    return End()
                case _:
                    assert_never(step)

    @property
    def _object(self) -> ObjectId:
        """What the statement that is next is about, or of the last one once all have run."""
        statements = self._task.work.statements
        return statements[min(self._index, len(statements) - 1)].object_id

    def _session(self) -> Step:
        """As many statements as one connection carries; Next: the shard is done."""
        try:
            with session_of(self._world, self._task) as session:
                if self._in_hand is not None:
                    taken_up = self._take_up(session, self._in_hand)
                    if not isinstance(taken_up, Next):
                        return taken_up
                    self._go_on()
                if held := self._claim(session) or self._tried_before(session):
                    return held
                while self._index < len(self._task.work.statements):
                    step = self._statement(session)
                    if not isinstance(step, Next):
                        return step
                    self._go_on()
                return end_of_shard(session, self._record, self._task, self._last_object)
        except Unavailable as error:
            # What was sent is dealt with where it was sent: this was a look, or a greeting.
            return Again(error.problems[0])

    def _go_on(self) -> None:
        self._index, self._attempt = self._index + 1, 1
        self._blocked_since_s, self._earlier = None, None

    @property
    def _last_try(self) -> Handle | None:
        return self._earlier or self._task.earlier_handle(self._index)

    def _claim(self, session: ShardSession) -> Step | None:
        """Be the only one who can send. Where an earlier run's session was waited for, what it
        left behind may have run since the look: the shard is looked at again."""
        if session.claim():
            return None
        if (step := self._guards.await_claim(session, self._object)) is not None:
            return step
        return self._look_again(session, self._object)

    def _look_again(self, session: ShardSession, object_id: ObjectId) -> End | None:
        position = position_seen(session, self._task)
        if isinstance(position, Problem):
            return self._fail(object_id, position)
        position = max(position, self._index)  # behind what was done is drift, found right below
        if copies_came_through(self._record, self._task, self._index, position):
            return End()
        count_come_through(self._record, self._task, self._index, position, last=self._last_object)
        self._first_index += position - self._index
        self._index = position
        return None

    def _tried_before(self, session: ShardSession) -> End | None:
        """What a try that failed has sent may have come through since; all else that is found is
        told right before the next one."""
        if self._earlier is None or isinstance(position_seen(session, self._task), Problem):
            return None
        return self._look_again(session, self._object)

    def _statement(self, session: ShardSession) -> Step:
        statement = self._task.work.statements[self._index]
        if (step := self._before(session, statement)) is not None:
            return step
        self._guards.clear_the_way(session, statement, blocked_since_s=self._blocked_since_s)
        engine, work = session.engine(statement.engine), self._task.engine_work(self._index)
        handle = engine.prepare(work, self._last_try)
        if isinstance(handle, Failed):
            why = statement_failed(self._shard, statement, handle)
            return Again(why) if handle.transient else self._fail(statement.object_id, why)
        self._earlier, size_bytes = handle, self._guards.size_bytes(session, statement)
        row = self._record.intend(self._index, statement, self._attempt, handle, size_bytes)
        self._in_hand = row
        self._progress.started(statement, self._index)
        hand = InHand(row=row, work=work)
        step = self._until_ended(session, engine, hand, engine.start(handle, work))
        self._progress.ended(row, step, self._record.problem(statement.object_id))
        return step

    def _take_up(self, session: ShardSession, row: StoredStatement) -> Step:
        """What an earlier run, or a session that was lost, has put into its engine's hands is asked
        after, whatever else may be: it is never sent again."""
        work = self._task.engine_work(row.index)
        engine = session.engine(row.handle.engine)
        answer = engine.look(row.handle, work)
        self._record.take_up(row, progress_of(answer))
        self._record.write()
        hand = InHand(row=row, work=work, is_taken_up=True)
        step = self._until_ended(session, engine, hand, answer)
        self._progress.ended(row, step, self._record.problem(row.object_id))
        return step

    def _until_ended(
        self, session: ShardSession, engine: Engine, hand: InHand, answer: Answer
    ) -> Step:
        ended: Outcome | Gone | CopyEnded | Step = self._engine_run.until_answered(
            engine,
            hand,
            answer,
            vitals=lambda: self._guards.of_copy(session, hand.row),
            meanwhile=lambda answer: self._rows.go_ahead(session, hand, answer),
            before_cut_over=partial(self._before_cut_over, session, engine, hand),
        )
        if isinstance(ended, Next | Again | End):
            return ended
        self._in_hand = None
        if isinstance(ended, CopyEnded):
            return self._copy_ended(session, hand, ended)
        return self._ended(session, hand, ended)

    def _before_cut_over(
        self, session: ShardSession, engine: Engine, hand: InHand, copy: str, is_ending: IsEnding
    ) -> Step | NotNow | AskedToEnd | None:
        """Days may have passed since the statement was begun: all of it is looked at again."""
        statement = hand.work.statement
        if shut := self._guards.shut_copy():
            return shut
        if problem := self._rows.problem(session, hand.row, statement, copy):
            return self._give_up(session, engine, hand, problem)
        if step := self._claim(session):
            return step
        if held := self._guards.held_copy(session, statement, self._index, is_ending):
            return held
        if problem := copy_not_as_planned(session, self._task, self._index, hand.row.handle, copy):
            return self._give_up(session, engine, hand, problem)
        return None

    def _give_up(
        self, session: ShardSession, engine: Engine, hand: InHand, problem: Problem
    ) -> End:
        """The copy must not be swapped in, and is of no use to anybody."""
        engine.stop(hand.row.handle, hand.work)
        discard(session, self._record, hand.row, hand.work)
        self._record.conclude(self._index, StatementState.FAILED, problem)
        return self._fail(hand.row.object_id, problem)

    def _copy_ended(self, session: ShardSession, hand: InHand, ended: CopyEnded) -> Step:
        """It was told to end, and says that it has: believed where the tables are as they were."""
        try:
            if statement_seen(session, self._task, hand.work.statement) is not Seen.BEFORE:
                return self._ended(session, hand, Applied())
        except Unavailable as error:
            return self._lose(hand.work.statement, error.problems[0])
        if not ended.is_kept:
            discard(session, self._record, hand.row, hand.work)
        end = StatementState.NEVER_RAN if ended.is_kept else StatementState.FAILED
        self._record.conclude(self._index, end)
        self._record.tell(CopyStopped(ended.is_kept), hand.row.object_id)
        return End(hold=ended.hold)

    def _before(self, session: ShardSession, statement: PlannedStatement) -> Step | None:
        """What must be true right before a statement, what may take its time first; None: send."""
        if self._last_try is None and (step := self._guards.no_room(session, statement)):
            return step
        if (step := self._guards.held(session, statement, self._index)) is not None:
            return step
        if self._index == self._first_index and session.still_running(statement.sql):
            return Again(already_running(self._shard, statement.object_id))
        if problem := not_as_planned(session, self._task, self._index, self._last_try):
            return self._fail(statement.object_id, problem)
        return None

    def _ended(self, session: ShardSession, hand: InHand, outcome: Outcome | Gone) -> Step:
        """What the engine says is believed once the tables read back so."""
        statement = hand.work.statement
        match outcome:
            case Unknown(reason=reason):
                return self._lose(statement, unanswered(self._shard, statement.object_id, reason))
            case Gone():
                undone = is_undone(session, self._task, statement)
                return self._lose(statement, gone(self._shard, statement.object_id), undone=undone)
            case Applied() | Failed():
                pass
            case _:
                assert_never(outcome)
        try:
            seen = statement_seen(session, self._task, statement)
        except Unavailable as error:
            return self._lose(statement, error.problems[0])
        if seen is Seen.AFTER:  # also where it says that it failed
            if stays := cleared_away(session, self._record, hand.row, hand.work):
                return self._lose(statement, not_cleared(self._shard, stays))
            self._tell_swapped(outcome)
            return self._applied(statement)
        if seen is Seen.NEITHER or isinstance(outcome, Applied):
            return self._wrong_result(statement)
        if not outcome.transient or self._attempt > self._task.rollout.lock_retries:
            discard(session, self._record, hand.row, hand.work)
        return self._failed(statement, outcome)

    def _tell_swapped(self, outcome: Applied | Failed) -> None:
        at, dropped = self._index, self._record.intended(self._index - 1)
        statements, now_s = self._task.work.statements, self._world.clock.now_s()
        if (told := swapped(statements, at, outcome, dropped, now_s)) is not None:
            self._record.tell_swapped(told, statements[at].object_id)
            self._progress.swapped(told)

    def _applied(self, statement: PlannedStatement) -> Next:
        record, object_id = self._record, statement.object_id
        record.conclude(self._index, StatementState.APPLIED)
        operation = self._task.work.operation_at(self._index)
        done = operation.done_before(self._index + 1)
        record.count_done(object_id, done)
        if done == len(operation.indexes) and object_id != self._last_object:
            self._record.complete(object_id)
        return Next()

    @property
    def _last_object(self) -> ObjectId:
        """Its operation ends with the shard, and so is completed by a look at all of it."""
        return self._task.work.statements[-1].object_id

    def _wrong_result(self, statement: PlannedStatement) -> End:
        object_id = statement.object_id
        problem = read_back_differs(self._shard, object_id)
        self._record.conclude(self._index, StatementState.FAILED, problem)
        return self._fail(object_id, problem)

    def _failed(self, statement: PlannedStatement, failed: Failed) -> Step:
        problem = statement_failed(self._shard, statement, failed)
        self._record.conclude(self._index, StatementState.FAILED, problem)
        if failed.transient:
            if self._blocked_since_s is None:
                self._blocked_since_s = self._world.clock.monotonic_s()
            return Again(problem, failed.blocker)
        return self._fail(statement.object_id, problem)

    def _lose(self, statement: PlannedStatement, problem: Problem, *, undone: bool = False) -> End:
        state = StatementState.NEVER_RAN if undone else StatementState.UNKNOWN
        self._record.conclude(self._index, state, problem)
        self._record.lose(statement.object_id, problem)
        self._record.tell(OutcomeLost(problem.message), statement.object_id)
        return End()

    def _fail(self, object_id: ObjectId, problem: Problem) -> End:
        self._record.fail(object_id, problem)
        return End()

    def _back_off(self, step: Again) -> End | None:
        """Bounded and paced (ST-17): None once it is time to try again."""
        object_id = self._object
        if self._attempt > self._task.rollout.lock_retries:
            if self._in_hand is not None:
                return self._lose(self._task.work.statements[self._index], step.problem)
            return self._fail(object_id, tried_in_vain(step.problem, self._attempt, step.blocker))
        is_at_rest = self._in_hand is None  # what an engine has in hand goes on, seen or not
        if is_at_rest and self._record.state(object_id) is OperationState.RUNNING:
            self._record.move(object_id, Move.FAIL_FOR_NOW, step.problem)
        in_the_way = InWords(step.blocker) if step.blocker else None
        self._record.wait(object_id, in_the_way or NextTry(step.problem.message))
        pause_s = retry_pause_s(self._attempt, self._world.jitter())
        until_s = self._world.clock.now_s() + pause_s
        self._progress.waits(InWords(step.problem.message), until_s)
        pause(self._world.clock, self._stop, pause_s)
        self._attempt += 1
        return None
