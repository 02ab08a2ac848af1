"""Are the rows of a copy those of its table? Both are read in one snapshot, and compared by number
and by a checksum of the columns that both have.

That a copying program ended well proves nothing: some leave rows out, or cut values short, and end
well. Rule: what was compared and differs, or could not be compared, is no copy.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.client.target import Target
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
        self, target: Target, settings: Variables, *, table: str, copy: str, lock: str
    ) -> None:
        """Raises Unavailable, ServerRefusal, LinkLost, or NotLocked."""
        self._link = connect(target, program="reconciler, comparing rows")
        try:
            self._link.execute(set_session(settings))
            if number(self._link.row(lock, width=1)[0]) != 1:
                raise NotLocked
            self._questions = _questions(self._link, table, copy)
            self._link.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._link.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            self._link.send(self._questions[0])
        except BaseException:
            self._link.close()
            raise

    def look(self) -> StillReading | RowsAreEqual | RowsDiffer:
        """Waits some seconds at most. Raises ServerRefusal or LinkLost."""
        give_up_s = time.monotonic() + ENGINE_LOOK_S
        while self._link.answer_begins_within(max(0.0, give_up_s - time.monotonic())):
            self._link.take_answer()
            self._questions = self._questions[1:]
            if not self._questions:
                return self._result()
            self._link.send(self._questions[0])
        return StillReading()

    def close(self) -> None:
        self._link.cut()

    def _result(self) -> RowsAreEqual | RowsDiffer:
        asked = "SELECT @rows_1, @rows_2, @sum_1 <=> @sum_2"
        of_table, of_copy, same = (number(v) or 0 for v in self._link.row(asked, width=3))
        if of_table == of_copy and same == 1:
            return RowsAreEqual()
        return RowsDiffer(of_table=of_table, of_copy=of_copy)


def _questions(link: Link, table: str, copy: str) -> tuple[str, ...]:
    """One statement for each of the two, whose answers stay in the session."""
    kinds: dict[str, dict[str, str]] = {}
    for owner, column, kind, extra in link.query(_COLUMNS, [table, copy], width=4):
        is_derived = "GENERATED" in text(extra).upper().replace("DEFAULT_GENERATED", "")
        if not is_derived:
            kinds.setdefault(text(owner).lower(), {})[text(column).lower()] = text(kind).lower()
    of_table, of_copy = kinds.get(table.lower(), {}), kinds.get(copy.lower(), {})
    shared = [name for name in of_table if name in of_copy]
    return tuple(
        _question(index, name, shared, of_table, of_copy) for index, name in ((1, table), (2, copy))
    )


def _question(
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
