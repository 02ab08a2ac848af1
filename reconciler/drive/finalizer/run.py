"""One step of the VSchema: look, try, look again, record the intent, send, read back, record.

A crash after the intent resumes as "look at the keyspace", a crash before it as "never ran". What
is sent is the plan's document and nothing else (FZ-2); what Vitess says of it is believed once it
reads back so.
"""

from __future__ import annotations

from reconciler.drive.finalizer.problems import (
    vschema_drifted,
    vschema_failed,
    vschema_kept_otherwise,
    vschema_not_sent,
    vschema_read_back,
    vschema_refused,
    vschema_unanswered,
)
from reconciler.drive.finalizer.recorder import FinalizerRecorder
from reconciler.drive.finalizer.task import FinalizerResult, FinalizerTask
from reconciler.drive.limits import SETTLE_PAUSE_S, VSCHEMA_SEEN_EVERYWHERE_S
from reconciler.drive.shard.problems import lock_lost
from reconciler.drive.shard.recorder import RecordLost
from reconciler.drive.shard.step import Again, End
from reconciler.drive.shard.task import Brake, RolloutWorld, StopSignal, pause, retry_pause_s
from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.guard.health import outside_window
from reconciler.ledger.model import Lease
from reconciler.ledger.reasons import InWords
from reconciler.outcomes.progress import RolloutWaits
from reconciler.ports.shards import HeldLocks


def run_finalizer(
    world: RolloutWorld, task: FinalizerTask, lease: Lease, locks: HeldLocks, stop: StopSignal
) -> FinalizerResult:
    """Bring the step to an end, as often as it may be tried. Raises nothing of the world's."""
    return _FinalizerRun(world, task, lease, locks, stop).run()


class _FinalizerRun:
    def __init__(
        self,
        world: RolloutWorld,
        task: FinalizerTask,
        lease: Lease,
        locks: HeldLocks,
        stop: StopSignal,
    ) -> None:
        self._world = world
        self._task = task
        self._step = task.step
        self._locks = locks
        self._stop = stop
        self._record = FinalizerRecorder(world.ledger, lease, world.clock, task.row)

    def run(self) -> FinalizerResult:
        try:
            end = self._until_end()
        except RecordLost as lost:
            end = End(ends_run=lost.problem)
        return FinalizerResult(row=self._record.row, hold=end.hold, ends_run=end.ends_run)

    def _until_end(self) -> End:
        """Bounded and paced (ST-17); what still fails for now stays open for the next run."""
        tries = 1
        while isinstance(step := self._attempt(), Again):
            self._record.fail_for_now(step.problem)
            if tries >= self._task.tries_max:
                return End()
            self._back_off(tries, step.problem)
            tries += 1
        return step

    def _back_off(self, tries: int, problem: Problem) -> None:
        pause_s = retry_pause_s(tries, self._world.jitter())
        now_s = self._world.clock.now_s()
        self._world.workers.tell(
            RolloutWaits(
                at_s=now_s,
                keyspace=self._task.keyspace,
                reason=InWords(problem.message),
                until_s=now_s + pause_s,
            )
        )
        pause(self._world.clock, self._stop, pause_s)

    def _attempt(self) -> Again | End:
        if self._is_braked():
            return End()
        try:
            # What may take its time comes first, so that the rest is true right before.
            ended = self._ended_already() or self._tried() or self._held() or self._ended_already()
        except ReconcilerError as error:
            return Again(vschema_not_sent(self._step, error.problems[0]))
        if ended is not None or self._is_braked():
            return ended or End()
        self._record.intend()
        return self._sent()

    def _is_braked(self) -> bool:
        return self._stop.brake is Brake.AFTER_STATEMENT

    def _ended_already(self) -> End | None:
        """GD-4: None where the VSchema is to the letter what the step begins with."""
        live = self._task.look()
        if live == self._step.after:
            self._record.find_done()
            return End()
        return None if live == self._step.before else self._fail(vschema_drifted(self._step, live))

    def _tried(self) -> End | None:
        """Would Vitess take it, and keep what was reviewed?"""
        kept = self._task.try_it()
        if isinstance(kept, Problem):
            return self._fail(vschema_refused(self._step, kept))
        if kept != self._step.after:
            return self._fail(vschema_kept_otherwise(self._step, kept))
        return None

    def _held(self) -> End | None:
        if self._is_braked():
            return End()
        for shard in self._task.shards:
            if not self._locks.is_held(shard):
                return End(ends_run=lock_lost(shard))
        windows, now_s = self._task.rollout.windows, self._world.clock.now_s()
        refusal = outside_window(windows, now_s, what="no change of the VSchema")
        return End(hold=refusal) if refusal else None

    def _sent(self) -> End:
        try:
            self._task.send()
        except Refused as refused:
            return self._read_back(refused.problems[0])
        except ReconcilerError as lost:
            return self._lose(lost.problems[0])
        return self._read_back(None)

    def _read_back(self, refused: Problem | None) -> End:
        """What was answered holds only if the VSchema is so; a vtgate learns of it a moment after
        it was written, so what is not there yet is waited for."""
        give_up_s = self._world.clock.monotonic_s() + VSCHEMA_SEEN_EVERYWHERE_S
        while True:
            is_last = self._world.clock.monotonic_s() >= give_up_s
            try:
                live = self._task.look()
            except ReconcilerError as unseen:
                if is_last:
                    return self._lose(unseen.problems[0])
            else:
                if live == self._step.after:  # also where Vitess says that it failed
                    self._record.complete()
                    return End()
                if refused is not None and live == self._step.before:
                    return self._fail(vschema_failed(self._step, refused))
                if is_last or live != self._step.before:
                    return self._fail(vschema_read_back(self._step, live))
            self._world.clock.sleep(SETTLE_PAUSE_S)

    def _lose(self, problem: Problem) -> End:
        self._record.lose(vschema_unanswered(self._step, problem))
        return End()

    def _fail(self, problem: Problem) -> End:
        self._record.fail(problem)
        return End()
