"""SQL that finds rows in a statement's way: what reviewers look with is what shards are asked."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.ddl.quote import quote_identifier


def equal_rows_sql(
    source: str,
    keys: Sequence[str],
    within: Sequence[str] = (),
    shown: Sequence[str] = (),
    hint: str = "",
) -> str:
    """How many rows are equal in all keys, for each that are, behind what is `shown`. `source` is
    the table as FROM takes it; NULL is equal to nothing."""
    where = " AND ".join([*(f"{key} IS NOT NULL" for key in keys), *within])
    return (
        f"SELECT {hint}{', '.join([*shown, 'COUNT(*)'])} FROM {source} WHERE {where}"
        f" GROUP BY {', '.join(keys)} HAVING COUNT(*) > 1"
    )


def without_parent_sql(parent: str, parent_columns: Sequence[str], values: Sequence[str]) -> str:
    """True for a row whose values no row of the other table has; one that is NULL needs none.
    `values` name the table that they are of: a bare name would be a column of the other one."""
    equal = " AND ".join(
        f"parent_row.{quote_identifier(theirs)} = {ours}"
        for theirs, ours in zip(parent_columns, values, strict=True)
    )
    filled = " AND ".join(f"{value} IS NOT NULL" for value in values)
    return f"{filled} AND NOT EXISTS (SELECT 1 FROM {parent} AS parent_row WHERE {equal})"


def null_sql(column: str) -> str:
    return f"{quote_identifier(column)} IS NULL"


def false_sql(expression: str) -> str:
    """NULL where it is neither true nor false."""
    return f"NOT ({expression})"


def other_srid_sql(column: str, srid: int) -> str:
    return f"ST_SRID({quote_identifier(column)}) <> {srid}"
