"""Compares a table's rows with those of its copy: right before the copy is swapped in, as many as
the bounds allow; or a stretch at a time, while a copy goes on (`rows_ahead`), or where only rows
tell what a copy is worth.

Rule: a copy may follow its table a moment later, so what differs is looked at again. A row is only
said to differ that stayed the same in the table from one look to the next, and that the copy has
not followed in all that time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from reconciler.ddl.row_comparison import (
    BYTEWISE,
    LiveColumn,
    LiveTable,
    RowComparison,
    at_end_sql,
    comparison_of,
    equal_sql,
    go_on_sql,
    next_end_sql,
    stretch_sql,
)
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import (
    ROWS_COMPARED_MAX,
    ROWS_COMPARED_S_MAX,
    ROWS_DIFFERING_MAX,
    ROWS_LOOK_AGAIN_S,
    ROWS_PER_STRETCH,
)
from reconciler.edges.mysql.reading import number, text
from reconciler.model.policy import HazardKind
from reconciler.plan.model import PlannedStatement
from reconciler.ports.shards import RowsAlike, RowsChecked, RowsDiffer, RowsNotCompared

_COLUMNS = (
    "SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, COLUMN_TYPE, EXTRA"
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s"
    " ORDER BY ORDINAL_POSITION"
)
_KEYS = (
    "SELECT INDEX_NAME, COLUMN_NAME, SUB_PART, NULLABLE FROM information_schema.STATISTICS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND NON_UNIQUE = 0"
    " ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX"
)
_COLLATION = "SELECT COUNT(*) FROM information_schema.COLLATIONS WHERE COLLATION_NAME = %s"

_Row = tuple[str, str]  # how it differs, and the digest of its key


def compare_rows(
    link: Link,
    statement: PlannedStatement,
    copy: str,
    *,
    begun: OngoingCheck | None = None,
    monotonic_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> RowsChecked:
    """As many as the bounds allow, besides those that `begun` has compared by now. Raises
    ServerRefusal and LinkLost."""
    check = begun or begin_check(link, statement, copy, look_again_s=ROWS_LOOK_AGAIN_S, sleep=sleep)
    if isinstance(check, RowsNotCompared):
        return check
    give_up_s = monotonic_s() + ROWS_COMPARED_S_MAX
    compared_max = check.compared + ROWS_COMPARED_MAX
    while (found := check.next_stretch()) is None:
        if monotonic_s() >= give_up_s or check.compared >= compared_max:
            return check.so_far(is_whole=False)
    return found


def begin_check(
    link: Link,
    statement: PlannedStatement,
    copy: str,
    *,
    look_again_s: Sequence[float] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> OngoingCheck | RowsNotCompared:
    """`look_again_s`: how long a copy is given to follow what was just written; nothing for one
    that follows in the transaction that writes. Raises ServerRefusal and LinkLost."""
    table = statement.object_id.name
    before, after = _live_table(link, table), _live_table(link, copy)
    if not after.columns:
        return RowsNotCompared(f"there is no table `{copy}`")
    comparison = comparison_of(
        before,
        after,
        other_values=_objects(statement, HazardKind.CHANGE_VALUES),
        narrowed=_objects(statement, HazardKind.NARROW_TYPE),
        has_bytewise=number(link.row(_COLLATION, [BYTEWISE], width=1)[0]) == 1,
    )
    if comparison is None:
        return RowsNotCompared(
            f"`{table}` and its copy share no unique key, of columns that are never NULL and keep"
            " their values, that tells which row is which"
        )
    return OngoingCheck(link, comparison, tuple(look_again_s), sleep)


def _objects(statement: PlannedStatement, kind: HazardKind) -> Collection[str]:
    return {hazard.object for hazard in statement.hazards if hazard.kind is kind}


def _live_table(link: Link, table: str) -> LiveTable:
    found = link.query(_COLUMNS, [table], width=6)
    columns = tuple(
        LiveColumn(
            name=text(name),
            data_type=text(data_type).lower(),
            charset=text(charset or ""),
            collation=text(collation or ""),
            column_type=text(column_type),
            is_generated="GENERATED" in text(extra).upper().replace("DEFAULT_GENERATED", ""),
        )
        for name, data_type, charset, collation, column_type, extra in found
    )
    return LiveTable(name=table, columns=columns, keys=tuple(_keys(link, table)))


def _keys(link: Link, table: str) -> Iterator[tuple[str, ...]]:
    parts: dict[str, list[str]] = {}
    unfit: set[str] = set()
    for index, column, sub_part, nullable in link.query(_KEYS, [table], width=4):
        parts.setdefault(text(index), []).append(text(column or ""))
        if column is None or sub_part is not None or text(nullable or "") == "YES":
            unfit.add(text(index))
    yield from (tuple(columns) for index, columns in parts.items() if index not in unfit)


@dataclass
class _Look:
    """`differing` has the digest of each row that does, `copied` the copy's rows, if counted."""

    rows: int = 0
    copied: int | None = None
    differing: dict[_Row, str] = field(default_factory=dict)

    @property
    def has_extra(self) -> bool:
        missing = sum(kind == "missing" for kind, _ in self.differing)
        return self.copied is not None and self.copied > self.rows - missing


