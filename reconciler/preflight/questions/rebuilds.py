"""Values in columns that a statement does not touch, and which a copy of the rows meets."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import Operation
from reconciler.plan.hazards.column_type import Family, parse_column_type
from reconciler.plan.hazards.statement_context import find_column
from reconciler.preflight.change import Change
from reconciler.preflight.model import QuestionKind, Raised, RowCondition

_DATES = frozenset({Family.DATE, Family.DATETIME, Family.TIMESTAMP})


def meets_zero_dates(change: Change) -> Iterator[Raised]:
    """Dates from times of another sql_mode: zero dates, a month or day that is zero, and days that
    no month has (1292). Without a mode against zeros, dates are only looked at in a column that
    gets another type."""
    if change.context.step.operation is not Operation.ALTER_TABLE or change.after is None:
        return
    if not (change.copies_rows and change.is_strict):
        return
    for new in change.after.columns:
        name = change.old_name(new.name)
        old = find_column(change.before, name) if name is not None else None
        if old is None or new.generated is not None or old.generated is not None:
            continue
        families = [parse_column_type(column.sql_type).family for column in (old, new)]
        wrong = tuple(_wrong(change, quote_identifier(old.name), *families))
        if {*families} <= _DATES and wrong:
            yield Raised(
                kind=QuestionKind.ZERO_DATES,
                object=new.name,
                effect=change.of_unfit_values,
                what="rows with a zero date, or one that no calendar has, which a copy refuses",
                question=RowCondition(f"({' OR '.join(wrong)})"),
            )


def _wrong(change: Change, value: str, old: Family, new: Family) -> Iterator[str]:
    text = f"CAST({value} AS CHAR)"
    if change.refuses_zero_dates:
        yield f"{text} LIKE '0000-00-00%'"
    if change.refuses_zeros_in_dates or (new is Family.TIMESTAMP and old is not new):
        not_zero = f"{text} NOT LIKE '0000-00-00%'"
        yield f"({not_zero} AND ({text} LIKE '_____00%' OR {text} LIKE '________00%'))"
    looked_at = old is not new or change.refuses_zero_dates or change.refuses_zeros_in_dates
    if "ALLOW_INVALID_DATES" not in change.modes and looked_at and old is not Family.TIMESTAMP:
        yield f"DAYOFMONTH({value}) > DAYOFMONTH(LAST_DAY(DATE_FORMAT({value}, '%Y-%m-01')))"
