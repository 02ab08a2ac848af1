"""Values that are computed for each row, and columns that no value is known for."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.diff.model import ClauseKind
from reconciler.model.schema import ROW_BOUNDS, Column
from reconciler.plan.hazards.column_type import (
    ColumnType,
    Family,
    decimal_digits,
    fixed_or_longest,
    integer_range,
    parse_column_type,
)
from reconciler.plan.hazards.narrowing import column_type
from reconciler.plan.hazards.statement_context import find_column, find_index, is_stored
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
from reconciler.preflight.questions.numbers import outside
from reconciler.preflight.questions.written_numbers import (
    computes_no_number_sql,
    no_number_sql,
)

_BY_WARNING = "no query is known that tells whether the column takes what is computed"
_OTHER_EACH_TIME = "its default gives another value each time that it is computed"
_BRACKETS = frozenset({"(", ")"})
_SIGNS = _BRACKETS | {"-", "+"}
_LITERALS = (TokenKind.STRING, TokenKind.NUMBER, TokenKind.INTRODUCER)
_CONSTANTS = ("NULL", "TRUE", "FALSE")
_TIMES = (Family.DATE, Family.TIME, Family.DATETIME, Family.TIMESTAMP)
_NOW = frozenset({"CURRENT_TIMESTAMP", "NOW", "CURDATE", "CURRENT_DATE", "CURTIME", "CURRENT_TIME"})
_IDS = frozenset({"UUID", "UUID_V4", "UUID_V7"})
_OTHERS = (
    *("RAND", "RANDOM_BYTES", "NEXTVAL", "NEXT", "LASTVAL", "SETVAL"),
    *("USER", "CURRENT_USER", "SESSION_USER", "CONNECTION_ID"),
)
_CHANGES_TOO = "it uses a column that the same plan adds or changes"


def cannot_be_computed(change: Change) -> Iterator[Raised]:
    """Also of a column that stands, in rows from times of another sql_mode: a copy computes it
    again."""
    for clause in change.context.of_kind(ClauseKind.ADD_COLUMN):
        new = change.context.column_after(clause.object)
        if new is not None and new.generated is not None and _is_computed_now(change, new):
            yield from _of_column(change, new, new.generated.expression)
    written = {new.name: (old, new) for _, old, new in change.context.changed_columns()}
    for new in change.after.columns if change.after else ():
        computed = new.generated
        if computed is None or not _is_computed_now(change, new):
            continue
        old, _ = written.get(new.name, (new, new))
        is_other = (old.generated, old.sql_type) != (computed, new.sql_type)
        if is_other or change.copies_rows or change.changes_meaning_of(computed.expression):
            yield from _of_column(change, new, computed.expression)


def has_no_default(change: Change) -> Iterator[Raised]:
    """A new column whose default is computed, for each row that there is."""
    for clause in change.context.of_kind(ClauseKind.ADD_COLUMN):
        new = change.context.column_after(clause.object)
        default = new.default_sql if new is not None else None
        if new is None or default is None or not _is_computed(default, new):
            continue
        if default not in clause.sql:  # it is set afterwards, and rows that are there get none
            continue
        if _gives_others(default):
            yield _raised(new.name, NotAskable(_OTHER_EACH_TIME))
        else:
            yield from _of_column(change, new, default)


def cannot_be_indexed(change: Change) -> Iterator[Raised]:
    """A key of an expression, whose value only the statement computes, or of a computed column that
    is not kept, and comes, or came, behind rows for which it has no value."""
    for clause in change.context.of_kind(ClauseKind.ADD_INDEX):
        index = find_index(change.after, clause.object)
        for part in index.parts if index is not None else ():
            if index is not None and part.expression is not None:
                yield _raised(index.name, _of_key(change, part.expression))
            new = find_column(change.after, part.column) if part.column else None
            if new is not None and new.generated and not is_stored(new):
                yield from _of_column(change, new, new.generated.expression)


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


def _is_computed(default: str, new: Column) -> bool:
    """MariaDB prints no brackets around a function alone, and MySQL looks at no value in brackets
    before there is a row. What gives a time fits any time."""
    if is_literal(default):
        return default.startswith("(") and _unfit(default, new) is not None
    tokens = [token for token in tokenize(default) if token.text not in _BRACKETS]
    words = {token.text.upper() for token in tokens if token.kind is TokenKind.WORD}
    kind = column_type(new)
    numbers_alone = all(token.kind in (TokenKind.WORD, TokenKind.NUMBER) for token in tokens)
    is_time = kind.family in _TIMES and words <= _NOW and numbers_alone
    is_id = kind.name == "uuid" and words <= _IDS and numbers_alone
    return not (is_time or is_id)


def is_literal(default: str) -> bool:
    """Of an expression such as (1 + 2), whose value may not fit, nobody says so."""
    tokens = [token for token in tokenize(default) if token.text not in _SIGNS]
    is_plain = all(token.kind in _LITERALS or token.is_word(*_CONSTANTS) for token in tokens)
    return is_plain and not (default.startswith("(") and len(tokens) > 1)


def _gives_others(default: str) -> bool:
    return any(token.is_word(*_OTHERS) for token in tokenize(default))


def _is_computed_now(change: Change, new: Column) -> bool:
    is_bound = new.generated is not None and new.generated.expression in ROW_BOUNDS
    return not is_bound and (is_stored(new) or change.copies_rows)


def _of_column(change: Change, new: Column, expression: str) -> Iterator[Raised]:
    found = evaluated(change, expression)
    if found is None:
        yield _raised(new.name, NotAskable(_CHANGES_TOO))
        return
    value, alone = f"({found})", _alone(change, expression)
    unfit = None
    if alone is not None or not _uses_bits(change, expression):
        unfit = _unfit(value, new, alone)
    is_number = column_type(new).family in (Family.INTEGER, Family.DECIMAL)
    flavor = change.settings.version.flavor
    if unfit is not None and is_number and alone is None:
        unfit = f"({unfit} OR {computes_no_number_sql(value, column_type(new), flavor)})"
    if alone is not None and is_number and alone.family is Family.TEXT:
        # Of which texts are no numbers, servers warn of some.
        is_none = no_number_sql(found, alone, column_type(new), flavor, is_computed=True)
        yield _raised(new.name, RowCondition(is_none))
    missing = [] if new.nullable else [f"{value} IS NULL"]
    for sql in ([] if unfit is None else [unfit]) + missing:
        yield _raised(new.name, RowCondition(sql, OnWarning.OPEN))
    if unfit is None:
        yield _raised(new.name, NotAskable(_BY_WARNING))


def _alone(change: Change, expression: str) -> ColumnType | None:
    """Of the column that is all of the expression."""
    names = [token for token in tokenize(expression) if token.text not in _BRACKETS]
    if len(names) != 1 or names[0].kind is not TokenKind.QUOTED_IDENTIFIER:
        return None
    column = find_column(change.after, names[0].value)
    return None if column is None else column_type(column)


def _uses_bits(change: Change, expression: str) -> bool:
    """Whether they become digits or bytes, each function decides."""
    names = (t.value for t in tokenize(expression) if t.kind is TokenKind.QUOTED_IDENTIFIER)
    columns = (find_column(change.after, name) for name in names)
    return any(column and column_type(column).family is Family.BIT for column in columns)


def _of_key(change: Change, expression: str) -> Question:
    """The key has the type of the expression, so that it takes whatever can be computed. It is
    false for each row, and none can tell before it is computed."""
    found = evaluated(change, expression)
    if found is None:
        return NotAskable(_CHANGES_TOO)
    return RowCondition(f"CRC32(CONCAT({found})) < 0", OnWarning.OPEN)


def _unfit(value: str, new: Column, alone: ColumnType | None = None) -> str | None:
    """`alone` is the type of the column that is all there is to compute with."""
    kind = column_type(new)
    match kind.family:
        case Family.INTEGER:  # an approximate number is compared with one of 64 bits as such
            exact = (
                f"CAST({value} AS DECIMAL(65,0))" if kind.name == "bigint" else f"ROUND({value})"
            )
            beyond = outside(exact, *integer_range(kind), "").sql
            # -0.4 rounds to 0, and has a sign to an exact number.
            is_exact = alone is None or alone.family is Family.DECIMAL
            return f"({beyond} OR {value} < 0)" if kind.unsigned and is_exact else beyond
        case Family.DECIMAL:
            whole, scale = decimal_digits(kind)
            beyond = f"ABS(ROUND({_as_number(value, alone)}, {scale})) >= {10**whole}"
            return f"({beyond} OR {value} < 0)" if kind.unsigned else beyond
        case Family.TEXT if kind.name in ("char", "varchar") and kind.charset == "utf8mb4":
            printed = f"({value} + 0)" if alone and alone.family is Family.BIT else value
            read = f"CAST(CONVERT({printed} USING utf8mb4) AS BINARY)"
            is_no_text = f"(CHARSET({printed}) = 'binary' AND NOT ({read} <=> CONCAT({printed})))"
            return f"(CHAR_LENGTH({printed}) > {fixed_or_longest(kind)} OR {is_no_text})"
        case _:
            return None


def _as_number(value: str, alone: ColumnType | None) -> str:
    """A text has digits that an approximate number lacks."""
    is_text = alone is not None and alone.family is Family.TEXT
    return f"CAST({value} AS DECIMAL(65,30))" if is_text else value


def _raised(name: str, question: Question) -> Raised:
    return Raised(
        kind=QuestionKind.COMPUTED,
        object=name,
        effect=Effect.FAILS,
        what="rows that it cannot be computed for",
        question=question,
    )
