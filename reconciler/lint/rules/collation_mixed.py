"""Columns of one name that compare in different ways."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import ColumnOutline, TableOutline
from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import TEXTS


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        mine = _collation(column, asked.table)
        if mine is None or not column.name.lower().endswith(asked.words("suffixes")):
            continue
        for other_table in asked.keyspace.tables.values():
            other = other_table.column(column.name)
            theirs = _collation(other, other_table) if other else None
            if theirs is not None and theirs != mine and asked.table.name > other_table.name:
                yield Found(
                    message=f"is compared by {mine}, and {other_table.name}.{column.name} by"
                    f" {theirs}",
                    at=column.at,
                    object=column.name,
                )
                break


def _collation(column: ColumnOutline, table: TableOutline) -> str | None:
    """Only where the files say it."""
    if column.type_name not in TEXTS:
        return None
    if column.collation or column.charset:
        return column.collation or column.charset
    return (table.option("COLLATE") or table.option("CHARSET") or "").lower() or None


RULE = Rule(
    name="collation-mixed",
    severity=Severity.WARNING,
    reason="a join of the two fails or uses no index",
    source="MySQL 8.4 manual, 12.8.4; Spirit type_pedantic",
    check=_check,
    options={"suffixes": ("_id", "_key", "_code", "_ref", "_uuid")},
)
