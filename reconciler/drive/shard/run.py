"""One shard's statements, one after the other: check, record the intent, run, read back, record.

A crash after the intent resumes as "look at the shard", a crash before it as "never ran"; there is
no third case. This sends statements and never decides which shard is next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from reconciler.drive.limits import (
    CLAIM_WAIT_S_MAX,
    GUARD_PAUSE_S,
    GUARD_WAIT_S_MAX,
    SETTLE_PAUSE_S,
)
from reconciler.drive.shard.before import not_allowed, not_as_planned
from reconciler.drive.shard.looks import end_differs, object_differs, position_seen
from reconciler.drive.shard.problems import (
    already_running,
    end_unseen,
    lock_lost,
    not_claimed,
    read_back_differs,
    statement_failed,
    tried_in_vain,
    unanswered,
)
from reconciler.drive.shard.progress import ShardProgress
from reconciler.drive.shard.recorder import RecordLost, ShardRecorder
from reconciler.drive.shard.task import (
    Brake,
    RolloutWorld,
    ShardResult,
    ShardTask,
    StopSignal,
    pause,
    retry_pause_s,
)
from reconciler.errors import Problem, Unavailable
from reconciler.guard.health import (
    needs_vitals,
    outside_window,
    vitals_refusals,
)
from reconciler.guard.model import Refusal, RefusalKind
from reconciler.ledger.model import Lease
from reconciler.ledger.reasons import (
    BlockerEnded,
    Completed,
    EarlierRunCameThrough,
    EarlierSession,
    InWords,
    LimitExceeded,
    NextTry,
    OutcomeLost,
)
from reconciler.ledger.states import OperationState, StatementState
from reconciler.model.object_id import ObjectId
from reconciler.plan.model import Effect, PlannedStatement
from reconciler.ports.engine import Applied, Failed, Unknown
from reconciler.ports.shards import HeldLocks, ShardSession
from reconciler.rollout.transitions import Move


@dataclass(frozen=True, slots=True)
class _Next:
    """The statement is applied."""


@dataclass(frozen=True, slots=True)
class _Again:
    """Nothing took effect, and the same may well succeed later."""

    problem: Problem
    blocker: str | None = None


@dataclass(frozen=True, slots=True)
class _End:
    """This shard does nothing more in this run."""

    hold: Refusal | None = None
    ends_run: Problem | None = None


_Step = _Next | _Again | _End


def run_shard(
    world: RolloutWorld, task: ShardTask, lease: Lease, locks: HeldLocks, stop: StopSignal
) -> ShardResult:
    """Run what the shard has left to do. Raises nothing of the world's."""
    return _ShardRun(world, task, lease, locks, stop).run()


