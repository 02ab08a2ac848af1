"""Rows that are equal in what is to be unique (1062), as the new key will compare them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import ClauseKind
from reconciler.diff.pairing import name_key
from reconciler.model.schema import Column, Index, IndexKind, IndexPart
from reconciler.plan.hazards.column_type import Family
from reconciler.plan.hazards.narrowing import column_type
from reconciler.plan.hazards.statement_context import find_column, find_index, unique_columns
from reconciler.preflight.change import Change
from reconciler.preflight.model import (
    Effect,
    EqualRows,
    KeyPart,
    KnownToHold,
    NotAskable,
    Question,
    QuestionKind,
    Raised,
    RowCondition,
)
from reconciler.preflight.questions.as_written import as_written
from reconciler.preflight.questions.computed import is_literal
from reconciler.preflight.sql import ROW


def has_duplicates(change: Change) -> Iterator[Raised]:
    """Of each unique key that is new, or that compares other values than before."""
    for index in change.after.indexes if change.after else ():
        if unique_columns(index) is None or not _is_asked_of(change, index):
            continue
        yield Raised(
            kind=QuestionKind.DUPLICATES,
            object=index.name,
            effect=Effect.FAILS,
            what="rows with equal values",
            question=_question(change, index),
        )


def _is_asked_of(change: Change, index: Index) -> bool:
    """Whether this very statement makes it, or changes what it compares."""
    context = change.context
    if any(find_index(change.after, c.object) is index for c in context.of_kind(_ADD)):
        return True
    if any(change.changes_meaning_of(text) for text in _computed(change, index)):
        return True
    old = find_index(change.before, index.name)
    gone = {name_key(clause.object) for clause in context.of_kind(ClauseKind.DROP_COLUMN)}
    if old is not None and gone & {name_key(part.column) for part in old.parts if part.column}:
        return True
    columns = {name_key(part.column) for part in index.parts if part.column}
    return any(
        name_key(new.name) in columns and _compares_otherwise(change, before, new)
        for _, before, new in context.changed_columns()
    )


_ADD = ClauseKind.ADD_INDEX
_NAMES = (TokenKind.QUOTED_IDENTIFIER,)
_OTHER = "other_row"


def _computed(change: Change, index: Index) -> Iterator[str]:
    """The expressions that a key is made of."""
    for part in index.parts:
        column = find_column(change.after, part.column) if part.column else None
        if part.expression is not None:
            yield part.expression
        if column is not None and column.generated is not None:
            yield column.generated.expression


def _compares_otherwise(change: Change, old: Column, new: Column) -> bool:
    return as_written(change, old, new) != quote_identifier(old.name)


def _question(change: Change, index: Index) -> Question:
    parts: list[KeyPart] = []
    for part in index.parts:
        if _is_the_same_in_all(change, part):
            continue
        found = _part(change, part)
        if isinstance(found, KeyPart):
            parts.append(found)
        else:
            return found
    if (key := _unique_before(change, index)) is not None:
        return KnownToHold(f"{key} is unique and never NULL, by fewer or the same columns")
    if index.period is not None:
        return _overlapping(change, index.period, parts)
    compared = (*parts, *_end_of_version(change))
    return EqualRows(compared) if compared else two_rows(change)


def _is_the_same_in_all(change: Change, part: IndexPart) -> bool:
    """A new column whose one value every row gets."""
    new = find_column(change.after, part.column) if part.column else None
    if new is None or new.nullable or new.generated is not None or new.auto_increment:
        return False
    is_one = new.default_sql is None or is_literal(new.default_sql)
    return change.old_name(new.name) is None and is_one


def two_rows(change: Change) -> RowCondition:
    some = f"(SELECT 1 FROM {quote_identifier(change.before.name)} LIMIT 2)"
    return RowCondition(f"(SELECT COUNT(*) FROM {some} AS two_rows) = 2")


def _overlapping(change: Change, period: str, parts: list[KeyPart]) -> Question:
    """MariaDB: of rows that are equal, one begins before another ends."""
    bounds = _bounds(change, period)
    own = next((key for key in change.before.indexes if key.kind is IndexKind.PRIMARY), None)
    names = [part.column for part in own.parts if part.column] if own else []
    if bounds is None or not names or any(part.column is None for part in parts):
        return NotAskable("no query is known that tells whether periods overlap")
    start, end = bounds
    keys = [quote_identifier(part.column) for part in parts if part.column is not None]
    same = " AND ".join(f"{_OTHER}.{name} = {ROW}.{name}" for name in map(quote_identifier, names))
    met = [
        *(f"{_OTHER}.{key} = {ROW}.{key}" for key in keys),
        *(f"{_OTHER}.{start} < {ROW}.{end}", f"{ROW}.{start} < {_OTHER}.{end}"),
        f"NOT ({same})",
    ]
    table = quote_identifier(change.before.name)
    return RowCondition(f"EXISTS (SELECT 1 FROM {table} AS {_OTHER} WHERE {' AND '.join(met)})")


def _bounds(change: Change, period: str) -> tuple[str, str] | None:
    """Where it begins and ends; None: by a column that is not there as it will be."""
    for text in change.after.periods if change.after else ():
        names = [token.value for token in tokenize(text) if token.kind in _NAMES]
        if len(names) == 3 and name_key(names[0]) == name_key(period):
            start, end = (change.evaluable(quote_identifier(name)) for name in names[1:])
            return None if start is None or end is None else (start, end)
    return None


def _end_of_version(change: Change) -> Iterator[KeyPart]:
    """MariaDB makes the end of a row's version a part of each unique key."""
    if not change.before.system_versioned:
        return
    named = [one for one in change.before.periods if one.startswith("PERIOD FOR SYSTEM_TIME")]
    names = [t.text for one in named for t in tokenize(one) if t.kind in _NAMES]
    yield KeyPart(names[-1] if names else "ROW_END")


