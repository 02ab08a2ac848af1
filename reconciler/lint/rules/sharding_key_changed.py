"""The column that decides the shard becomes another, or of another kind of value."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import ColumnOutline, TableOutline
from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import INTEGERS, charset_of, spelled


def _check(asked: Asked) -> Iterator[Found]:
    before, keyspace_before = asked.change
    old_name = keyspace_before.shard_column(before)
    name = asked.keyspace.shard_column(asked.table)
    column, old = asked.table.column(name), before.column(old_name)
    if column is None or old is None:
        return
    if asked.was(column) is not old:
        yield Found(
            message=f"decides the shard of a row in place of {old.name}",
            at=column.at,
            object=column.name,
        )
    elif (now := _value(column, asked.table)) != (was := _value(old, before)):
        yield Found(
            message=f"decides the shard of a row as {now}, and did as {was}",
            at=column.at,
            object=column.name,
        )


def _value(column: ColumnOutline, table: TableOutline) -> str:
    """What of a type makes another value of what is meant to be the same."""
    if column.type_name in INTEGERS:
        return "an integer"
    if column.type_name in ("char", "varchar"):
        collation = column.collation or table.option("COLLATE") or charset_of(column, table)
        return f"text in {collation.lower()}"
    return spelled(column)


RULE = Rule(
    name="sharding-key-changed",
    severity=Severity.ERROR,
    reason="rows stay where they are, and are looked for where the new value says",
    source="no other tool looks for plain MySQL; SchemaBot on vindexes changed in place",
    check=_check,
    of_changes=True,
)