class _ShardRun:
    def __init__(
        self,
        world: RolloutWorld,
        task: ShardTask,
        lease: Lease,
        locks: HeldLocks,
        stop: StopSignal,
    ) -> None:
        self._world = world
        self._task = task
        self._locks = locks
        self._stop = stop
        self._shard = task.work.shard
        self._record = ShardRecorder(world.ledger, lease, world.clock, self._shard, task.rows)
        self._progress = ShardProgress(world.workers, world.clock, task.work)
        self._index = task.next_index
        self._first_index = self._index
        self._attempt = 1
        self._blocked_since_s: float | None = None

    def run(self) -> ShardResult:
        try:
            self._record.resume_stopped()
            end = self._until_end()
            self._record.stop_halfway()
            self._record.write()
        except RecordLost as lost:
            end = _End(ends_run=lost.problem)
        return ShardResult(
            shard=self._shard,
            rows=self._record.rows,
            statements_run=self._index - self._first_index,
            hold=end.hold,
            ends_run=end.ends_run,
        )

    def _until_end(self) -> _End:
        while True:
            match step := self._session():
                case _Again():
                    if end := self._back_off(step):
                        return end
                case _End():
                    return step
                case _Next():
                    return _End()
                case _:
                    assert_never(step)

    @property
    def _object(self) -> ObjectId:
        """What the statement that is next is about, or of the last one once all have run."""
        statements = self._task.work.statements
        return statements[min(self._index, len(statements) - 1)].object_id

    def _session(self) -> _Step:
        """As many statements as one connection carries; _Next: the shard is done."""
        server = self._task.basis.server
        try:
            with self._world.sessions.open(self._task.spec, server=server) as session:
                if (step := self._claim(session)) is not None:
                    return step
                while self._index < len(self._task.work.statements):
                    step = self._statement(session)
                    if not isinstance(step, _Next):
                        return step
                    self._index, self._attempt = self._index + 1, 1
                    self._blocked_since_s = None
                return self._end_of_shard(session)
        except Unavailable as error:
            # What was sent is dealt with where it was sent: this was a look, or a greeting.
            return _Again(error.problems[0])

    def _claim(self, session: ShardSession) -> _Step | None:
        """Be the only one who can send. Where an earlier run's session was waited for, what it
        left behind may have run since the look: the shard is looked at again."""
        if session.claim():
            return None
        object_id = self._object
        self._record.wait(object_id, EarlierSession())
        self._progress.waits(EarlierSession())
        give_up_s = self._world.clock.monotonic_s() + CLAIM_WAIT_S_MAX
        while not session.claim():
            if self._is_braked(object_id):
                return _End()
            if self._world.clock.monotonic_s() >= give_up_s:
                return _Again(not_claimed(self._shard, object_id))
            pause(self._world.clock, self._stop, SETTLE_PAUSE_S)
        self._record.wait(object_id, None)
        return self._look_again(session, object_id)

    def _look_again(self, session: ShardSession, object_id: ObjectId) -> _End | None:
        position = position_seen(session, self._task)
        if isinstance(position, Problem):
            return self._fail(object_id, position)
        position = max(position, self._index)  # behind what was done is drift, found right below
        for operation in self._task.work.operations:
            found, done = operation.key.object_id, operation.done_before(position)
            if done > operation.done_before(self._index):
                self._record.count_done(found, done)
                if done == len(operation.indexes) and found != self._last_object:
                    self._complete(found)
                self._record.tell(EarlierRunCameThrough(), found)
        self._first_index += position - self._index
        self._index = position
        return None

    def _statement(self, session: ShardSession) -> _Step:
        statement = self._task.work.statements[self._index]
        if (step := self._before(session, statement)) is not None:
            return step
        self._clear_the_way(session, statement.object_id)
        self._record.intend(self._index, statement, self._attempt)
        self._progress.started(statement, self._index)
        begun_s = self._world.clock.monotonic_s()
        step = self._send(session, statement)
        problem = (
            step.problem if isinstance(step, _Again) else self._problem_of(statement.object_id)
        )
        elapsed_s = self._world.clock.monotonic_s() - begun_s
        self._progress.ended(statement, self._index, elapsed_s, problem)
        return step

    def _before(self, session: ShardSession, statement: PlannedStatement) -> _Step | None:
        """Everything that must be true right before a statement; None: send it. What may take its
        time comes first, so that the rest is true when the statement is sent."""
        rollout = self._task.rollout
        if needs_vitals(rollout) and (refusal := self._beyond_limits(session, statement)):
            return _End(hold=refusal)
        if self._is_braked(statement.object_id):
            return _End()
        if not self._locks.is_held(self._shard):
            return _End(ends_run=lock_lost(self._shard))
        if refusal := not_allowed(session, self._task, self._index):
            return _End(hold=refusal)
        if refusal := outside_window(rollout, self._world.clock.now_s()):
            return _End(hold=refusal)
        if self._index == self._first_index and session.still_running(statement.sql):
            return _Again(already_running(self._shard, statement.object_id))
        if problem := not_as_planned(session, self._task, self._index):
            return self._fail(statement.object_id, problem)
        return None

    def _beyond_limits(self, session: ShardSession, statement: PlannedStatement) -> Refusal | None:
        """Lag and load go down by themselves, and are waited for; what holds is returned."""
        object_id, waits = statement.object_id, False
        give_up_s = self._world.clock.monotonic_s() + GUARD_WAIT_S_MAX
        while refusal := self._vitals_refusal(session, statement):
            is_late = self._world.clock.monotonic_s() >= give_up_s
            if is_late or refusal.kind is not RefusalKind.PASSES:
                return refusal
            if self._is_braked(object_id):
                return None
            if not waits:
                waits = True
                self._record.wait(object_id, LimitExceeded(refusal.message))
                self._progress.waits(InWords(refusal.message))
            pause(self._world.clock, self._stop, GUARD_PAUSE_S)
        if waits:
            self._record.wait(object_id, None)
        return None

    def _vitals_refusal(self, session: ShardSession, statement: PlannedStatement) -> Refusal | None:
        refusals = vitals_refusals(
            self._task.rollout,
            session.vitals(),
            shard=self._shard,
            rebuilds=statement.execution.rebuilds,
        )
        # What does not pass by itself first: waiting for the others would be in vain.
        return min(refusals, key=lambda one: one.kind is RefusalKind.PASSES, default=None)

    def _clear_the_way(self, session: ShardSession, object_id: ObjectId) -> None:
        """End what keeps the statement from its lock, where the spec says so and since when."""
        after_s = self._task.rollout.kill_blockers_after_s
        if after_s is None or self._blocked_since_s is None:
            return
        if self._world.clock.monotonic_s() - self._blocked_since_s >= after_s:
            for end in session.kill_blockers(object_id):
                told = BlockerEnded(end.session, end.is_denied)
                self._record.tell(told, object_id)
                self._progress.waits(told)

    def _is_braked(self, object_id: ObjectId) -> bool:
        """A stop takes effect between two statements, a failure elsewhere between operations."""
        if self._stop.brake is Brake.NO_NEW_OPERATION:
            return self._record.state(object_id) is OperationState.PENDING
        return self._stop.brake is Brake.AFTER_STATEMENT

    def _send(self, session: ShardSession, statement: PlannedStatement) -> _Step:
        rollout = self._task.rollout
        outcome = session.run(
            statement, lock_wait_s=rollout.lock_wait_s, run_limit_s=rollout.run_limit_s
        )
        match outcome:
            case Unknown(reason=reason):
                return self._lose(statement, unanswered(self._shard, statement.object_id, reason))
            case Applied() | Failed():
                pass
            case _:
                assert_never(outcome)
        try:
            applied = all(self._is_at(session, e, e.after) for e in statement.effects)
            if isinstance(outcome, Applied):
                return self._applied(statement) if applied else self._wrong_result(statement)
            if applied:  # an error after the fact: what the shard shows is what counts
                return self._applied(statement)
            untouched = all(self._is_at(session, e, e.before) for e in statement.effects)
        except Unavailable as error:
            return self._lose(statement, error.problems[0])
        return self._failed(statement, outcome) if untouched else self._wrong_result(statement)

    def _is_at(self, session: ShardSession, effect: Effect, expected: str | None) -> bool:
        return object_differs(session, self._task, effect.object_id, expected) is None

    def _applied(self, statement: PlannedStatement) -> _Next:
        record, object_id = self._record, statement.object_id
        record.conclude(self._index, StatementState.APPLIED)
        operation = self._task.work.operation_at(self._index)
        done = operation.done_before(self._index + 1)
        record.count_done(object_id, done)
        if done == len(operation.indexes) and object_id != self._last_object:
            self._complete(object_id)
        return _Next()

    @property
    def _last_object(self) -> ObjectId:
        """Its operation ends with the shard, and so is completed by a look at all of it."""
        return self._task.work.statements[-1].object_id

    def _complete(self, object_id: ObjectId) -> None:
        is_running = self._record.state(object_id) is OperationState.RUNNING
        self._record.move(object_id, Move.COMPLETE if is_running else Move.FIND_DONE)
        self._record.tell(Completed(), object_id)

    def _end_of_shard(self, session: ShardSession) -> _Next | _End:
        """All statements have run: is all of the shard as the plan leaves it (GD-12)?"""
        object_id = self._last_object
        try:
            problem = end_differs(session, self._task)
        except Unavailable as error:
            if self._record.state(object_id) is not OperationState.RUNNING:
                raise
            unseen = end_unseen(self._shard, error.problems[0].message)
            self._record.move(object_id, Move.LOSE, unseen)
            self._record.tell(OutcomeLost(unseen.message), object_id)
            return _End()
        if problem is not None:
            return self._fail(object_id, problem)
        self._complete(object_id)
        return _Next()

    def _wrong_result(self, statement: PlannedStatement) -> _End:
        problem = read_back_differs(self._shard, statement.object_id)
        self._record.conclude(self._index, StatementState.FAILED, problem)
        return self._fail(statement.object_id, problem)

    def _failed(self, statement: PlannedStatement, failed: Failed) -> _Step:
        problem = statement_failed(self._shard, statement.object_id, failed)
        self._record.conclude(self._index, StatementState.FAILED, problem)
        if failed.transient:
            if self._blocked_since_s is None:
                self._blocked_since_s = self._world.clock.monotonic_s()
            return _Again(problem, failed.blocker)
        return self._fail(statement.object_id, problem)

    def _lose(self, statement: PlannedStatement, problem: Problem) -> _End:
        self._record.conclude(self._index, StatementState.UNKNOWN, problem)
        self._record.move(statement.object_id, Move.LOSE, problem)
        self._record.tell(OutcomeLost(problem.message), statement.object_id)
        return _End()

    def _fail(self, object_id: ObjectId, problem: Problem) -> _End:
        self._record.fail(object_id, problem)
        return _End()

    def _back_off(self, step: _Again) -> _End | None:
        """Bounded and paced (ST-17): None once it is time to try again."""
        object_id = self._object
        if self._attempt > self._task.rollout.lock_retries:
            return self._fail(object_id, tried_in_vain(step.problem, self._attempt))
        if self._record.state(object_id) is OperationState.RUNNING:
            self._record.move(object_id, Move.FAIL_FOR_NOW, step.problem)
        in_the_way = InWords(step.blocker) if step.blocker else None
        self._record.wait(object_id, in_the_way or NextTry(step.problem.message))
        pause_s = retry_pause_s(self._attempt, self._world.jitter())
        until_s = self._world.clock.now_s() + pause_s
        self._progress.waits(InWords(step.problem.message), until_s)
        pause(self._world.clock, self._stop, pause_s)
        self._attempt += 1
        return None

    def _problem_of(self, object_id: ObjectId) -> Problem | None:
        return next((row.problem for row in self._record.rows if row.object_id == object_id), None)
