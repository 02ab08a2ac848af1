"""Rows for which a check is false (3819; MariaDB: 4025). What is neither true nor false passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.row_questions import false_sql
from reconciler.diff.model import ClauseKind
from reconciler.diff.pairing import name_key
from reconciler.model.server import Flavor
from reconciler.preflight.change import Change
from reconciler.preflight.model import (
    Effect,
    NotAskable,
    OnWarning,
    Question,
    QuestionKind,
    Raised,
    RowCondition,
)
from reconciler.preflight.questions.as_written import evaluated

_PLAIN_WORDS = ("AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL")
_PLAIN_SIGNS = frozenset({"(", ")", ",", "=", "<", ">", "!", "<=", ">=", "<>", "!=", "-"})
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
            raised = _raised(column.name, _false(change, column.check_sql))
            # Without a copy no row is put to it (10.11, 11.8).
            yield raised if change.copies_rows else replace(raised, effect=Effect.STAYS)


def breaks_standing_check(change: Change) -> Iterator[Raised]:
    """A copy puts every row to every check again: one may read what it checks otherwise than
    before. On MariaDB rows may have been written while check_constraint_checks was off."""
    if not change.copies_rows or change.after is None:
        return
    before = {name_key(check.name): check for check in change.before.checks}
    added = change.context.of_kind(ClauseKind.ADD_CHECK, ClauseKind.ALTER_CHECK)
    asked = {name_key(clause.object) for clause in added}
    for check in change.after.checks:
        old = before.get(name_key(check.name))
        if (
            old is not None
            and old.enforced
            and check.enforced
            and name_key(check.name) not in asked
        ):
            yield from _again(change, check.name, check.expression)
    for column in change.after.columns:
        was = change.context.column_before(column.name)
        if was is not None and column.check_sql is not None and was.check_sql == column.check_sql:
            yield from _again(change, column.name, column.check_sql)


def _again(change: Change, name: str, expression: str) -> Iterator[Raised]:
    read_otherwise = change.changes_meaning_of(expression) and (
        evaluated(change, expression)
        != change.rewritten(expression, lambda old, _new: quote_identifier(old.name))
    )
    if read_otherwise or change.settings.version.flavor is Flavor.MARIADB:
        yield _raised(name, _false(change, expression))


def _false(change: Change, expression: str) -> Question:
    found = evaluated(change, expression)
    if found is None:
        return NotAskable(_NEW_COLUMN)
    # By an index a server would pass over rows that the check itself reads, and warns of.
    false = false_sql(found)
    if not _is_plain(found):
        false = f"IF({false}, 1, 0)"
    return RowCondition(false, OnWarning.OPEN)


def _is_plain(expression: str) -> bool:
    """One column compared with literals of one kind: no row makes a server warn and another not."""
    columns, kinds = set(), set()
    for token in tokenize(expression):
        match token.kind:
            case TokenKind.QUOTED_IDENTIFIER:
                columns.add(token.value)
            case TokenKind.NUMBER | TokenKind.STRING:
                kinds.add(token.kind)
            case TokenKind.WORD if token.is_word(*_PLAIN_WORDS):
                pass
            case TokenKind.PUNCTUATION if token.text in _PLAIN_SIGNS:
                pass
            case TokenKind.INTRODUCER:
                pass
            case _:
                return False
    return len(columns) == 1 and len(kinds) <= 1


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
