"""Does a deploy request do what was reviewed, and nothing else?

PlanetScale works out by itself what would make production like the branch, and can come to another
statement than the plan's with the same end: a column that the plan renames may be dropped and made
again there, without its values. So what it would run is compared with the plan clause by clause,
as often as each clause is there (PS-5). Only spelling is put aside: that of GD-3, `=` of options,
KEY or INDEX, COLUMN where it may be left out, ALGORITHM and LOCK. The definition of a new table is
not compared here: nothing is lost by it, and it is read back from the branch before
(PS-4) and from production afterwards (PS-10).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.ddl.lexer import Token
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.statement.check import (
    StatementKind,
    canonical_statement,
    clause_starts,
    read_statement,
)
from reconciler.errors import Problem, Refused
from reconciler.model.deploy_request import DeployOperation

_OPTIONAL_COLUMN_AFTER = ("ADD", "DROP", "MODIFY", "CHANGE", "ALTER")
_HOW_IT_RUNS = ("ALGORITHM", "LOCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChange:
    """All that is done to one table; `clauses` are those of an ALTER, sorted."""

    table: str
    kind: StatementKind
    clauses: tuple[str, ...] = ()


class _NotUnderstood(Exception):
    pass


def operation_problems(
    number: int, keyspace: str, operations: Sequence[DeployOperation], planned: Sequence[str]
) -> tuple[Problem, ...]:
    """Why deploy request `number` is not the plan; empty: it is. Anything that is not understood
    is a reason."""
    problems = [
        _elsewhere(number, operation) for operation in operations if operation.keyspace != keyspace
    ]
    try:
        wanted = Counter(changes_by_table(planned))
    except _NotUnderstood as unread:
        return (_not_understood(number, str(unread)),)
    asked: Counter[TableChange] = Counter()
    for operation in operations:
        try:
            change = _change(operation.sql)
        except _NotUnderstood as unread:
            problems.append(_not_understood(number, str(unread)))
            continue
        if change.table != operation.table:
            problems.append(_mislabelled(number, operation))
        asked[change] += 1
    if not problems:
        problems += [_missing(number, change) for change in _in_order(wanted - asked)]
        problems += [_not_planned(number, change) for change in _in_order(asked - wanted)]
    return tuple(problems)


def not_comparable(planned: Sequence[str]) -> str | None:
    """The first statement of a plan that no deploy request could be compared with."""
    try:
        changes_by_table(planned)
    except _NotUnderstood as unread:
        return str(unread)
    return None


def changes_by_table(statements: Iterable[str]) -> tuple[TableChange, ...]:
    """What statements that run one after another do to each table, in one: a table that is made has
    its later changes in its definition, and one that is dropped has none."""
    found: dict[str, TableChange] = {}
    for sql in statements:
        change = _change(sql)
        before = found.get(change.table)
        if before is None or change.kind is StatementKind.DROP_TABLE:
            found[change.table] = change
        elif change.kind is not StatementKind.ALTER_TABLE:
            raise _NotUnderstood(sql)
        elif before.kind is StatementKind.ALTER_TABLE:
            clauses = tuple(sorted((*before.clauses, *change.clauses)))
            found[change.table] = replace(before, clauses=clauses)
        elif before.kind is not StatementKind.CREATE_TABLE:
            raise _NotUnderstood(sql)
    return tuple(found.values())


def _change(sql: str) -> TableChange:
    try:
        kind, text = read_statement(canonical_statement(sql))
    except Refused:
        raise _NotUnderstood(sql) from None
    if text.comments or kind is StatementKind.RENAME_TABLE:
        raise _NotUnderstood(sql)
    clauses: tuple[str, ...] = ()
    if kind is StatementKind.ALTER_TABLE:
        starts = clause_starts(text)
        ends = (*(start - 1 for start in starts[1:]), len(text.tokens))
        parts = (text.tokens[start:end] for start, end in zip(starts, ends, strict=True))
        clauses = tuple(sorted(_spelt(part) for part in parts if not _says_how_it_runs(part)))
    return TableChange(table=text.tokens[2].value, kind=kind, clauses=clauses)


def _says_how_it_runs(clause: Sequence[Token]) -> bool:
    return clause[0].is_word(*_HOW_IT_RUNS)


def _spelt(clause: Sequence[Token]) -> str:
    words: list[str] = []
    for index, token in enumerate(clause):
        is_optional = index == 1 and token.is_word("COLUMN")
        if is_optional and clause[0].is_word(*_OPTIONAL_COLUMN_AFTER):
            continue
        if not token.is_punctuation("="):
            words.append("INDEX" if token.is_word("KEY") else token.text)
    return " ".join(words)


def _in_order(changes: Counter[TableChange]) -> list[TableChange]:
    return sorted(changes.elements(), key=lambda one: (one.table, one.kind, one.clauses))


def _shown(change: TableChange) -> str:
    what = f"{change.kind.upper()} {quote_identifier(change.table)}"
    return f"{what} {', '.join(change.clauses)}" if change.clauses else what


def _missing(number: int, change: TableChange) -> Problem:
    return _differs(number, f"it does not do what was reviewed: {_shown(change)}")


def _not_planned(number: int, change: TableChange) -> Problem:
    return _differs(number, f"it does what nobody reviewed: {_shown(change)}")


def _elsewhere(number: int, operation: DeployOperation) -> Problem:
    return _differs(
        number, f"it changes table {operation.table} of keyspace {operation.keyspace} as well"
    )


def _mislabelled(number: int, operation: DeployOperation) -> Problem:
    return _differs(number, f"what it says of table {operation.table} is of another table")


def _not_understood(number: int, sql: str) -> Problem:
    return _differs(number, f"a statement cannot be compared: {sql[:200]}")


def _differs(number: int, what: str) -> Problem:
    return Problem(
        code="planetscale-deploy-differs",
        message=f"deploy request {number} is not the plan: {what}",
        recovery="nothing was deployed; look at the deploy request, change the definition so that"
        " both come to the same statement, and plan again",
    )
