"""The record of one step of the keyspace while it goes on: nothing is sent before its intent is
durable."""

from __future__ import annotations

from dataclasses import replace

from reconciler.drive.moved_rows import moved_finalizer
from reconciler.drive.shard.recorder import RecordLost
from reconciler.errors import Problem, ReconcilerError
from reconciler.ledger.finalizers import (
    StepHappened,
    VSchemaApplied,
    VSchemaFailed,
    VSchemaLost,
    VSchemaNeverRan,
)
from reconciler.ledger.model import Entry, EventEntry, FinalizerEntry, Lease, StoredFinalizer
from reconciler.ledger.states import OperationState
from reconciler.ports.clock import Clock
from reconciler.ports.ledger import Ledger
from reconciler.rollout.transitions import Move


class FinalizerRecorder:
    """`row` is as it is in the ledger. Every method that records raises RecordLost, and then
    nothing of it is there."""

    def __init__(self, ledger: Ledger, lease: Lease, clock: Clock, row: StoredFinalizer) -> None:
        self._ledger = ledger
        self._lease = lease
        self._clock = clock
        self.row = row

    def intend(self) -> None:
        """Durable when this returns: the step may now be sent."""
        row = moved_finalizer(self.row, Move.START, self._clock.now_s())
        self._write(replace(row, attempts=row.attempts + 1, intended_s=self._clock.now_s()))

    def complete(self) -> None:
        """It was sent, and is read back as planned."""
        self._move(Move.COMPLETE, VSchemaApplied(self.row.moment))

    def find_done(self) -> None:
        """A look found it in effect, whoever applied it."""
        self._move(Move.FIND_DONE, VSchemaApplied(self.row.moment, is_found=True))

    def find_undone(self) -> None:
        self._move(Move.FIND_UNDONE, VSchemaNeverRan(self.row.moment))

    def lose(self, problem: Problem) -> None:
        self._move(Move.LOSE, VSchemaLost(self.row.moment, problem.message), problem)

    def fail(self, problem: Problem) -> None:
        self._move(Move.FAIL, VSchemaFailed(self.row.moment, problem.message), problem)

    def fail_for_now(self, problem: Problem) -> None:
        """Nothing of it took effect, and it is tried again."""
        if self.row.state is OperationState.FAILED_RETRYABLE:
            self.explain(problem)
            return
        told = VSchemaFailed(self.row.moment, problem.message, is_for_now=True)
        self._move(Move.FAIL_FOR_NOW, told, problem)

    def explain(self, problem: Problem) -> None:
        """Say why the step is where it is, without moving it."""
        if problem != self.row.problem:
            self._write(replace(self.row, problem=problem))

    def _move(self, move: Move, told: StepHappened, problem: Problem | None = None) -> None:
        now_s = self._clock.now_s()
        self._write(moved_finalizer(self.row, move, now_s, problem), told)

    def _write(self, row: StoredFinalizer, told: StepHappened | None = None) -> None:
        entries: list[Entry] = [FinalizerEntry(row=row)]
        if told is not None:
            entries.append(EventEntry(at_s=self._clock.now_s(), what=told))
        try:
            self._ledger.record(self._lease, entries)
        except ReconcilerError as error:
            raise RecordLost(error.problems[0]) from error
        self.row = replace(row, version=row.version + 1)
