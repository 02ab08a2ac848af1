"""Values in columns that a statement does not touch, and which a copy of the rows meets."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import Operation
from reconciler.plan.hazards.column_type import Family, parse_column_type
from reconciler.preflight.change import Change
from reconciler.preflight.model import Effect, QuestionKind, Raised, RowCondition

_DATES = frozenset({Family.DATE, Family.DATETIME, Family.TIMESTAMP})


def meets_zero_dates(change: Change) -> Iterator[Raised]:
    """Zero dates from times of another sql_mode (1292)."""
    if change.context.step.operation is not Operation.ALTER_TABLE or change.after is None:
        return
    if not (change.copies_rows and change.refuses_zero_dates):
        return
    for column in change.before.columns:
        dated = parse_column_type(column.sql_type).family in _DATES
        if dated and column.generated is None:
            yield Raised(
                kind=QuestionKind.ZERO_DATES,
                object=column.name,
                effect=Effect.FAILS,
                what="rows with a zero date, which a copy of the table refuses",
                question=RowCondition(_is_zero(column.name)),
            )


def _is_zero(column: str) -> str:
    return f"CAST({quote_identifier(column)} AS CHAR) LIKE '0000-00-00%'"
