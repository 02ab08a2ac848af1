"""AUTO_INCREMENT counters, where policy `auto_increment: raise` looks at them.

A file's value is a floor: what lies above it is data. So a counter is read as having come that far
or not (`ddl.counter.counted_to`), and only that can differ between two tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.ddl.render import option_sql
from reconciler.diff.model import Clause, ClauseKind, DiffRefusal
from reconciler.diff.options import changes_engine
from reconciler.model.policy import AutoIncrement
from reconciler.model.renames import Rename, RenameKind
from reconciler.model.schema import Column, Schema, Table

COUNTER = "AUTO_INCREMENT"


def wanted_counters(desired: Schema, renames: Iterable[Rename]) -> dict[str, int]:
    """By table, under the name that it still has as well as under the one it will have."""
    wanted = {table.name: value for table in desired.tables if (value := counter_of(table))}
    tables = {table.name for table in desired.tables}
    for rename in renames:
        if rename.kind is RenameKind.TABLE and rename.new in wanted and rename.old not in tables:
            wanted[rename.old] = wanted[rename.new]
    return wanted


def counter_of(table: Table) -> int:
    """0: none is printed, so that no row was ever counted and none is wanted."""
    return int(table.option(COUNTER) or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterClauses:
    """AUTO_INCREMENT=n by table: `first` is a statement before all others, `along` goes with the
    ALTER that does the rest."""

    first: Mapping[str, Clause]
    along: Mapping[str, Clause]


def counter_clauses(
    tables: Iterable[tuple[Table, Table, Table]], policy: AutoIncrement
) -> CounterClauses:
    """Of (live, before, desired): the normal form of a table has no counter, so live and desired
    are as read; `before` is live under the names that it will have."""
    first: dict[str, Clause] = {}
    along: dict[str, Clause] = {}
    for live, before, desired in tables:
        wanted = counter_of(desired)
        if policy is AutoIncrement.RAISE and wanted > counter_of(live):
            sql = option_sql(COUNTER, str(wanted))
            into = first if _is_raised_first(before, desired) else along
            into[desired.name] = Clause(kind=ClauseKind.TABLE_OPTION, object=COUNTER, sql=sql)
    return CounterClauses(first=first, along=along)


def _is_raised_first(before: Table, after: Table) -> bool:
    """Whether the counter can be raised before anything else: rows that are inserted meanwhile may
    raise it too, and then that statement has no work left, whatever else the plan does. Not where
    the column that counts, or what keeps its counter, is about to change."""
    old, new = _counting_column(before), _counting_column(after)
    if old is None or new is None or changes_engine(before, after):
        return False
    return (old.name, old.sql_type) == (new.name, new.sql_type)


def swap_refusals(
    renamed: Iterable[tuple[str, str]], tables: Mapping[str, Table], policy: AutoIncrement
) -> Iterator[DiffRefusal]:
    """`renamed` are (old, new), `tables` those of git. Of a name that one table gives to another in
    one plan nobody could tell which of their two values its counter is held against."""
    if policy is not AutoIncrement.RAISE:
        return
    for old, new in renamed:
        if old in tables and max(counter_of(tables[old]), counter_of(tables[new])):
            yield DiffRefusal(
                table=new,
                object=COUNTER,
                reason=f"tables {old} and {new} pass a name on in the plan that would raise a"
                " counter under it",
                recovery="take AUTO_INCREMENT out of both files until the tables are renamed",
            )


def without_counter(table: Table, policy: AutoIncrement) -> Table:
    """A new table starts counting where its file says only if the policy looks at counters."""
    if policy is AutoIncrement.RAISE or table.option(COUNTER) is None:
        return table
    return replace(table, options=tuple(o for o in table.options if o[0] != COUNTER))


def _counting_column(table: Table) -> Column | None:
    return next((column for column in table.columns if column.auto_increment), None)
