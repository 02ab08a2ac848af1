"""One line of a CREATE TABLE that defines a column, to its outline."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.ddl.definition.file import DefinitionFile
from reconciler.ddl.lexer import Token, TokenKind
from reconciler.ddl.outline.cursor import Cursor, listed, place_of
from reconciler.ddl.outline.model import ColumnOutline, Place
from reconciler.model.schema import IndexKind

# MySQL 8.4 manual, 13.8 "Using Data Types from Other Database Engines", and the synonyms that its
# chapters on numbers, times and strings name; longer forms first.
_SYNONYMS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("NATIONAL", "CHARACTER", "VARYING"), "varchar"),
    (("NATIONAL", "CHAR", "VARYING"), "varchar"),
    (("NATIONAL", "VARCHARACTER"), "varchar"),
    (("NATIONAL", "VARCHAR"), "varchar"),
    (("NATIONAL", "CHARACTER"), "char"),
    (("NATIONAL", "CHAR"), "char"),
    (("NCHAR", "VARCHAR"), "varchar"),
    (("NCHAR", "VARYING"), "varchar"),
    (("CHARACTER", "VARYING"), "varchar"),
    (("CHAR", "VARYING"), "varchar"),
    (("DOUBLE", "PRECISION"), "double"),
    (("LONG", "VARCHAR"), "mediumtext"),
    (("LONG", "VARBINARY"), "mediumblob"),
    (("LONG", "CHARACTER", "VARYING"), "mediumtext"),
    (("VARCHARACTER",), "varchar"),
    (("NVARCHAR",), "varchar"),
    (("NCHAR",), "char"),
    (("CHARACTER",), "char"),
    (("INTEGER",), "int"),
    (("INT1",), "tinyint"),
    (("INT2",), "smallint"),
    (("INT3",), "mediumint"),
    (("MIDDLEINT",), "mediumint"),
    (("INT4",), "int"),
    (("INT8",), "bigint"),
    (("DEC",), "decimal"),
    (("NUMERIC",), "decimal"),
    (("FIXED",), "decimal"),
    (("FLOAT4",), "float"),
    (("FLOAT8",), "double"),
    (("REAL",), "double"),
    (("LONG",), "mediumtext"),
)
_TRUTH = ("BOOL", "BOOLEAN")
_SKIPPED_WITH_VALUE = (
    "COLUMN_FORMAT",
    "STORAGE",
    "ENGINE_ATTRIBUTE",
    "SECONDARY_ENGINE_ATTRIBUTE",
    "SRID",
    "REF_SYSTEM_ID",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineKey:
    """PRIMARY KEY or UNIQUE in a column's own line."""

    kind: IndexKind
    at: Place


def read_column(
    tokens: tuple[Token, ...], file: DefinitionFile
) -> tuple[ColumnOutline, tuple[InlineKey, ...]]:
    """`tokens` are those of the column's line."""
    cursor = Cursor(tokens)
    name = cursor.take_name() or ""
    column = _typed(name, cursor, file)
    keys: list[InlineKey] = []
    while cursor.here is not None:
        key = _inline_key(cursor, file)
        if key is not None:
            keys.append(key)
        else:
            column = _attribute(column, cursor)
    return column, tuple(keys)


def _typed(name: str, cursor: Cursor, file: DefinitionFile) -> ColumnOutline:
    column = ColumnOutline(name=name, type_name="", at=place_of(cursor.tokens, file))
    if cursor.take_words("SERIAL"):  # BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE
        return replace(
            column, type_name="bigint", unsigned=True, nullable=False, auto_increment=True
        )
    if cursor.take_word_of(*_TRUTH):
        return replace(column, type_name="tinyint", arguments=("1",))
    type_name = next((word for words, word in _SYNONYMS if cursor.take_words(*words)), None)
    if type_name is None:
        token = cursor.skip()
        type_name = token.value.lower() if token else ""
    opening = cursor.at
    arguments = cursor.take_brackets()
    if cursor.at == opening:
        return replace(column, type_name=type_name)
    return replace(
        column,
        type_name=type_name,
        arguments=tuple("".join(token.value for token in one) for one in listed(arguments)),
        arguments_at=place_of(cursor.tokens[opening : cursor.at], file),
    )


def _inline_key(cursor: Cursor, file: DefinitionFile) -> InlineKey | None:
    start = cursor.at
    if cursor.take_words("PRIMARY", "KEY") or cursor.take_words("KEY"):
        kind = IndexKind.PRIMARY
    elif cursor.take_words("UNIQUE"):
        cursor.take_words("KEY")
        kind = IndexKind.UNIQUE
    else:
        return None
    return InlineKey(kind=kind, at=place_of(cursor.tokens[start : cursor.at], file))


def _attribute(column: ColumnOutline, cursor: Cursor) -> ColumnOutline:
    """The column with the clause that stands here, which is taken in any case."""
    if cursor.take_words("NOT", "NULL"):
        return replace(column, nullable=False)
    if cursor.take_words("UNSIGNED"):
        return replace(column, unsigned=True)
    if cursor.take_words("ZEROFILL"):
        return replace(column, zerofill=True, unsigned=True)
    if cursor.take_words("CHARACTER", "SET") or cursor.take_words("CHARSET"):
        return replace(column, charset=cursor.take_value().lower())
    if cursor.take_words("COLLATE"):
        return replace(column, collation=cursor.take_value().lower())
    if cursor.take_words("DEFAULT"):
        return replace(column, default_sql=_default(cursor))
    if cursor.take_words("ON", "UPDATE"):
        _default(cursor)
        return replace(column, on_update=True)
    if cursor.take_words("AUTO_INCREMENT"):
        return replace(column, auto_increment=True, nullable=False)
    if cursor.take_words("COMMENT"):
        return replace(column, comment=cursor.take_value())
    if cursor.take_words("AS"):
        cursor.take_brackets()
        return replace(column, generated=True)
    if cursor.take_word_of("STORED", "PERSISTENT"):
        return replace(column, stored=True)
    if cursor.take_words("REFERENCES"):
        cursor.at = len(cursor.tokens)
        return replace(column, references=True)
    if cursor.take_words("CHECK"):
        cursor.take_brackets()
    elif cursor.take_word_of(*_SKIPPED_WITH_VALUE):
        cursor.take_value()
    else:
        cursor.skip()
    return column


def _default(cursor: Cursor) -> str:
    """A literal with its sign or introducer, a function with its brackets, or an expression."""
    start = cursor.at
    if cursor.here is not None and cursor.here.is_punctuation("("):
        cursor.take_brackets()
    else:
        while cursor.here is not None and (
            cursor.here.is_punctuation("-")
            or cursor.here.is_punctuation("+")
            or cursor.here.kind is TokenKind.INTRODUCER
        ):
            cursor.skip()
        cursor.skip()
        cursor.take_brackets()
    return " ".join(token.text for token in cursor.tokens[start : cursor.at])
