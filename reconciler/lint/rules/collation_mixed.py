"""Columns of one name, or one and the key that it is about, that compare in different ways."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import ColumnOutline, TableOutline
from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import TEXTS, meant_by


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        mine = _collation(column, asked.table)
        if mine is None or not column.name.lower().endswith(asked.words("suffixes")):
            continue
        for table, other in _joined_with(column, asked):
            theirs = _collation(other, table)
            if theirs is not None and theirs != mine:
                yield Found(
                    message=f"is compared by {mine}, and {table.name}.{other.name} by {theirs}",
                    at=column.at,
                    object=column.name,
                )
                break


def _joined_with(
    column: ColumnOutline, asked: Asked
) -> Iterator[tuple[TableOutline, ColumnOutline]]:
    """The key that its name is about, and its namesakes; of two of these one tells of the other."""
    tables = asked.keyspace.tables
    if (key := meant_by(column.name.lower(), asked.table, tables)) is not None:
        yield key
    for table in tables.values():
        other = table.column(column.name)
        if other is not None and asked.table.name > table.name:
            yield table, other


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
