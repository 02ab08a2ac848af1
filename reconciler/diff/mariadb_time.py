"""MariaDB's periods and system versioning.

A table that keeps the history of its rows refuses changes to its columns (4119) unless the session
has system_versioning_alter_history=KEEP, which it is given (`Step.session`). Where
versioning ends or begins, it ends before anything else, and begins with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.diff.model import Clause, ClauseKind, DiffRefusal
from reconciler.diff.pairing import by_name
from reconciler.model.schema import ROW_BOUNDS, Column, Table

_PERIOD = re.compile(r"(PERIOD FOR (?:SYSTEM_TIME|`(?:[^`]|``)+`)) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeClauses:
    """`beforehand` take an ALTER each; `before` is the table that they leave."""

    beforehand: tuple[Clause, ...] = ()
    drops: tuple[Clause, ...] = ()
    adds: tuple[Clause, ...] = ()
    before: Table


def time_clauses(before: Table, after: Table) -> TimeClauses:
    beforehand: list[Clause] = []
    drops = [
        _clause(f"DROP {_period_name(period)}")
        for period in before.periods
        if period not in after.periods
    ]
    adds = [_clause(f"ADD {period}") for period in after.periods if period not in before.periods]
    if before.system_versioned and not after.system_versioned:
        if before.partitioning and before.partitioning.method_sql.startswith("SYSTEM_TIME"):
            remove = Clause(
                kind=ClauseKind.REMOVE_PARTITIONING, object=before.name, sql="REMOVE PARTITIONING"
            )
            beforehand.append(remove)  # 4131 otherwise
            before = replace(before, partitioning=None)
        # With columns for the bounds of its history, these must go in the same ALTER (4125).
        into = drops if _has_bounds(before) else beforehand
        into.append(_clause("DROP SYSTEM VERSIONING"))
    elif after.system_versioned and not before.system_versioned:
        adds.append(_clause("ADD SYSTEM VERSIONING"))
    return TimeClauses(
        beforehand=tuple(beforehand), drops=tuple(drops), adds=tuple(adds), before=before
    )


def versioned_whole(before: Table, after: Table) -> Table:
    """`after`, with all of its columns versioned where versioning begins: no ALTER that begins it
    leaves a column out of it (4124, MariaDB 10.11 and 11.8)."""
    if before.system_versioned or not after.system_versioned:
        return after
    columns = tuple(replace(column, system_versioned=True) for column in after.columns)
    return replace(after, columns=columns)


def _period_name(period: str) -> str:
    match = _PERIOD.match(period)
    assert match is not None, "periods are read by the same rule"
    return match[1]


def bounds_history(column: Column) -> bool:
    """Whether it is one of the two columns that say from when to when a row was as it is. MariaDB
    moves or changes neither, but for its name (4130, 4134)."""
    return column.generated is not None and column.generated.expression in ROW_BOUNDS


def bound_refusals(before: Table, after: Table) -> Iterator[DiffRefusal]:
    """`before` has its new names already."""
    old, new = by_name(before.columns), by_name(after.columns)
    both = [key for key in old if key in new and bounds_history(old[key])]
    swapped = both != [key for key in new if key in both]
    for key in both:
        if bounds_history(new[key]) and (old[key] != new[key] or swapped):
            yield DiffRefusal(
                table=after.name,
                object=new[key].name,
                reason="MariaDB changes nothing of a column that bounds the history of rows (4134)",
                recovery="write the column into the table's file as it is on the shards; to make it"
                " again, end versioning by one plan and begin it by the next",
            )


def _has_bounds(table: Table) -> bool:
    return any(map(bounds_history, table.columns))


def _clause(sql: str) -> Clause:
    return Clause(kind=ClauseKind.OTHER, object=sql.partition(" ")[2], sql=sql, bound_to="time")