def _part(change: Change, part: IndexPart) -> KeyPart | KnownToHold | NotAskable:
    if part.column is None:
        expression = change.evaluable(part.expression or "")
        if expression is None:
            return NotAskable("it is made of a column that the same plan adds or changes")
        return KeyPart(f"({expression})")
    new = find_column(change.after, part.column)
    name = change.old_name(part.column)
    if name is None or new is None:
        return _new_column(new)
    old = find_column(change.before, name)
    written = None if old is None else as_written(change, old, new)
    if old is None or written is None:
        return NotAskable(f"how values of {part.column} are converted is not known beforehand")
    if part.length is not None:
        return KeyPart(f"LEFT({written}, {part.length})")
    if column_type(old).family is Family.FLOAT:
        return KeyPart(f"({written} + 0e0)")  # MariaDB groups 0 and -0 apart, and its keys do not
    plain = written == quote_identifier(old.name) and old.generated is None
    return KeyPart(written, old.name if plain and _is_ordered(old) else None)


def _new_column(new: Column | None) -> KnownToHold | NotAskable:
    if new is not None and new.auto_increment:
        return KnownToHold("each row gets a number of its own")
    if new is not None and new.nullable and new.generated is None and not _has_value(new):
        return KnownToHold("all rows have NULL in a column that is new")
    return NotAskable("it is made of a column that the same plan adds")


def _has_value(new: Column) -> bool:
    return new.default_sql is not None and new.default_sql.upper() != "NULL"


def _is_ordered(old: Column) -> bool:
    """Sorted as it is compared with a variable: members sort by their place, not by their name."""
    family = column_type(old).family
    return family not in (Family.ENUM, Family.SET, Family.BIT, Family.OTHER)


def _unique_before(change: Change, index: Index) -> str | None:
    """A key of the table as it is that leaves no two rows equal in these columns."""
    same = {
        part.column: change.old_name(part.column)
        for part in index.parts
        if part.column and part.length is None and _is_same(change, part.column)
    }
    kept = {name_key(old) for old in same.values() if old is not None}
    for key in change.before.indexes:
        columns = [part.column for part in key.parts if part.length is None and part.column]
        if unique_columns(key) is None or len(columns) < len(key.parts) or key.period:
            continue
        found = [find_column(change.before, column) for column in columns]
        if {name_key(c) for c in columns} <= kept and all(c and not c.nullable for c in found):
            return "the primary key" if key.name == "PRIMARY" else f"key {key.name}"
    return None


def _is_same(change: Change, column: str) -> bool:
    old, new = change.context.column_before(column), find_column(change.after, column)
    return old is not None and new is not None and not _compares_otherwise(change, old, new)
