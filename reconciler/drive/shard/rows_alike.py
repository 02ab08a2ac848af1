"""Whether a copy has the rows of its table, asked right before it is swapped in.

Rule: that an engine says it is done proves nothing about rows (EN-7). What compares rows itself is
believed; of every other engine's copy the rows are compared here, and what could not be compared is
not swapped in. Most of that is done while the copy goes on or waits (EN-50), unless it is held up:
what slows a copy down holds for the comparison, too.
"""

from __future__ import annotations

from contextlib import suppress
from typing import assert_never

from reconciler.drive.limits import ROWS_AHEAD_AFTER_HOLD_S, ROWS_ALIKE_S_MAX
from reconciler.drive.shard.in_hand import InHand
from reconciler.drive.shard.problems import rows_differ, rows_not_compared
from reconciler.drive.shard.recorder import ShardRecorder
from reconciler.errors import Problem, Unavailable
from reconciler.ledger.copies import RowsCompared
from reconciler.ledger.model import StoredStatement
from reconciler.model.engine import TRAITS, EngineName
from reconciler.plan.model import PlannedStatement
from reconciler.ports.clock import Clock
from reconciler.ports.engine import ReadyToCutOver, Running
from reconciler.ports.shards import RowsAlike, RowsDiffer, RowsNotCompared, ShardSession


class RowCheck:
    """Once for a copy that is tried to be swapped in several times within minutes."""

    def __init__(self, clock: Clock, record: ShardRecorder) -> None:
        self._clock = clock
        self._record = record
        self._alike: tuple[int, float] | None = None
        self._held_at_s = float("-inf")

    def go_ahead(
        self,
        session: ShardSession,
        hand: InHand,
        answer: Running | ReadyToCutOver,
    ) -> None:
        """Some of the rows that are copied by now. What keeps it from that is found at the end."""
        progress, now_s = answer.progress, self._clock.monotonic_s()
        if progress.throttled_by:
            self._held_at_s = now_s
        is_held = now_s - self._held_at_s < ROWS_AHEAD_AFTER_HOLD_S
        copied = None if isinstance(answer, ReadyToCutOver) else progress.rows_done or 0
        handle, work = hand.row.handle, hand.work
        if is_held or copied == 0 or not handle.copy or _compares_itself(handle.engine):
            return
        behind_s = work.replica_lag_max_s or 0
        with suppress(Unavailable):
            session.compare_ahead(work.statement, handle.copy, copied=copied, behind_s=behind_s)

    def problem(
        self,
        session: ShardSession,
        row: StoredStatement,
        statement: PlannedStatement,
        copy: str,
    ) -> Problem | None:
        """None: the copy may be swapped in, as far as its rows go. Raises Unavailable."""
        now_s = self._clock.monotonic_s()
        if _compares_itself(row.handle.engine) or self._is_known(row.index, now_s):
            return None
        problem = _rows_problem(session, self._record, row, statement, copy)
        self._alike = None if problem else (row.index, now_s)
        return problem

    def _is_known(self, index: int, now_s: float) -> bool:
        if self._alike is None:
            return False
        known, at_s = self._alike
        return known == index and now_s - at_s < ROWS_ALIKE_S_MAX


def _compares_itself(engine: EngineName) -> bool:
    """Or has nothing to compare."""
    return TRAITS[engine].checks_rows or not TRAITS[engine].copies


def _rows_problem(
    session: ShardSession,
    record: ShardRecorder,
    row: StoredStatement,
    statement: PlannedStatement,
    copy: str,
) -> Problem | None:
    object_id = row.object_id
    if not copy:
        return rows_not_compared(row.shard, object_id, "the copy's name is not recorded")
    match found := session.compare_rows(statement, copy):
        case RowsAlike():
            told = RowsCompared(
                found.compared, found.left_out, is_whole=found.is_whole, unsettled=found.unsettled
            )
            record.tell(told, object_id)
            return None
        case RowsDiffer():
            return rows_differ(row.shard, object_id, found)
        case RowsNotCompared(reason=reason):
            return rows_not_compared(row.shard, object_id, reason)
        case _:
            assert_never(found)
