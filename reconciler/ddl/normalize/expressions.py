"""Every expression of a table, rewritten: what the rules about literals share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.model.schema import Check, Column, Index, IndexPart, Table

Rewrite = Callable[[str], str]


def with_expressions(table: Table, rewrite: Rewrite) -> Table:
    """Defaults, checks, generated columns and the expressions of indexes."""
    return replace(
        table,
        columns=tuple(_column(column, rewrite) for column in table.columns),
        indexes=tuple(_index(index, rewrite) for index in table.indexes),
        checks=tuple(_check(check, rewrite) for check in table.checks),
    )


def _column(column: Column, rewrite: Rewrite) -> Column:
    """Most columns stay as they are; `replace` costs more than all the looking."""
    default_sql, check_sql, generated = column.default_sql, column.check_sql, column.generated
    if default_sql is not None and (bare := rewrite(default_sql)) != default_sql:
        column = replace(column, default_sql=bare)
    if check_sql is not None and (bare := rewrite(check_sql)) != check_sql:
        column = replace(column, check_sql=bare)
    if generated is not None and (bare := rewrite(generated.expression)) != generated.expression:
        column = replace(column, generated=replace(generated, expression=bare))
    return column


def _index(index: Index, rewrite: Rewrite) -> Index:
    if all(part.expression is None for part in index.parts):
        return index
    return replace(index, parts=tuple(_part(part, rewrite) for part in index.parts))


def _part(part: IndexPart, rewrite: Rewrite) -> IndexPart:
    if part.expression is None:
        return part
    return replace(part, expression=rewrite(part.expression))


def _check(check: Check, rewrite: Rewrite) -> Check:
    return replace(check, expression=rewrite(check.expression))
