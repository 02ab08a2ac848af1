"""Rows for which a check is false (3819; MariaDB: 4025). What is neither true nor false passes."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import ClauseKind
from reconciler.diff.pairing import name_key
from reconciler.preflight.change import Change
from reconciler.preflight.model import (
    Effect,
    NotAskable,
    Question,
    QuestionKind,
    Raised,
    RowCondition,
)

_NEW_COLUMN = "it uses a column that the same plan adds or changes"


def breaks_check(change: Change) -> Iterator[Raised]:
    checks = {name_key(check.name): check for check in change.after.checks} if change.after else {}
    for clause in change.context.of_kind(ClauseKind.ADD_CHECK, ClauseKind.ALTER_CHECK):
        check = checks.get(name_key(clause.object))
        if check is not None and check.enforced:
            yield _raised(check.name, _false(change, check.expression))


def breaks_check_of_column(change: Change) -> Iterator[Raised]:
    """MariaDB: a check that is part of a column's definition."""
    for _, old, new in change.context.changed_columns():
        if new.check_sql is not None and new.check_sql != old.check_sql:
            yield _raised(new.name, _false(change, new.check_sql))
    for clause in change.context.of_kind(ClauseKind.ADD_COLUMN):
        column = change.context.column_after(clause.object)
        if column is not None and column.check_sql is not None:
            yield _raised(column.name, NotAskable(_NEW_COLUMN))


def _false(change: Change, expression: str) -> Question:
    evaluated = change.evaluable(expression)
    return NotAskable(_NEW_COLUMN) if evaluated is None else RowCondition(f"NOT ({evaluated})")


def _raised(name: str, question: Question) -> Raised:
    return Raised(
        kind=QuestionKind.CHECK,
        object=name,
        effect=Effect.FAILS,
        what="rows that violate the check",
        question=question,
    )


def breaks_period(change: Change) -> Iterator[Raised]:
    """MariaDB: a row's period must end behind its beginning (4025)."""
    for period in change.after.periods if change.after else ():
        if period in change.before.periods or period.startswith("PERIOD FOR SYSTEM_TIME"):
            continue
        names = [t.value for t in tokenize(period) if t.kind is TokenKind.QUOTED_IDENTIFIER]
        yield Raised(
            kind=QuestionKind.PERIOD,
            object=change.before.name,
            effect=Effect.FAILS,
            what="rows whose period does not end behind its beginning",
            question=_ends_early(change, names),
        )


def _ends_early(change: Change, names: list[str]) -> Question:
    bounds = [change.evaluable(quote_identifier(name)) for name in names[-2:]]
    if len(names) != 3 or None in bounds:
        return NotAskable(_NEW_COLUMN)
    return RowCondition(f"NOT ({bounds[0]} < {bounds[1]})")