@dataclass
class OngoingCheck:
    """Where it stands is in the session of `link`: over another one it cannot go on."""

    link: Link
    comparison: RowComparison
    look_again_s: tuple[float, ...]
    sleep: Callable[[float], None]
    compared: int = 0
    unsettled: int = 0
    found: set[_Row] = field(default_factory=set)
    has_begun: bool = False
    is_at_end: bool = False

    def next_stretch(self) -> RowsAlike | RowsDiffer | None:
        """None: there are more. Raises ServerRefusal and LinkLost."""
        if not self.is_at_end:
            is_last = self._find_end(ROWS_PER_STRETCH)
            self._compare(is_first=not self.has_begun, is_last=is_last)
            self._go_on(is_last=is_last)
        if self.is_at_end or len(self.found) >= ROWS_DIFFERING_MAX:
            return self.so_far(is_whole=self.is_at_end)
        return None

    def next_equal(self, *, rows: int, has_end: bool) -> bool:
        """One stretch of so many rows, if it is equal at the first look; not the table's last one
        unless the copy `has_end`. False: it is not, or there is none. Raises ServerRefusal and
        LinkLost."""
        if self.is_at_end:
            return False
        is_last = self._find_end(rows)
        if is_last and not has_end:
            return False
        sql = equal_sql(self.comparison, is_first=not self.has_begun, is_last=is_last)
        seen, equal, copied = (number(value) for value in self.link.row(sql, width=3))
        if seen is None or equal != seen or copied not in (None, seen):
            return False
        self.compared += seen
        self._go_on(is_last=is_last)
        return True

    def so_far(self, *, is_whole: bool) -> RowsAlike | RowsDiffer:
        if self.found:
            return self._differ()
        return RowsAlike(
            compared=self.compared,
            left_out=self.comparison.left_out,
            is_whole=is_whole,
            unsettled=self.unsettled,
        )

    def _differ(self) -> RowsDiffer:
        how = [kind for kind, _ in self.found]
        return RowsDiffer(
            compared=self.compared,
            differing=how.count("differs"),
            missing=how.count("missing"),
            extra=how.count("extra"),
        )

    def _find_end(self, rows: int) -> bool:
        """True: there is none, so the stretch is the last one."""
        statements = next_end_sql(
            self.comparison,
            rows=rows,
            is_first=not self.has_begun,
            reads_into=self.link.reads_into,
        )
        for sql in statements:
            self.link.execute(sql)
        return number(self.link.row(at_end_sql(self.comparison), width=1)[0]) == 1

    def _go_on(self, *, is_last: bool) -> None:
        self.link.execute(go_on_sql(self.comparison))
        self.has_begun, self.is_at_end = True, is_last

    def _compare(self, *, is_first: bool, is_last: bool) -> None:
        look = partial(self._look, is_first=is_first, is_last=is_last)
        seen = look(is_thorough=False)
        if seen.has_extra:
            seen = look(is_thorough=True)
        self.compared += seen.rows
        suspects = seen.differing
        for pause_s in self.look_again_s:
            if not suspects:
                return
            self.sleep(pause_s)
            now = look(is_thorough=True).differing
            if len(now) < ROWS_DIFFERING_MAX:  # else some that differ may not have been told
                self.unsettled += sum(now.get(row, was) != was for row, was in suspects.items())
                suspects = {row: was for row, was in suspects.items() if now.get(row) == was}
        self.found |= suspects.keys()

    def _look(self, *, is_first: bool, is_last: bool, is_thorough: bool) -> _Look:
        sql = stretch_sql(
            self.comparison,
            is_first=is_first,
            is_last=is_last,
            differing_max=ROWS_DIFFERING_MAX,
            is_thorough=is_thorough,
        )
        seen = _Look()
        for how, key, digest in self.link.query(sql, width=3):
            match text(how):
                case "rows":
                    seen.rows = number(key) or 0
                case "copied":
                    seen.copied = number(key)
                case kind:
                    seen.differing[kind, text(key)] = text(digest or "")
        return seen
