"""Values that are computed for each row, and columns that no value is known for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.diff.model import ClauseKind
from reconciler.model.schema import Column
from reconciler.plan.hazards.column_type import (
    Family,
    decimal_digits,
    fixed_or_longest,
    integer_range,
    parse_column_type,
)
from reconciler.plan.hazards.statement_context import find_index, is_stored
from reconciler.preflight.change import Change
from reconciler.preflight.model import (
    Effect,
    NotAskable,
    Question,
    QuestionKind,
    Raised,
    RowCondition,
)
from reconciler.preflight.questions.numbers import outside

# A division by zero is NULL and a warning to a SELECT, and an error to the statement (1365).
_DIVIDES = re.compile(r"[/%]|\b(div|mod)\b", re.IGNORECASE)
_CHANGES_TOO = "it uses a column that the same plan adds or changes"


def cannot_be_computed(change: Change) -> Iterator[Raised]:
    for clause in change.context.of_kind(ClauseKind.ADD_COLUMN):
        new = change.context.column_after(clause.object)
        if new is not None and new.generated is not None and _is_computed_now(change, new):
            yield from _of_column(change, new)
    for _, old, new in change.context.changed_columns():
        computed = new.generated is not None and _is_computed_now(change, new)
        if computed and (old.generated, old.sql_type) != (new.generated, new.sql_type):
            yield from _of_column(change, new)


def cannot_be_indexed(change: Change) -> Iterator[Raised]:
    """A key of an expression, whose value only the statement computes."""
    for clause in change.context.of_kind(ClauseKind.ADD_INDEX):
        index = find_index(change.after, clause.object)
        if index is not None and any(part.column is None for part in index.parts):
            because = "only a warning would tell of a row that its expression has no value for"
            yield _raised(index.name, NotAskable(because))


def cannot_be_filled(change: Change) -> Iterator[Raised]:
    """A new column that is NOT NULL, has no default, and whose type has no value for "none"."""
    for clause in change.context.of_kind(ClauseKind.ADD_COLUMN):
        new = change.context.column_after(clause.object)
        if new is None or new.nullable or new.generated or new.auto_increment:
            continue
        family = parse_column_type(new.sql_type).family
        is_date = family in (Family.DATE, Family.DATETIME) and change.refuses_zero_dates
        if new.default_sql is None and (is_date or family is Family.GEOMETRY):
            yield Raised(
                kind=QuestionKind.FILLED,
                object=new.name,
                effect=Effect.FAILS,
                what=f"rows, for which no {new.sql_type} is known",
                question=RowCondition("TRUE"),
            )


def _is_computed_now(change: Change, new: Column) -> bool:
    return is_stored(new) or change.copies_rows


def _of_column(change: Change, new: Column) -> Iterator[Raised]:
    assert new.generated is not None, "only what is computed is asked for"
    expression = change.evaluable(new.generated.expression)
    if expression is None:
        yield _raised(new.name, NotAskable(_CHANGES_TOO))
        return
    value = f"({expression})"
    unfit = _unfit(value, new)
    if unfit is not None:
        yield _raised(new.name, RowCondition(unfit))
    if not new.nullable:
        yield _raised(new.name, RowCondition(f"{value} IS NULL"))
    if unfit is None or _DIVIDES.search(expression):
        because = "only a warning would tell of a row that it cannot be computed for"
        yield _raised(new.name, NotAskable(because))


def _unfit(value: str, new: Column) -> str | None:
    kind = parse_column_type(new.sql_type)
    match kind.family:
        case Family.INTEGER:
            return outside(value, *integer_range(kind), "").sql
        case Family.DECIMAL:
            whole, scale = decimal_digits(kind)
            return f"ABS(ROUND({value}, {scale})) >= {10**whole}"
        case Family.TEXT if kind.name in ("char", "varchar"):
            return f"CHAR_LENGTH({value}) > {fixed_or_longest(kind)}"
        case _:
            return None


def _raised(name: str, question: Question) -> Raised:
    return Raised(
        kind=QuestionKind.COMPUTED,
        object=name,
        effect=Effect.FAILS,
        what="rows that it cannot be computed for",
        question=question,
    )
