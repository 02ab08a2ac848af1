"""The driver's view of an apply: every operation's row, and the apply's own row derived from them.

Rule: a state that ends an apply is written only after all its operations were read back from the
ledger; if they cannot be read, the stored state stays for the next look (ST-2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.drive.moved_rows import moved_finalizer, moved_row
from reconciler.drive.open import OpenApply, grouped
from reconciler.drive.rows import (
    finalizer_failure,
    finalizer_rows,
    first_failure,
    shard_rows,
    wave_rows,
)
from reconciler.drive.shard.leftovers import kept_copies
from reconciler.drive.shard.recorder import ShardRecorder
from reconciler.errors import Problem
from reconciler.ledger.model import (
    Entry,
    EventEntry,
    FinalizerEntry,
    Lease,
    OperationEntry,
    Soaking,
    StoredApply,
    StoredFinalizer,
    StoredOperation,
)
from reconciler.ledger.reasons import Reason, StateChanged
from reconciler.ledger.states import FINISHED, SETTLED, Hold, OperationState
from reconciler.ledger.swaps import Swapped
from reconciler.model.object_id import ObjectId
from reconciler.outcomes.apply import FinalizerRow, ShardRow, WaveRow
from reconciler.plan.model import Moment
from reconciler.ports.clock import Clock
from reconciler.ports.ledger import Ledger
from reconciler.rollout.projection import apply_state, shard_state
from reconciler.rollout.transitions import TRANSITIONS, Move


class ApplyRecord:
    """`states` and `settled_s` are per shard and kept up with every row that is taken in."""

    def __init__(self, ledger: Ledger, clock: Clock, opened: OpenApply) -> None:
        self._ledger = ledger
        self._clock = clock
        self._rows = opened.operations
        self._finalizers = {row.moment: row for row in opened.finalizers}
        self._counts: Counter[OperationState] = Counter()
        self.stored = opened.stored
        self.states: dict[str, OperationState] = {}
        self.settled_s: dict[str, float] = {}
        self._swapped: dict[str, dict[ObjectId, Swapped]] = {}
        self._count_anew()

    def rows_of(self, shard: str) -> dict[ObjectId, StoredOperation]:
        return dict(self._rows[shard])

    def operations(self) -> list[StoredOperation]:
        return [row for tables in self._rows.values() for row in tables.values()]

    @property
    def finalizers(self) -> tuple[StoredFinalizer, ...]:
        return tuple(self._finalizers.values())

    def finalizer(self, moment: Moment) -> StoredFinalizer:
        return self._finalizers[moment]

    def finalizer_rows(self) -> tuple[FinalizerRow, ...]:
        return finalizer_rows(self.finalizers, self.states.values())

    def shard_row(self, shard: str) -> ShardRow:
        return shard_rows(self._rows[shard].values(), self._swapped)[0]

    def shard_rows(self) -> tuple[ShardRow, ...]:
        return shard_rows(self.operations(), self._swapped)

    def wave_rows(self) -> tuple[WaveRow, ...]:
        return wave_rows(self.stored.waves, self.shard_rows(), self.stored.soaking)

    def completed_before(self, wave: int) -> tuple[str, ...]:
        """Shards of the waves before it that have all that the plan has for them."""
        earlier = [shard for found in self.stored.waves[: wave - 1] for shard in found]
        return tuple(s for s in earlier if self.states[s] is OperationState.COMPLETED)

    def has_begun(self, wave: int) -> bool:
        """Something of it was ever sent."""
        return any(row.started_s for row in self.operations() if row.wave == wave)

    def problem(self) -> Problem | None:
        if failed := finalizer_failure(self.finalizers):
            return failed
        return first_failure(self.operations()) if self._counts[OperationState.FAILED] else None

    def take(self, rows: Iterable[StoredOperation]) -> None:
        """Rows as they now are in the ledger."""
        touched = set()
        for row in rows:
            tables = self._rows[row.shard]
            self._counts[tables[row.object_id].state] -= 1
            self._counts[row.state] += 1
            tables[row.object_id] = row
            touched.add(row.shard)
        for shard in touched:
            self._sum_up(shard)

    def take_swapped(self, shard: str, swapped: Mapping[ObjectId, Swapped]) -> None:
        """For how long it was felt what this run put in another's place there; the ledger has it
        as a line of history."""
        if swapped:
            self._swapped.setdefault(shard, {}).update(swapped)

    def take_finalizer(self, row: StoredFinalizer) -> None:
        """The row as it now is in the ledger."""
        self._finalizers[row.moment] = row

    def reload(self) -> None:
        self._rows = grouped(self._ledger.operations(self.stored.apply_id))
        steps = self._ledger.finalizers(self.stored.apply_id)
        self._finalizers = {row.moment: row for row in steps}
        self._count_anew()

    def project(self, lease: Lease) -> None:
        """Derive the apply's state from all its operations and write it if it has changed."""
        row = self._projected()
        if row.state in FINISHED and row != self.stored:
            self.reload()
            row = self._projected()
        if row != self.stored:
            self.settle(lease, row)

    def settle(self, lease: Lease, row: StoredApply) -> None:
        history: tuple[EventEntry, ...] = ()
        if row.state is not self.stored.state or row.reason != self.stored.reason:
            what = StateChanged(row.state, row.reason)
            history = (EventEntry(at_s=self._clock.now_s(), what=what),)
        self._ledger.settle(lease, row, history)
        self.stored = replace(row, version=row.version + 1)

    def hold(
        self,
        lease: Lease,
        hold: Hold,
        reason: Reason | None,
        soaking: Soaking | None = None,
        *,
        at_work: bool = False,
    ) -> None:
        """Say why nothing starts; with Hold.NONE, that it will by itself. `at_work`: shards are,
        and their rows are not taken in before they have ended."""
        if (hold, reason, soaking) == (self.stored.hold, self.stored.reason, self.stored.soaking):
            return
        running = [OperationState.RUNNING] if at_work else []
        self.settle(
            lease,
            replace(
                self.stored,
                hold=hold,
                reason=reason,
                soaking=soaking,
                waits_since_s=self._clock.now_s() if reason else None,
                state=apply_state([*self._states_present(), *running], hold),
            ),
        )

    def move_rest(self, lease: Lease, move: Move) -> None:
        """Make the move with every operation that is not settled and can make it."""
        rows = [row for row in self.operations() if (row.state, move) in TRANSITIONS]
        self._move(lease, rows, move)
        self._move_finalizers(lease, move)

    def lose(self, lease: Lease, shards: Iterable[str]) -> None:
        """What is running on these shards, and of the keyspace, is left to itself."""
        self.reload()
        rows = [row for shard in shards for row in self._rows[shard].values()]
        running = [row for row in rows if (row.state, Move.LOSE) in TRANSITIONS]
        self._move(lease, running, Move.LOSE)
        self._move_finalizers(lease, Move.LOSE)

    def lose_what_runs(self, lease: Lease) -> None:
        """At the end of a run: what was found running and nobody follows is left to itself."""
        rows = [row for row in self.operations() if (row.state, Move.LOSE) in TRANSITIONS]
        self._move(lease, rows, Move.LOSE)
        self._move_finalizers(lease, Move.LOSE)

    def contain(self, lease: Lease, shard: str, problem: Problem) -> None:
        """The shard's work ended with a fault, or is never to begin: what was running failed, or
        what would have been first; the rest never starts."""
        self.reload()
        record = ShardRecorder(self._ledger, lease, self._clock, shard, self._rows[shard])
        record.resume_stopped()  # what is at rest cannot fail
        unsettled = [row for row in record.rows if row.state not in SETTLED]
        if unsettled:
            at_fault = max(unsettled, key=lambda row: row.state is OperationState.RUNNING)
            record.fail(at_fault.object_id, problem)
            record.write()
        self.take(record.rows)

    def contain_finalizer(self, lease: Lease, moment: Moment, problem: Problem) -> None:
        """Its work ended with a fault: it failed, and is not tried again (ST-15)."""
        self.reload()
        row = self.finalizer(moment)
        if (row.state, Move.FAIL) in TRANSITIONS:
            moved = moved_finalizer(row, Move.FAIL, self._clock.now_s(), problem)
            self._ledger.record(lease, [FinalizerEntry(row=moved)])
            self.take_finalizer(replace(moved, version=row.version + 1))

    def _move_finalizers(self, lease: Lease, move: Move) -> None:
        now_s = self._clock.now_s()
        can = [row for row in self.finalizers if (row.state, move) in TRANSITIONS]
        rows = [moved_finalizer(row, move, now_s, row.problem) for row in can]
        if rows:
            self._ledger.record(lease, [FinalizerEntry(row=row) for row in rows])
        for row in rows:
            self.take_finalizer(replace(row, version=row.version + 1))

    def _move(self, lease: Lease, rows: list[StoredOperation], move: Move) -> None:
        now_s = self._clock.now_s()
        moved = [moved_row(row, move, now_s, row.problem) for row in rows]
        entries: list[Entry] = [OperationEntry(row=row) for row in moved]
        if move is Move.CANCEL and moved:
            given_up = {(row.shard, row.object_id) for row in moved}
            recorded = self._ledger.statements(self.stored.apply_id)
            entries += kept_copies(recorded, given_up, now_s)
        if entries:
            self._ledger.record(lease, entries)
            self.take(replace(row, version=row.version + 1) for row in moved)

    def _projected(self) -> StoredApply:
        state = apply_state(self._states_present(), self.stored.hold)
        finished = state in FINISHED
        return replace(
            self.stored,
            state=state,
            problem=self.problem(),
            hold=Hold.NONE if finished else self.stored.hold,
            reason=None if finished else self.stored.reason,
            waits_since_s=None if finished else self.stored.waits_since_s,
            soaking=None if finished else self.stored.soaking,
            completed_s=max(self._all_settled_s()) if finished else None,
        )

    def _states_present(self) -> list[OperationState]:
        of_shards = [state for state, count in self._counts.items() if count]
        return [*of_shards, *(row.state for row in self.finalizers)]

    def _all_settled_s(self) -> list[float]:
        of_keyspace = (row.settled_s for row in self.finalizers if row.settled_s is not None)
        return [*self.settled_s.values(), *of_keyspace]

    def _count_anew(self) -> None:
        self._counts = Counter(row.state for row in self.operations())
        for shard in self._rows:
            self._sum_up(shard)

    def _sum_up(self, shard: str) -> None:
        rows = self._rows[shard].values()
        self.states[shard] = shard_state(row.state for row in rows)
        settled = [row.settled_s for row in rows if row.settled_s is not None]
        if settled:
            self.settled_s[shard] = max(settled)
