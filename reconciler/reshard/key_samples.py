"""From which rows of a shard keys are taken by chance, for a split that is to be proposed.

Servers have no way to give a row by chance, so places are chosen along an index that they can
be found by at once. Where rows lie close together is asked of the server's own estimates, or every
sample would be of the rows behind the largest gaps (SP-100).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate

from reconciler.ddl.quote import quote_string
from reconciler.model.schema import Column, Index, IndexKind, Table
from reconciler.reshard.limits import (
    ADVICE_SAMPLES,
    SAMPLED_BYTES_SHARE_MIN,
    SAMPLED_STRETCHES,
    SAMPLED_TABLES_MAX,
)
from reconciler.spec.model import TableClass

#: The last place of any index; 0 is before its first row.
END = 1 << 64

_FIRST_WORD = re.compile(r"[a-z]+")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TEXT_DIGITS = 12  # 36^12 places: nearly as many as END


class ValueOrder(StrEnum):
    """By what the values of an index' first column follow each other."""

    NUMBERS = "numbers"
    BYTES = "bytes"
    TEXT = "text"


_ORDERS = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint"), ValueOrder.NUMBERS),
    **dict.fromkeys(("binary", "varbinary"), ValueOrder.BYTES),
    **dict.fromkeys(("char", "varchar"), ValueOrder.TEXT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledTable:
    """`rows` keys are wanted, found by `column`, the first one of the index."""

    name: str
    shard_by: str
    index: str
    column: str
    order: ValueOrder
    rows: int


def tables_to_sample(
    tables: Sequence[Table], classes: Sequence[TableClass], sizes: Mapping[str, int | None]
) -> tuple[SampledTable, ...] | str:
    """Those with most of the bytes, each with its part of the sample; or, in words, why what is
    there to be sampled would say too little of the whole."""
    columns = {one.table: one.shard_by for one in classes if one.shard_by is not None}
    sharded = {
        table.name: max(sizes.get(table.name) or 0, 1) for table in tables if table.name in columns
    }
    if not sharded:
        return "none of its tables is sharded"
    whole = sum(sharded.values())
    found: list[tuple[int, SampledTable]] = []
    for table in sorted(tables, key=lambda one: (-sharded.get(one.name, 0), one.name)):
        shard_by = columns.get(table.name)
        if shard_by is None or len(found) == SAMPLED_TABLES_MAX:
            continue
        along = _index(table, shard_by)
        if along is not None:
            index, column, order = along
            sampled = SampledTable(
                name=table.name, shard_by=shard_by, index=index, column=column, order=order, rows=0
            )
            found.append((sharded[table.name], sampled))
    covered = sum(size for size, _ in found)
    if covered < whole * SAMPLED_BYTES_SHARE_MIN:
        first = max((name for name in sharded), key=lambda name: (sharded[name], name))
        return (
            f"rows of tables with {covered / whole:.0%} of its bytes can be sampled; table {first}"
            f" needs an index whose first column is {columns[first]}"
        )
    return tuple(replace(one, rows=-(-ADVICE_SAMPLES * size // covered)) for size, one in found)


def _index(table: Table, shard_by: str) -> tuple[str, str, ValueOrder] | None:
    """Along the key itself, equal values are of one shard anyway; along a primary key of one column
    there are no equal values. Along any other, the first row would speak for all that follow."""
    for index in table.indexes:
        if _leads(index, shard_by) and (order := _order(table.column(shard_by))) is not None:
            return index.name, shard_by, order
    for index in table.indexes:
        column = index.parts[0].column
        if index.kind is IndexKind.PRIMARY and len(index.parts) == 1 and column is not None:
            order = _order(table.column(column))
            if order is not None and _leads(index, column):
                return index.name, column, order
    return None


def _leads(index: Index, column: str) -> bool:
    first = index.parts[0]
    is_ordered = index.kind in (IndexKind.PRIMARY, IndexKind.UNIQUE, IndexKind.PLAIN)
    is_whole = first.column == column and first.length is None
    return is_ordered and is_whole and index.visible and index.using != "HASH"


def _order(column: Column | None) -> ValueOrder | None:
    word = _FIRST_WORD.match(column.sql_type) if column is not None else None
    return _ORDERS.get(word[0]) if word is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """Values of a column by their places from 0 to END, in its order; `low` and `high` are the
    least and the greatest of those that are there."""

    order: ValueOrder
    low: int | str | bytes
    high: int | str | bytes

    def at(self, place: int) -> str:
        """The value as SQL."""
        match self.low, self.high:
            case int(low), int(high):
                return str(low + place * (high - low + 1) // END)
            case bytes(low), bytes(high):
                start = low[: _shared(low, high)]
                return f"x'{(start + min(place, END - 1).to_bytes(8, 'big')).hex()}'"
            case str(low), str(high):
                start_of_text = low[: _shared(low, high)]
                return quote_string(start_of_text + _text_digits(min(place, END - 1)))
        raise AssertionError("both ends are of one kind")


def _shared(low: Sequence[object], high: Sequence[object]) -> int:
    """How many items both begin with."""
    pairs = zip(low, high, strict=False)
    differs = (at for at, (one, other) in enumerate(pairs) if one != other)
    return next(differs, min(len(low), len(high)))


def _text_digits(place: int) -> str:
    scaled = place * 36**_TEXT_DIGITS // END
    digits = []
    for _ in range(_TEXT_DIGITS):
        scaled, digit = divmod(scaled, 36)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The rows from one place up to another: as many, by the server's estimate."""

    begin: int
    end: int
    rows: int


def halved(ruler: Ruler, stretches: Sequence[Stretch]) -> tuple[Stretch, int] | None:
    """The fullest stretch, with the place to part it at: as long as it holds more than its share of
    all rows, and there are values between its ends. None: no sample could be of one place alone."""
    share = sum(stretch.rows for stretch in stretches) / SAMPLED_STRETCHES
    for stretch in sorted(stretches, key=lambda one: (-one.rows, one.begin)):
        if stretch.rows <= share:
            return None
        middle = _between(ruler, stretch)
        if middle is not None:
            return stretch, middle
    return None


def _between(ruler: Ruler, stretch: Stretch) -> int | None:
    """The middle, or else the place of the second value; None where there is one value alone. It is
    the first place of its value, so that no place before it is of that value."""
    middle = (stretch.begin + stretch.end) // 2
    wanted, first = ruler.at(middle), ruler.at(stretch.begin)
    before, found = stretch.begin, middle if wanted != first else stretch.end
    while found - before > 1:
        middle = (before + found) // 2
        value = ruler.at(middle)
        if value == first or (wanted != first and value != wanted):
            before = middle
        else:
            found = middle
    return found if found < stretch.end else None


def places(stretches: Sequence[Stretch], rows: int, chance: Callable[[], float]) -> tuple[int, ...]:
    """Where `rows` samples are taken: in each stretch as many as it has of the rows. `chance` gives
    numbers from 0 up to 1."""
    full = list(accumulate(stretch.rows for stretch in stretches))
    found = []
    for _ in range(rows if full and full[-1] else 0):
        stretch = stretches[bisect_right(full, chance() * full[-1])]
        found.append(stretch.begin + int(chance() * (stretch.end - stretch.begin)))
    return tuple(sorted(found))
