"""AUTO_INCREMENT counters, where policy `auto_increment: raise` looks at them.

A file's value is a floor: what lies above it is data. So a counter is read as having come that far
or not (`ddl.counter.counted_to`), and only that can differ between two tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

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


def counter_clause(observed: Table, desired: Table, policy: AutoIncrement) -> Clause | None:
    """AUTO_INCREMENT=n, where the policy raises it: a lower value would be ignored silently, and
    the normal form of a table has none, so both tables are as read here."""
    wanted = counter_of(desired)
    if policy is not AutoIncrement.RAISE or wanted <= counter_of(observed):
        return None
    sql = option_sql(COUNTER, str(wanted))
    return Clause(kind=ClauseKind.TABLE_OPTION, object=COUNTER, sql=sql)


def is_raised_first(before: Table, after: Table) -> bool:
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
