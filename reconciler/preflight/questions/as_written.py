"""A column's value as the statement will write it, in SQL over the row as it is."""

from __future__ import annotations

import re

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.quote import quote_identifier
from reconciler.model.engine import EngineName
from reconciler.model.policy import HazardKind
from reconciler.model.schema import Column
from reconciler.model.server import Flavor
from reconciler.plan.hazards.column_type import (
    TEXT_BYTES,
    ColumnType,
    Family,
    decimal_digits,
)
from reconciler.plan.hazards.narrowing import column_type
from reconciler.plan.hazards.type_change import type_change_losses
from reconciler.preflight.change import Change
from reconciler.preflight.questions.times import rounded_sql

# Families whose values SQL gives with the type that they will have.
_ALIKE = frozenset({Family.TEXT, Family.DECIMAL, Family.TIME, Family.DATETIME})


_NUMBER = re.compile(r"(?P<quote>'?)(?P<number>-?[0-9]+|NULL)(?P=quote)")


def as_written(change: Change, old: Column, new: Column) -> str | None:
    """None: no SQL is known that gives the value which the new type will hold. Values that do not
    fit the new type are another question's."""
    if not change.is_strict and _is_cut(old, new):
        return None
    name = quote_identifier(old.name)
    value = f"COALESCE({name}, 0)" if _gets_zero_for_null(change, old, new) else name
    if change.evaluable(quote_identifier(new.name)) is not None:
        return value
    if old.generated is not None or new.generated is not None:
        return None
    collation = None if old.collation == new.collation else new.collation
    return converted(value, column_type(old), column_type(new), collation)


def _gets_zero_for_null(change: Change, old: Column, new: Column) -> bool:
    """MariaDB's own DDL (11.8), where sql_mode keeps 0; MySQL (9.7) gives the next number."""
    is_kept = "NO_AUTO_VALUE_ON_ZERO" in change.modes and change.engine is EngineName.DIRECT
    is_mariadb = change.settings.version.flavor is Flavor.MARIADB
    return is_mariadb and is_kept and old.nullable and new.auto_increment


def evaluated(change: Change, expression: str) -> str | None:
    """The expression over the values that the statement will write; None: no SQL gives them."""
    return change.rewritten(
        expression,
        lambda old, new: _value(change, old, new),
        lambda new: same_in_all(change, new),
    )


def same_in_all(change: Change, new: Column) -> str | None:
    """What each row gets in a column that the same plan adds, of the column's own type; None: not
    one value, or one that no SQL here is known to give. A default in brackets may be set only
    afterwards, and is none of these."""
    kind = column_type(new)
    if new.generated is not None or new.auto_increment:
        return None
    default = new.default_sql or ("NULL" if new.nullable else None)
    if kind.family is Family.INTEGER and "zerofill" not in kind.text:
        found = _NUMBER.fullmatch(default or "0")
        return found and f"CAST({found['number']} AS {'UN' if kind.unsigned else ''}SIGNED)"
    if kind.name == "varchar" and new.collation is not None:
        tokens = list(tokenize(default or "''"))
        is_plain = len(tokens) == 1 and (tokens[0].kind is TokenKind.STRING or default == "NULL")
        text = f"CONVERT({tokens[0].text} USING {kind.charset}) COLLATE {new.collation}"
        return text if is_plain else None
    return None


def _value(change: Change, old: Column, new: Column) -> str | None:
    if change.evaluable(quote_identifier(new.name)) is not None:
        return quote_identifier(old.name)
    if old.generated is not None or new.generated is not None:
        return None
    before, after = column_type(old), column_type(new)
    if before.family is after.family is Family.INTEGER:
        return quote_identifier(old.name) if before.unsigned == after.unsigned else None
    is_alike = before.family is after.family and before.family in _ALIKE
    written = as_written(change, old, new) if is_alike else None
    if written == quote_identifier(old.name) and before.name in TEXT_BYTES:
        # Of a TEXT that is read as a number MySQL (9.7) never warns, of other texts it does.
        return f"CONCAT({written})"
    return written if written in (None, quote_identifier(old.name)) else f"({written})"


def converted(
    value: str, old: ColumnType, new: ColumnType, collation: str | None = None
) -> str | None:
    """`collation` None: it stays."""
    match old.family, new.family:
        case Family.TEXT, Family.TEXT if new.name != "char" or old.name == "char":
            return in_charset(value, old.charset, new.charset, collation)
        case Family.TEXT, Family.TEXT:
            cut = f"TRIM(TRAILING ' ' FROM {value})"
            return in_charset(cut, old.charset, new.charset, collation)
        case ((Family.ENUM | Family.SET), Family.TEXT) if collation is not None:
            return in_charset(f"CONCAT({value})", old.charset, new.charset, collation)
        case (Family.ENUM, Family.ENUM) | (Family.SET, Family.SET):
            return in_charset(value, old.charset, new.charset, collation)
        case Family.DECIMAL, Family.DECIMAL:
            whole, scale = decimal_digits(new)
            return f"CAST({value} AS DECIMAL({whole + scale},{scale}))"
        case (
            (Family.TIME, Family.TIME)
            | (Family.DATETIME, Family.DATETIME)
            | (Family.TIMESTAMP, Family.TIMESTAMP)
            | (Family.DATETIME, Family.TIMESTAMP)
        ):
            return rounded_sql(value, new)
        case (Family.DATETIME, Family.DATE) | (Family.TIMESTAMP, Family.DATE):
            # The statement rounds digits of a second first (MySQL 9.7), a cast to DATE does not.
            return f"CAST(CAST({value} AS DATETIME) AS DATE)"
        case Family.DECIMAL, Family.INTEGER:
            return f"ROUND({value})"
        case Family.FLOAT, Family.TEXT:
            return f"CONCAT({value})"  # two numbers may have the same digits
    return value if not _merges(old, new) else None


def in_charset(value: str, old: str | None, new: str | None, collation: str | None) -> str:
    """Under the new collation."""
    if old != new and new is not None:
        value = f"CONVERT({value} USING {new})"
    return value if collation is None else f"{value} COLLATE {collation}"


def _is_cut(old: Column, new: Column) -> bool:
    """Whether a session that is not strict may write another value than there is."""
    losses = type_change_losses(column_type(old), column_type(new))
    is_cut = any(loss.kind is HazardKind.NARROW_TYPE for loss in losses)
    return is_cut or (old.nullable and not new.nullable)


def _merges(old: ColumnType, new: ColumnType) -> bool:
    """Whether two values that differ may be equal in the new type: only a number within its range,
    or bytes within their length, never are."""
    exact = (Family.INTEGER, Family.BIT, Family.YEAR)
    if old.family in exact and new.family in (*exact, Family.DECIMAL):
        return False
    if old.family is new.family is Family.BINARY:
        return new.name == "binary" and old.name != "binary"
    return bool(type_change_losses(old, new))
