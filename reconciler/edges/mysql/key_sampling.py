"""Values of a table's sharding column, of rows chosen by chance along an index (SP-100)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import ESTIMATES_MAX, SAMPLES_PER_STATEMENT
from reconciler.edges.mysql.problems import misread
from reconciler.edges.mysql.reading import count, number
from reconciler.reshard.key_functions.function import Value
from reconciler.reshard.key_samples import (
    END,
    Ruler,
    SampledTable,
    Stretch,
    ValueOrder,
    halved,
    places,
)


def sampled_values(
    link: Link, table: SampledTable, chance: Callable[[], float]
) -> tuple[Value, ...]:
    """At most as many as are wanted of the table. Raises ServerRefusal, LinkLost."""
    ruler = _ruler(link, table)
    if ruler is None:
        return ()
    wanted = places(_stretches(link, table, ruler), table.rows, chance)
    selects = [_row_at(table, ruler, place) for place in wanted]
    return tuple(_values(link, selects))


def _ruler(link: Link, table: SampledTable) -> Ruler | None:
    """None for a table without rows."""
    column = quote_identifier(table.column)
    low, high = link.row(f"SELECT MIN({column}), MAX({column}) {_from(table)}", width=2)
    if low is None or high is None:
        return None
    match table.order:
        case ValueOrder.NUMBERS:
            first, last = number(low), number(high)
            assert first is not None, "it is not NULL"
            assert last is not None, "it is not NULL"
            return Ruler(order=table.order, low=first, high=last)
        case ValueOrder.BYTES if isinstance(low, bytes) and isinstance(high, bytes):
            return Ruler(order=table.order, low=low, high=high)
        case ValueOrder.TEXT if isinstance(low, str) and isinstance(high, str):
            return Ruler(order=table.order, low=low, high=high)
        case _:
            raise misread()


def _stretches(link: Link, table: SampledTable, ruler: Ruler) -> list[Stretch]:
    whole = Stretch(begin=0, end=END, rows=_estimate(link, table, ruler, 0, END))
    found = [whole]
    for _ in range(ESTIMATES_MAX):
        parted = halved(ruler, found)
        if parted is None:
            break
        stretch, middle = parted
        found.remove(stretch)
        for begin, end in ((stretch.begin, middle), (middle, stretch.end)):
            rows = _estimate(link, table, ruler, begin, end)
            found.append(Stretch(begin=begin, end=end, rows=rows))
    return sorted(found, key=lambda one: one.begin)


def _estimate(link: Link, table: SampledTable, ruler: Ruler, begin: int, end: int) -> int:
    """By a dive into the index, which takes as long for many rows as for one."""
    column = quote_identifier(table.column)
    where = _between(table, ruler, begin, end)
    # MySQL (9.7) dives into no index that it is forced to take.
    source = _from(table, hint="USE")
    rows = link.rows_by_name(f"EXPLAIN FORMAT=TRADITIONAL SELECT {column} {source}{where}")
    return max((count(row.get("rows")) or 0 for row in rows), default=0)


def _row_at(table: SampledTable, ruler: Ruler, place: int) -> str:
    """The first row from there on, wherever it is."""
    column = quote_identifier(table.column)
    where = _between(table, ruler, place, END)
    wanted = quote_identifier(table.shard_by)
    return f"(SELECT {wanted} {_from(table)}{where} ORDER BY {column} LIMIT 1)"


def _values(link: Link, selects: list[str]) -> Iterator[Value]:
    for start in range(0, len(selects), SAMPLES_PER_STATEMENT):
        some = selects[start : start + SAMPLES_PER_STATEMENT]
        for (value,) in link.query(" UNION ALL ".join(some), width=1):
            yield value.encode() if isinstance(value, str) else _bytes_or_number(value)


def _bytes_or_number(value: object) -> Value:
    return value if isinstance(value, bytes) else number(value)


def _from(table: SampledTable, *, hint: str = "FORCE") -> str:
    return f"FROM {quote_identifier(table.name)} {hint} INDEX ({quote_identifier(table.index)})"


def _between(table: SampledTable, ruler: Ruler, begin: int, end: int) -> str:
    """A stretch at either end has no bound there: no text is certain to come before all others."""
    column = quote_identifier(table.column)
    bounds = [f"{column} >= {ruler.at(begin)}"] if begin > 0 else []
    bounds += [f"{column} < {ruler.at(end)}"] if end < END else []
    return f" WHERE {' AND '.join(bounds)}" if bounds else ""
