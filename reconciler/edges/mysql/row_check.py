"""Compares a table's rows with those of its copy, right before the copy is swapped in.

Rule: a copy follows its table a moment later, so what differs is looked at again. A row is only
said to differ that stayed the same in the table from one look to the next, and that the copy has
not followed in all that time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial

from reconciler.ddl.row_comparison import (
    LiveColumn,
    LiveTable,
    RowComparison,
    at_end_sql,
    comparison_of,
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

_Row = tuple[str, str]  # how it differs, and the digest of its key


def compare_rows(
    link: Link,
    statement: PlannedStatement,
    copy: str,
    *,
    monotonic_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> RowsChecked:
    """Raises ServerRefusal and LinkLost."""
    table = statement.object_id.name
    before, after = _live_table(link, table), _live_table(link, copy)
    if not after.columns:
        return RowsNotCompared(f"there is no table `{copy}`")
    comparison = comparison_of(
        before,
        after,
        other_values=_objects(statement, HazardKind.CHANGE_VALUES),
        narrowed=_objects(statement, HazardKind.NARROW_TYPE),
    )
    if comparison is None:
        return RowsNotCompared(
            f"`{table}` and its copy share no unique key, of columns that are never NULL and keep"
            " their values, that tells which row is which"
        )
    return _Check(link, comparison, monotonic_s, sleep).run()


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
class _Check:
    link: Link
    comparison: RowComparison
    monotonic_s: Callable[[], float]
    sleep: Callable[[float], None]
    compared: int = 0
    unsettled: int = 0
    found: set[_Row] = field(default_factory=set)

    def run(self) -> RowsChecked:
        give_up_s = self.monotonic_s() + ROWS_COMPARED_S_MAX
        is_first, is_last, is_whole = True, False, True
        while not is_last and is_whole:
            is_last = self._next_stretch(is_first=is_first)
            self._compare(is_first=is_first, is_last=is_last)
            if len(self.found) >= ROWS_DIFFERING_MAX:
                break
            self.link.execute(go_on_sql(self.comparison))
            is_first = False
            is_late = self.monotonic_s() >= give_up_s
            is_whole = is_last or not (is_late or self.compared >= ROWS_COMPARED_MAX)
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

    def _next_stretch(self, *, is_first: bool) -> bool:
        for sql in next_end_sql(self.comparison, rows=ROWS_PER_STRETCH, is_first=is_first):
            self.link.execute(sql)
        return number(self.link.row(at_end_sql(), width=1)[0]) == 1

    def _compare(self, *, is_first: bool, is_last: bool) -> None:
        look = partial(self._look, is_first=is_first, is_last=is_last)
        seen = look(is_thorough=False)
        if seen.has_extra:
            seen = look(is_thorough=True)
        self.compared += seen.rows
        suspects = seen.differing
        for pause_s in ROWS_LOOK_AGAIN_S:
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
