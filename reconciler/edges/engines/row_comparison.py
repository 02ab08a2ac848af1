"""Are the rows of a copy those of its table? Both are read in one snapshot, and compared by number
and by a checksum of the columns that both have.

That a copying program ended well proves nothing: some leave rows out, or cut values short, and end
well. Rule: what was compared and differs, or could not be compared, is no copy.

Where the primary key is one integer, in both, the rows are read some thousands at once, each time
in a snapshot of its own, so that none is held for hours: what was equal stays so, for each write
reaches both in one transaction. Other tables are read at once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.client.target import Target
from reconciler.edges.engines.limits import ROWS_COMPARED_AT_ONCE
from reconciler.edges.engines.unique_keys import is_integer, shape_of
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.limits import ENGINE_LOOK_S
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.session_settings import Variables, set_session

_COLUMNS = """
SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, EXTRA FROM information_schema.COLUMNS
 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (%s, %s) ORDER BY TABLE_NAME, ORDINAL_POSITION
"""
_EXACT = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "bit", "year"})
_APPROXIMATE = frozenset({"float", "double"})
_MOMENTS = frozenset({"date", "datetime", "timestamp"})
_SHAPES = frozenset(
    {
        *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring"),
        *("multipolygon", "geometrycollection", "geomcollection"),
    }
)
_BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsDiffer:
    """`of_table` and `of_copy` are the numbers of their rows."""

    of_table: int
    of_copy: int


@dataclass(frozen=True, slots=True)
class RowsAreEqual:
    pass


@dataclass(frozen=True, slots=True)
class StillReading:
    pass


class NotLocked(Exception):
    """Somebody else has the lock, and so is at work on the table."""


class RowComparison:
    """Over a connection of its own. `lock` is a SELECT that gives 1 once the connection has what
    shows that somebody is at work. Not for two threads at once."""

    def __init__(
        self,
        target: Target,
        settings: Variables,
        *,
        table: str,
        copy: str,
        lock: str,
        rows_at_once: int = ROWS_COMPARED_AT_ONCE,
    ) -> None:
        """Raises Unavailable, ServerRefusal, LinkLost, or NotLocked."""
        self._link = connect(target, program="reconciler, comparing rows")
        self._table, self._rows_at_once = table, rows_at_once
        self._of_table = self._of_copy = 0
        self._high: int | None = None
        self._to_send: tuple[str, ...] = ()
        try:
            self._link.execute(set_session(settings))
            if number(self._link.row(lock, width=1)[0]) != 1:
                raise NotLocked
            self._selects = _selects(self._link, table, copy)
            self._key = _integer_key(self._link, table, copy)
            self._link.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._begin(low=None)
        except BaseException:
            self._link.close()
            raise

    def look(self) -> StillReading | RowsAreEqual | RowsDiffer:
        """Waits some seconds at most. Raises ServerRefusal or LinkLost."""
        give_up_s = time.monotonic() + ENGINE_LOOK_S
        while self._link.answer_begins_within(max(0.0, give_up_s - time.monotonic())):
            self._link.take_answer()
            self._to_send = self._to_send[1:]
            if self._to_send:
                self._link.send(self._to_send[0])
            elif not self._are_equal():
                return RowsDiffer(of_table=self._of_table, of_copy=self._of_copy)
            elif self._high is None:
                return RowsAreEqual()
            else:
                self._begin(low=self._high)
        return StillReading()

    def close(self) -> None:
        self._link.cut()

    def _begin(self, *, low: int | None) -> None:
        """The next rows, in a snapshot of now."""
        self._link.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        self._high = self._end_of_rows_from(low)
        bounds = [(">=", low), ("<", self._high)]
        given = [f"{self._key} {sign} {bound}" for sign, bound in bounds if bound is not None]
        where = f" WHERE {' AND '.join(given)}" if given else ""
        self._to_send = tuple(select + where for select in self._selects)
        self._link.send(self._to_send[0])

    def _end_of_rows_from(self, low: int | None) -> int | None:
        """None: these are the last."""
        if self._key is None:
            return None
        where = "" if low is None else f" WHERE {self._key} >= {low}"
        rows = self._link.query(
            f"SELECT {self._key} FROM {quote_identifier(self._table)}{where}"
            f" ORDER BY {self._key} LIMIT 1 OFFSET {self._rows_at_once}",
            width=1,
        )
        return number(rows[0][0]) if rows else None

    def _are_equal(self) -> bool:
        asked = "SELECT @rows_1, @rows_2, @sum_1 <=> @sum_2"
        of_table, of_copy, same = (number(v) or 0 for v in self._link.row(asked, width=3))
        self._of_table, self._of_copy = self._of_table + of_table, self._of_copy + of_copy
        return of_table == of_copy and same == 1


def _integer_key(link: Link, table: str, copy: str) -> str | None:
    """The column that is the primary key of both, quoted; None: there is no such one."""
    before, after = shape_of(link, table), shape_of(link, copy)
    key = before.keys.get("PRIMARY", ())
    if len(key) != 1 or key != after.keys.get("PRIMARY") or key[0].column is None:
        return None
    kinds = (shape.columns[key[0].column][0] for shape in (before, after))
    return quote_identifier(key[0].column) if all(map(is_integer, kinds)) else None


def _selects(link: Link, table: str, copy: str) -> tuple[str, ...]:
    """One statement for each of the two, whose answers stay in the session."""
    kinds: dict[str, dict[str, str]] = {}
    for owner, column, kind, extra in link.query(_COLUMNS, [table, copy], width=4):
        is_derived = "GENERATED" in text(extra).upper().replace("DEFAULT_GENERATED", "")
        if not is_derived:
            kinds.setdefault(text(owner).lower(), {})[text(column).lower()] = text(kind).lower()
    of_table, of_copy = kinds.get(table.lower(), {}), kinds.get(copy.lower(), {})
    shared = [name for name in of_table if name in of_copy]
    return tuple(
        _select(index, name, shared, of_table, of_copy) for index, name in ((1, table), (2, copy))
    )


def _select(
    index: int, table: str, shared: Sequence[str], one: Mapping[str, str], other: Mapping[str, str]
) -> str:
    own = (one, other)[index - 1]
    texts = [_text_of(name, own[name], {one[name], other[name]}) for name in shared]
    # NULL and '' are told apart; '-' is no digit of HEX, so that no two rows have one text.
    row = ", ".join(f"COALESCE({words}, '-')" for words in texts) or "''"
    digest = f"SHA2(CONCAT_WS(',', {row}), 256)"  # MySQL has no MD5 since 9.6
    # Parts of it, summed: the order of rows does not matter, and pairs do not vanish.
    parts = (
        f"SUM(CAST(CONV(SUBSTRING({digest}, {at}, 8), 16, 10) AS UNSIGNED))" for at in (1, 9, 17)
    )
    checksum = "CONCAT_WS('-', " + ", ".join(parts) + ")"
    source = quote_identifier(table)
    return f"SELECT COUNT(*), {checksum} INTO @rows_{index}, @sum_{index} FROM {source}"


def _text_of(name: str, own: str, kinds: set[str]) -> str:
    """The same text for the same value in a column of either type."""
    column = quote_identifier(name)
    if kinds <= _EXACT:
        return f"HEX(CAST(CAST({column} AS DECIMAL(65,30)) AS CHAR))"
    if kinds <= _EXACT | _APPROXIMATE:
        return f"HEX(CAST({column} + 0e0 AS CHAR))"
    if kinds <= _MOMENTS:
        return f"HEX(CAST(CAST({column} AS DATETIME(6)) AS CHAR))"
    if kinds == {"time"}:
        return f"HEX(CAST(CAST({column} AS TIME(6)) AS CHAR))"
    if own in _BYTES or own in _SHAPES:
        return f"HEX({column})"
    return f"HEX(CONVERT(CAST({column} AS CHAR) USING utf8mb4))"
