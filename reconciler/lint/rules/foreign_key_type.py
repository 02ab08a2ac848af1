"""A foreign key between columns of two types."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import TEXTS, charset_of, spelled


def _check(asked: Asked) -> Iterator[Found]:
    for one in asked.table.foreign_keys:
        parent = None if one.parent_database else asked.keyspace.table(one.parent_table)
        for mine, theirs in zip(one.columns, one.parent_columns, strict=False):
            column = asked.table.column(mine)
            other = parent.column(theirs) if parent else None
            if column is None or other is None or parent is None:
                continue
            here, there = spelled(column), spelled(other)
            if column.type_name in TEXTS and column.type_name == other.type_name:
                here, there = charset_of(column, asked.table), charset_of(other, parent)
            if here != there:
                yield Found(
                    message=f"{mine} is {here}, and {parent.name}.{other.name} {there}",
                    at=one.at,
                    object=one.name,
                )


RULE = Rule(
    name="foreign-key-type",
    severity=Severity.ERROR,
    reason="the server refuses most of them; in others a child's value may have no parent at all",
    source="MySQL 8.4 manual, 15.1.20.5",
    check=_check,
)
