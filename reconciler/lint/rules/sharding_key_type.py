"""A sharding column of another type than in the other tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.ddl.outline.model import ColumnOutline, TableOutline
from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import FLOATING, TEXTS, charset_of, spelled


def _check(asked: Asked) -> Iterator[Found]:
    column = asked.table.column(asked.keyspace.shard_column(asked.table))
    if column is None:
        return
    if column.type_name in FLOATING:
        yield Found(
            message=f"decides the shard of a row as {column.type_name}",
            at=column.at,
            object=column.name,
        )
        return
    said = Counter(
        _read_as(other, table)
        for table in asked.keyspace.tables.values()
        if (other := table.column(asked.keyspace.shard_column(table))) is not None
        and other.name.lower() == column.name.lower()
    )
    mine = _read_as(column, asked.table)
    usual, most = min(said.items(), key=lambda one: (-one[1], one[0]))
    if usual != mine and most > said[mine]:
        yield Found(
            message=f"is {mine}, and {usual} in {most} other table{'s' if most > 1 else ''}",
            at=column.at,
            object=column.name,
        )


def _read_as(column: ColumnOutline, table: TableOutline) -> str:
    if column.type_name in TEXTS:
        return f"{spelled(column)} in {column.collation or charset_of(column, table)}"
    return spelled(column)


RULE = Rule(
    name="sharding-key-type",
    severity=Severity.ERROR,
    reason="one value has two keys, so that rows that belong together live on two shards",
    source="no other tool looks for plain MySQL; Vitess INVALID_VSCHEMA",
    check=_check,
)
