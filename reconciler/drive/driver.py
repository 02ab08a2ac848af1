"""The drive around the decisions: asks what comes next, does it, writes down what came of it.

Only the driver starts shards and writes the apply's own row. What comes next is decided in
`rollout.decide`, requests are heard in `requests`, copies are released in `cutovers`; what happens
on one shard is in `shard/`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import assert_never

from reconciler.drive.announce import Announcer
from reconciler.drive.cutovers import AWAITED, Cutovers
from reconciler.drive.finalizing import FINALIZER, Finalizing
from reconciler.drive.gates import GATES, WaveGates
from reconciler.drive.holds import VERDICTS, hold_of
from reconciler.drive.limits import ROLLOUT_POLL_S
from reconciler.drive.open import OpenApply, RolloutOrder
from reconciler.drive.promotion import CHECKS, WavePromotion
from reconciler.drive.record import ApplyRecord
from reconciler.drive.requests import RolloutRequests
from reconciler.drive.rests import Rests, pause_s
from reconciler.drive.settles import Settles
from reconciler.drive.shard.problems import crashed
from reconciler.drive.shard.task import Brake, RolloutWorld, ShardResult, StopSignal
from reconciler.drive.tasks import ShardTasks
from reconciler.drive.work import do_work, settle_work
from reconciler.errors import Problem, ReconcilerError
from reconciler.guard.model import Refusal
from reconciler.ledger.finalizers import VSchemaHalted, VSchemaUnseen
from reconciler.ledger.reasons import (
    Halted,
    InWords,
    LeftAtOnce,
    OutcomeUnseen,
    Reason,
    Stopped,
)
from reconciler.ledger.states import FINISHED, Hold, OperationState
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.progress import ProgressEvent
from reconciler.plan.model import Moment
from reconciler.ports.clock import WorkEnded
from reconciler.ports.shards import HeldLocks
from reconciler.rollout.actions import (
    Action,
    AwaitChecks,
    EndCancelled,
    EndStopped,
    EndUnknown,
    EndUnseen,
    Finish,
    Halt,
    HaltAtFinalizer,
    Pause,
    RefuseWave,
    Settle,
    SettleFinalizer,
    Soak,
    Start,
    StartFinalizer,
    Wait,
)
from reconciler.rollout.cutover import AwaitCutover, CutOver, StopCopies
from reconciler.rollout.decide import copies_order, next_action, nothing_new_may_start
from reconciler.rollout.operations import ShardWork
from reconciler.rollout.promotion import failed_problem
from reconciler.rollout.snapshot import Asked, RolloutLimits, RolloutSnapshot
from reconciler.rollout.transitions import Move

_End = Pause | Halt | HaltAtFinalizer | EndStopped | EndCancelled | EndUnknown | EndUnseen | Finish


class RolloutDriver:
    def __init__(
        self,
        world: RolloutWorld,
        order: RolloutOrder,
        work: tuple[ShardWork, ...],
        limits: RolloutLimits,
        opened: OpenApply,
        locks: HeldLocks,
        on_progress: Callable[[ProgressEvent], None],
    ) -> None:
        self._world = world
        self._order = order
        self._work = {shard.shard: shard for shard in work}
        self._locks = locks
        self._on_progress = on_progress
        self._tell = Announcer(on_progress, world.clock, order.plan.core.keyspace)
        self._lease, self._resumed_at = opened.lease, opened.resumed_at
        self._record = ApplyRecord(world.ledger, world.clock, opened)
        self._stop = StopSignal()
        self._cutovers = Cutovers(
            world.clock, opened.lease, self._record, self._stop, self._tell.waits
        )
        self._requests = RolloutRequests(
            world, opened.lease, self._record, self._cutovers, ends_as_stop=order.ends_as_stop
        )
        self._tasks = ShardTasks(world.ledger, order, self._work, opened.lease, self._record)
        self._limits = limits
        self._keyspace = order.plan.core.keyspace
        self._in_flight: set[str] = set()
        self._finalizing = Finalizing(world, order, opened.lease, self._record, locks, self._stop)
        self._settles = Settles()
        self._gates = WaveGates(world.workers, order.ask_gates)
        self._promotion = WavePromotion(world.workers, limits.promote_if, order.ask_check)
        self._rests = Rests(self._record, opened.lease, self._promotion, self._tell)
        self._guard_hold: Refusal | None = None
        self._ends_run: Problem | None = None
        self._statements_run = 0
        self._begun_s, self._begun_at_s = world.clock.monotonic_s(), world.clock.now_s()

    def run(self) -> ApplyOutcome:
        statements = sum(len(shard.statements) for shard in self._work.values())
        self._tell.started(self._record, statements)
        self._unless_lost(partial(self._requests.take_up, self._resumed_at))
        while True:
            self._listen()
            if self._world.interrupts() > 1:
                return self._leave()
            action = self._next()
            self._cutovers.awaited = None
            match action:
                case Start(shards=shards) if self._gates.let_in(self._work[shards[0]].wave):
                    self._start(shards)
                case Start():
                    self._wait()
                case StartFinalizer(moment=moment) if self._gates.let_in(moment):
                    self._start_finalizer(moment)
                case StartFinalizer():
                    self._wait()
                case SettleFinalizer(moment=moment):
                    self._finalizing.settle(moment)
                case Settle(shards=shards):
                    self._settle(shards)
                case Wait():
                    self._wait()
                case Soak() | AwaitChecks():
                    now_s = self._steady_now_s()
                    self._unless_lost(partial(self._rests.rest, action, now_s))
                    self._wait(pause_s(action, now_s))
                case RefuseWave(shard=shard, reason=reason):
                    begun = self._record.has_begun(reason.wave)
                    problem = failed_problem(reason, has_begun=begun)
                    self._unless_lost(partial(self._record.contain, self._lease, shard, problem))
                case CutOver(copies=copies):
                    self._unless_lost(partial(self._cutovers.swap_in, copies))
                case AwaitCutover(reason=reason):
                    self._unless_lost(partial(self._cutovers.wait_for, reason))
                    self._wait()
                case StopCopies(reason=reason):
                    self._cutovers.hold = reason
                case _:
                    return self._end(action)

    def give_up(self) -> None:
        self._stop.leave_all()  # what may be in flight after a fault
        with suppress(ReconcilerError):  # the lease ends by itself when no heartbeat follows
            self._world.ledger.give_up(self._lease, now_s=self._world.clock.now_s())

    def _snapshot(self) -> RolloutSnapshot:
        stored = self._record.stored
        return RolloutSnapshot(
            waves=stored.waves,
            states=self._record.states,
            settled_s=self._record.settled_s,
            now_s=self._steady_now_s(),
            in_flight=frozenset(self._in_flight),
            looked_at=frozenset(self._settles.in_vain),
            asked=self._requests.asked,
            gates_open=stored.gates_open,
            failures_released=stored.failures_released,
            guard_hold=self._held_by_a_guard(),
            ready=self._cutovers.ready(),
            copies_released=stored.copies_released,
            cutover_hold=self._cutovers.hold,
            wall_s=self._world.clock.now_s(),
            finalizers=self._finalizing.snapshot(),
            promotion=self._promotion.snapshot,
        )

    def _held_by_a_guard(self) -> Reason | None:
        held = self._guard_hold
        return self._gates.hold or (InWords(held.message) if held else None)

    def _steady_now_s(self) -> float:
        """A clock that somebody sets makes a soak longer, never shorter."""
        clock = self._world.clock
        return min(clock.now_s(), self._begun_at_s + clock.monotonic_s() - self._begun_s)

    def _next(self) -> Action:
        snapshot = self._snapshot()
        if self._ends_run is not None:
            self._stop.leave_all()
            return Wait() if self._is_at_work else Finish()
        self._stop.copies = copies_order(snapshot, self._limits)
        if self._requests.asked is not Asked.NOTHING:
            self._stop.brake = Brake.AFTER_STATEMENT
        elif nothing_new_may_start(snapshot, self._limits):
            self._stop.brake = Brake.NO_NEW_OPERATION
        else:
            self._stop.brake = Brake.OFF
        return next_action(snapshot, self._limits)

    @property
    def _is_at_work(self) -> bool:
        return bool(self._in_flight) or self._finalizing.in_flight is not None

    def _start_finalizer(self, moment: Moment) -> None:
        self._unless_lost(lambda: self._record.hold(self._lease, Hold.NONE, None))
        if self._ends_run is None:
            self._tell.finalizer_started(moment)
            self._finalizing.start(moment)

    def _start(self, shards: tuple[str, ...]) -> None:
        if not isinstance(self._record.stored.reason, AWAITED):
            self._unless_lost(lambda: self._record.hold(self._lease, Hold.NONE, None))
        self._unless_lost(self._tasks.read_once)
        if self._ends_run is not None:
            return
        for shard in shards:
            self._in_flight.add(shard)
            self._tell.shard_started(shard, self._work[shard].wave)
            task = self._tasks.of(shard)
            work = partial(do_work, self._world, task, self._lease, self._locks, self._stop)
            self._world.workers.start(shard, work)

    def _settle(self, shards: tuple[str, ...]) -> None:
        self._unless_lost(self._tasks.read)
        if self._ends_run is not None:
            return
        for shard in shards:
            self._in_flight.add(shard)
            task = self._tasks.of(shard)
            work = partial(settle_work, self._world, task, self._lease, self._stop)
            self._world.workers.start(shard, work)

    def _wait(self, limit_s: float = ROLLOUT_POLL_S) -> None:
        """Until a shard's work has ended or it is time to listen: what is told in between changes
        nothing that is decided on."""
        until_s = self._world.clock.monotonic_s() + limit_s
        has_ended = False
        while not has_ended:
            left_s = until_s - self._world.clock.monotonic_s()
            if left_s <= 0:
                return
            for news in self._world.workers.wait(left_s):
                if isinstance(news, WorkEnded):
                    has_ended = True
                    self._take_in(news)
                else:
                    self._on_progress(news)

    def _take_in(self, ended: WorkEnded) -> None:
        shard = ended.name
        if shard == GATES:
            self._gates.answered(ended)
            return
        if shard == CHECKS:
            self._promotion.answered(ended)
            return
        if shard == FINALIZER:
            self._take_finalizer(ended)
            return
        self._in_flight.discard(shard)
        try:
            if isinstance(ended.value, ShardResult):
                self._take_result(ended.value)
            else:
                # A fault in one shard's work is contained, permanent, and not tried again (ST-15).
                fault = ended.error or TypeError("no result")
                self._record.contain(self._lease, shard, crashed(shard, fault))
            self._record.project(self._lease)
        except ReconcilerError as error:
            self._ends_run = self._ends_run or error.problems[0]
        self._tell.shard_ended(self._record.shard_row(shard))

    def _take_finalizer(self, ended: WorkEnded) -> None:
        moment = self._finalizing.in_flight
        assert moment is not None, "only what was started ends"
        try:
            if (result := self._finalizing.ended(ended)) is not None:
                self._guard_hold = self._guard_hold or result.hold
                self._ends_run = self._ends_run or result.ends_run
            self._record.project(self._lease)
        except ReconcilerError as error:
            self._ends_run = self._ends_run or error.problems[0]
        self._tell.finalizer_ended(self._record.finalizer(moment))

    def _take_result(self, result: ShardResult) -> None:
        was_lost = self._record.states[result.shard] is OperationState.UNKNOWN
        self._record.take(result.rows)
        self._record.take_swapped(result.shard, result.swapped)
        if was_lost:
            self._settles.ended(result.shard, self._record.states[result.shard])
            self._tasks.forget()  # settling has concluded some
        self._statements_run += result.statements_run
        self._guard_hold = self._guard_hold or result.hold
        self._ends_run = self._ends_run or result.ends_run

    def _listen(self) -> None:
        """A lost lease or ledger ends the run."""
        if self._ends_run is None:
            self._unless_lost(self._requests.listen)

    def _unless_lost(self, work: Callable[[], None]) -> None:
        try:
            work()
        except ReconcilerError as error:
            self._ends_run = self._ends_run or error.problems[0]

    def _leave(self) -> ApplyOutcome:
        """Somebody insists: what is in flight is left as it is, its outcome recorded as unknown."""
        self._stop.leave_all()
        self._unless_lost(self._lose_what_is_in_flight)
        return self._outcome(
            ApplyVerdict.UNKNOWN if self._is_at_work else ApplyVerdict.STOPPED,
            LeftAtOnce(),
        )

    def _lose_what_is_in_flight(self) -> None:
        self._record.lose(self._lease, sorted(self._in_flight))
        self._record.project(self._lease)

    def _end(self, action: _End) -> ApplyOutcome:
        reason: Reason | None = None
        try:
            match action:
                case Pause(why=why, reason=reason):
                    self._record.hold(self._lease, hold_of(why, self._order), reason)
                case Halt(shard=shard):
                    reason = Halted(shard)
                    self._record.move_rest(self._lease, Move.CANCEL)
                case HaltAtFinalizer():
                    reason = VSchemaHalted()
                    self._record.move_rest(self._lease, Move.CANCEL)
                case EndStopped():
                    reason = Stopped()
                    self._record.lose_what_runs(self._lease)
                    self._record.move_rest(self._lease, Move.STOP)
                case EndCancelled():
                    self._record.lose_what_runs(self._lease)
                    self._record.move_rest(self._lease, Move.CANCEL)
                case EndUnknown(shards=shards):
                    reason = OutcomeUnseen(shards)
                case EndUnseen(moment=moment):
                    reason = VSchemaUnseen(moment)
                case Finish():
                    pass
                case _:
                    assert_never(action)
            self._record.project(self._lease)
            if self._record.stored.state in FINISHED:
                self._requests.refuse_late_ones()
        except ReconcilerError as error:
            self._ends_run = self._ends_run or error.problems[0]
        return self._outcome(self._verdict(), reason)

    def _reload_after_loss(self) -> None:
        """What was not recorded is shown as the ledger has it, where it can be read."""
        if self._ends_run is not None:
            with suppress(ReconcilerError):
                self._record.reload()

    def _verdict(self) -> ApplyVerdict:
        steps = (row.state for row in self._record.finalizers)
        if OperationState.UNKNOWN in (*self._record.states.values(), *steps):
            return ApplyVerdict.UNKNOWN
        return VERDICTS.get(self._record.stored.state, ApplyVerdict.STOPPED)

    def _outcome(self, verdict: ApplyVerdict, reason: Reason | None) -> ApplyOutcome:
        self._reload_after_loss()
        return ApplyOutcome(
            environment=self._order.plan.core.environment,
            keyspace=self._keyspace,
            region=self._order.environment.region,
            verdict=verdict,
            plan=self._order.plan,
            apply_id=self._lease.apply_id,
            waves=self._record.wave_rows(),
            shards=self._record.shard_rows(),
            finalizers=self._record.finalizer_rows(),
            refusals=self._gates.refusals or ((self._guard_hold,) if self._guard_hold else ()),
            problem=self._ends_run or self._record.problem(),
            is_cut_off=self._ends_run is not None,
            reason=reason,
            statements_run=self._statements_run,
            elapsed_s=self._world.clock.monotonic_s() - self._begun_s,
        )
