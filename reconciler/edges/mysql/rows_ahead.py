"""Rows of a table compared with those of its copy while the copy goes on, so that few are left for
the moment in which it is to be swapped in.

Rule: what was compared counts for as long as nobody writes to the table, and no longer (EN-50). A
server tells when a table was last written, by the commit; where it does not, or where that changes,
all rows are compared again. What is found to differ is only told by the look at the end.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import (
    ROWS_AHEAD_S_MAX,
    ROWS_AHEAD_TRIES_MAX,
    ROWS_LOOK_AGAIN_S,
    ROWS_PER_STRETCH_AHEAD,
    ROWS_REST_S_MIN,
)
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.row_check import OngoingCheck, begin_check, compare_rows
from reconciler.plan.model import PlannedStatement
from reconciler.ports.shards import RowsChecked, RowsNotCompared

# Of the two ways to tell how long ago that was, one is an hour too long when clocks are put
# forward, the other when they are put back.
_WRITTEN = (
    "SELECT UPDATE_TIME, LEAST(TIMESTAMPDIFF(SECOND, UPDATE_TIME, NOW()),"
    " FLOOR(UNIX_TIMESTAMP() - UNIX_TIMESTAMP(UPDATE_TIME))) FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND UPDATE_TIME IS NOT NULL"
)


@dataclass(slots=True)
class _Begun:
    """`written_at`: when the table was last written, as the server told when this began, and the
    copy, once all of it was compared. `tries` were in vain."""

    link: Link
    statement: PlannedStatement
    copy: str
    written_at: str
    check: OngoingCheck
    copy_written_at: str | None = None
    tries: int = 0

    def has_no_more(self, copied: int | None) -> bool:
        return self.check.is_at_end or (
            copied is not None and self.check.compared + ROWS_PER_STRETCH_AHEAD > copied
        )


class RowsAhead:
    """Of one session, one copy at a time. Not for two threads at once."""

    def __init__(self) -> None:
        self._begun: _Begun | None = None

    def go_on(
        self,
        link: Link,
        statement: PlannedStatement,
        copy: str,
        *,
        copied: int | None,
        behind_s: int,
    ) -> None:
        """As `ShardSession.compare_ahead`. Raises ServerRefusal and LinkLost."""
        if copied is not None and copied < ROWS_PER_STRETCH_AHEAD:
            return
        begun = self._still(link, statement, copy) or _begun(link, statement, copy, behind_s)
        self._begun = begun
        if begun is None or begun.tries == ROWS_AHEAD_TRIES_MAX:
            return
        give_up_s = time.monotonic() + ROWS_AHEAD_S_MAX
        while time.monotonic() < give_up_s and not begun.has_no_more(copied):
            if not begun.check.next_equal(rows=ROWS_PER_STRETCH_AHEAD, has_end=copied is None):
                begun.tries += 1
                return
            begun.tries = 0
        if begun.check.is_at_end and begun.copy_written_at is None:
            begun.copy_written_at = _written_at(link, copy)

    def finish(self, link: Link, statement: PlannedStatement, copy: str) -> RowsChecked:
        """As `ShardSession.compare_rows`. Raises ServerRefusal and LinkLost."""
        begun, self._begun = self._still(link, statement, copy), None
        return compare_rows(link, statement, copy, begun=begun.check if begun else None)

    def _still(self, link: Link, statement: PlannedStatement, copy: str) -> _Begun | None:
        """What counts of it now. Where it goes on, its own connection knows."""
        begun = self._begun
        if begun is None or begun.link is not link:
            return None
        if (begun.statement, begun.copy) != (statement, copy):
            return None
        is_copy_same = begun.copy_written_at in (None, _written_at(link, copy))
        is_same = _written_at(link, statement.object_id.name) == begun.written_at
        return begun if is_same and is_copy_same else None


def _begun(link: Link, statement: PlannedStatement, copy: str, behind_s: int) -> _Begun | None:
    """None: somebody writes to the table, or nobody can tell; or its rows cannot be compared."""
    written = _last_written(link, statement.object_id.name)
    if written is None or written[1] < ROWS_REST_S_MIN + behind_s:
        return None
    check = begin_check(link, statement, copy, look_again_s=ROWS_LOOK_AGAIN_S)
    if isinstance(check, RowsNotCompared):
        return None
    return _Begun(link, statement, copy, written[0], check)


def _written_at(link: Link, table: str) -> str | None:
    written = _last_written(link, table)
    return None if written is None else written[0]


def _last_written(link: Link, table: str) -> tuple[str, int] | None:
    """When, and how many seconds ago: when a transaction was committed that had written to it. None
    where the server does not know, as after its own start."""
    rows = link.query(_WRITTEN, [table], width=2)
    if len(rows) != 1:
        return None
    return text(rows[0][0]), number(rows[0][1]) or 0
