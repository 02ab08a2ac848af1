"""Whether anything may take effect on a shard now, whatever it is: asked before a statement is
sent, and before a copy is swapped in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from reconciler.drive.limits import (
    CLAIM_WAIT_S_MAX,
    GUARD_PAUSE_S,
    GUARD_WAIT_S_MAX,
    SETTLE_PAUSE_S,
)
from reconciler.drive.shard.before import not_allowed
from reconciler.drive.shard.in_hand import AskedToEnd, IsEnding, NotNow
from reconciler.drive.shard.looks import locked_by
from reconciler.drive.shard.problems import lock_lost, not_claimed
from reconciler.drive.shard.progress import ShardProgress
from reconciler.drive.shard.recorder import ShardRecorder
from reconciler.drive.shard.step import Again, End
from reconciler.drive.shard.task import (
    Brake,
    RolloutWorld,
    ShardTask,
    StopSignal,
    pause,
    pause_unless,
)
from reconciler.errors import Unavailable
from reconciler.guard.events import event_over
from reconciler.guard.health import (
    Vitals,
    copy_needs_bytes,
    needs_vitals,
    no_room_for_copy,
    outside_window,
    vitals_refusals,
)
from reconciler.guard.model import Refusal, RefusalKind
from reconciler.guard.windows import is_open
from reconciler.ledger.copies import ItsCutover
from reconciler.ledger.model import StoredStatement
from reconciler.ledger.neighbours import BlockerEnded, EarlierSession
from reconciler.ledger.reasons import InWords, LimitExceeded
from reconciler.ledger.states import OperationState
from reconciler.model.engine import TRAITS
from reconciler.model.object_id import ObjectId, table_id
from reconciler.plan.estimate import rebuilds
from reconciler.plan.learned import works_on_rows
from reconciler.plan.model import PlannedStatement
from reconciler.ports.shards import HeldLocks, ShardSession


class ShardGuards:
    def __init__(
        self,
        world: RolloutWorld,
        task: ShardTask,
        locks: HeldLocks,
        stop: StopSignal,
        record: ShardRecorder,
        progress: ShardProgress,
    ) -> None:
        self._world = world
        self._task = task
        self._locks = locks
        self._stop = stop
        self._record = record
        self._progress = progress

    def held(self, session: ShardSession, statement: PlannedStatement, index: int) -> End | None:
        """What keeps it from being sent; None: it may. What may take its time comes first, so that
        the rest is true right before. Raises Unavailable."""
        if self._makes_again(index):
            return self._stands(session, index)
        is_ending = partial(self.is_braked, statement.object_id)
        windows = self._task.rollout.windows
        if refusal := self._beyond_limits(session, statement, windows, is_ending):
            return End(hold=refusal)
        if is_ending():
            return End()
        if held := self._stands(session, index):
            return held
        now_s, work = self._world.clock.now_s(), self._task.work
        over = event_over(work.shard, work.statements[index:], now_s=now_s)
        shut = over or outside_window(windows, now_s)
        return End(hold=shut) if shut else None

    def held_copy(
        self,
        session: ShardSession,
        statement: PlannedStatement,
        index: int,
        is_ending: IsEnding,
    ) -> End | NotNow | AskedToEnd | None:
        """The same for a complete copy: it goes on waiting for what passes, and which copies a stop
        ends is not for the brake to say, but for `is_ending`. Raises Unavailable."""
        windows = self._task.rollout.cutover_windows
        if refusal := self._beyond_limits(session, statement, windows, is_ending):
            is_passing = refusal.kind is RefusalKind.PASSES
            limit = NotNow(LimitExceeded(refusal.message)) if is_passing else End(hold=refusal)
            return self.shut_copy() or limit
        if is_ending():
            return AskedToEnd()
        if held := self._stands(session, index):
            return held
        return self.shut_copy()

    def shut_copy(self) -> NotNow | None:
        """Outside of its window: asked before anything that takes long, too."""
        windows = self._task.rollout.cutover_windows
        return None if is_open(windows, self._world.clock.now_s()) else NotNow(ItsCutover())

    def _makes_again(self, index: int) -> bool:
        """What the statement before it has taken away, and who calls it misses: neither a limit nor
        a window nor a stop comes between the two (PG-14)."""
        if not index:
            return False
        taken, statement = self._task.work.statements[index - 1 : index + 1]
        is_made = statement.effects[0].before is None
        return is_made and statement.object_id == taken.object_id

    def _stands(self, session: ShardSession, index: int) -> End | None:
        if not self._locks.is_held(self._task.work.shard):
            return End(ends_run=lock_lost(self._task.work.shard))
        if refusal := not_allowed(session, self._task, index):
            return End(hold=refusal)
        return None

    def await_claim(self, session: ShardSession, object_id: ObjectId) -> End | Again | None:
        """Until no earlier run's session is left. Raises Unavailable."""
        self._record.wait(object_id, EarlierSession())
        self._progress.waits(EarlierSession())
        give_up_s = self._world.clock.monotonic_s() + CLAIM_WAIT_S_MAX
        while not session.claim():
            if self.is_braked(object_id):
                return End()
            if self._world.clock.monotonic_s() >= give_up_s:
                return Again(not_claimed(self._task.work.shard, object_id))
            pause(self._world.clock, self._stop, SETTLE_PAUSE_S)
        self._record.wait(object_id, None)
        return None

    def no_room(self, session: ShardSession, statement: PlannedStatement) -> End | None:
        """For the copy that an engine would make, or the server itself of a table that it rebuilds;
        copies that go on there are waited for. Raises Unavailable."""
        if not TRAITS[statement.engine].copies and not rebuilds(statement):
            self._stop.room.done(self._task.work.shard)  # what the one before it needed is free
            return None
        # Complete copies that wait for the rest of their wave would be waited for in vain.
        is_kept = self._task.rollout.cutover.is_on_purpose
        refusal = self._passing(
            lambda: self._room_refusal(session, statement),
            statement.object_id,
            partial(self.is_braked, statement.object_id),
            wait_s=GUARD_WAIT_S_MAX if is_kept else self._task.rollout.run_limit_s,
        )
        return End(hold=refusal) if refusal else None

    def size_bytes(self, session: ShardSession, statement: PlannedStatement) -> int | None:
        """Of the table whose rows the statement reads or writes a second time, for whoever wants to
        know how long the next one takes (RP-31); None where nobody will, or nobody could tell."""
        if not works_on_rows(statement):
            return None
        try:
            return session.table_bytes(statement.object_id)
        except Unavailable:
            return None

    def of_copy(self, session: ShardSession, row: StoredStatement) -> Vitals:
        """Measured while its engine works; what its copy needs yet is told to the others. Raises
        Unavailable."""
        if TRAITS[row.handle.engine].copies and row.handle.helpers:
            copied_bytes = session.table_bytes(table_id(row.handle.helpers[0]))
            needed_bytes = copy_needs_bytes(session.table_bytes(row.object_id), copied_bytes)
            self._stop.room.needs(self._task.work.shard, self._task.server, needed_bytes)
        return session.vitals()

    def is_braked(self, object_id: ObjectId) -> bool:
        """A stop takes effect between two statements, a failure elsewhere between operations."""
        if self._stop.brake is Brake.NO_NEW_OPERATION:
            return self._record.state(object_id) is OperationState.PENDING
        return self._stop.brake is Brake.AFTER_STATEMENT

    def clear_the_way(
        self, session: ShardSession, statement: PlannedStatement, *, blocked_since_s: float | None
    ) -> None:
        """End what keeps the statement from its lock, where the spec says so and since when. Raises
        Unavailable."""
        after_s = self._task.rollout.kill_blockers_after_s
        if after_s is None or blocked_since_s is None:
            return
        if self._world.clock.monotonic_s() - blocked_since_s < after_s:
            return
        table = locked_by(session, statement)
        for end in session.kill_blockers(table) if table is not None else ():
            told = BlockerEnded(end.session, end.is_denied)
            self._record.tell(told, statement.object_id)
            self._progress.waits(told)

    def _beyond_limits(
        self,
        session: ShardSession,
        statement: PlannedStatement,
        windows: tuple[str, ...],
        is_ending: IsEnding,
    ) -> Refusal | None:
        """Lag and load go down by themselves, and are waited for while a window is open; what holds
        is returned."""
        if not needs_vitals(self._task.rollout):
            return None

        def beyond() -> Refusal | None:
            found = self._vitals_refusal(session, statement)
            is_waited_for = found is not None and found.kind is RefusalKind.PASSES
            shut = outside_window(windows, self._world.clock.now_s()) if is_waited_for else None
            return shut or found

        return self._passing(
            beyond,
            statement.object_id,
            is_ending,
            wait_s=GUARD_WAIT_S_MAX,
        )

    def _passing(
        self,
        measure: Callable[[], Refusal | None],
        object_id: ObjectId,
        is_ending: IsEnding,
        *,
        wait_s: float,
    ) -> Refusal | None:
        """What does not pass, or not in time. None: nothing, or it was asked to end."""
        waits, give_up_s = False, self._world.clock.monotonic_s() + wait_s
        while refusal := measure():
            is_late = self._world.clock.monotonic_s() >= give_up_s
            if is_late or refusal.kind is not RefusalKind.PASSES:
                return refusal
            if is_ending():
                return None
            if not waits:
                waits = True
                self._record.wait(object_id, LimitExceeded(refusal.message))
                self._progress.waits(InWords(refusal.message))
            pause_unless(self._world.clock, is_ending, GUARD_PAUSE_S)
        if waits:
            self._record.wait(object_id, None)
        return None

    def _room_refusal(self, session: ShardSession, statement: PlannedStatement) -> Refusal | None:
        shard, table_bytes = self._task.work.shard, session.table_bytes(statement.object_id)
        # Told before the disk is measured: two that ask at once see each other.
        needed_bytes = copy_needs_bytes(table_bytes)
        others_bytes = self._stop.room.ask(shard, self._task.server, needed_bytes)
        return no_room_for_copy(
            session.vitals(), table_bytes, others_bytes=others_bytes, shard=shard
        )

    def _vitals_refusal(self, session: ShardSession, statement: PlannedStatement) -> Refusal | None:
        refusals = vitals_refusals(
            self._task.rollout,
            session.vitals(),
            shard=self._task.work.shard,
            rebuilds=statement.execution.rebuilds,
        )
        # What does not pass by itself first: waiting for the others would be in vain.
        return min(refusals, key=lambda one: one.kind is RefusalKind.PASSES, default=None)
