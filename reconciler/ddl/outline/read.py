"""A definition file's CREATE TABLE to its outline, clause by clause."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.ddl.definition.file import DefinitionFile
from reconciler.ddl.lexer import Token, TokenKind
from reconciler.ddl.outline.columns import InlineKey, read_column
from reconciler.ddl.outline.cursor import Cursor, listed, place_of
from reconciler.ddl.outline.model import (
    ColumnOutline,
    ForeignKeyOutline,
    IndexOutline,
    PartitioningOutline,
    PartOutline,
    TableOutline,
)
from reconciler.ddl.statement.parts import closing, split_statement
from reconciler.model.schema import IndexKind

_BODY = 3  # CREATE TABLE name (
_INDEX_WORDS = {
    "KEY": IndexKind.PLAIN,
    "INDEX": IndexKind.PLAIN,
    "UNIQUE": IndexKind.UNIQUE,
    "FULLTEXT": IndexKind.FULLTEXT,
    "SPATIAL": IndexKind.SPATIAL,
    "VECTOR": IndexKind.VECTOR,
}
_METHODS = ("RANGE", "LIST", "HASH", "KEY", "SYSTEM_TIME")


def read_outline(file: DefinitionFile) -> TableOutline:
    """Of a file that was found sound; a clause that is not known is passed over."""
    tokens = split_statement(file.statement).tokens
    end = closing(tokens, _BODY)
    assert end is not None, "a definition file's bracket is closed"
    columns: list[ColumnOutline] = []
    indexes: list[IndexOutline] = []
    foreign_keys: list[ForeignKeyOutline] = []
    before = None
    for item in listed(tokens[_BODY + 1 : end]):
        behind = _comma_behind(tokens, item, file)
        for part in _item(item, file):
            match part:
                case ColumnOutline():
                    columns.append(part)
                case IndexOutline():
                    indexes.append(replace(part, comma_before=before, comma_behind=behind))
                case ForeignKeyOutline():
                    foreign_keys.append(part)
        before = behind
    rest = Cursor(tokens, end + 1)
    return TableOutline(
        name=file.table,
        path=file.path,
        at=place_of(tokens[:_BODY], file),
        columns=tuple(_never_null_in_key(columns, indexes)),
        indexes=tuple(indexes),
        foreign_keys=tuple(foreign_keys),
        options=tuple(_options(rest)),
        partitioning=_partitioning(rest, file),
        renames=file.renames,
    )


def _never_null_in_key(
    columns: Iterable[ColumnOutline], indexes: Iterable[IndexOutline]
) -> Iterator[ColumnOutline]:
    """A primary key makes its columns NOT NULL (MySQL 8.4 manual, 15.1.20)."""
    primary = (index.columns for index in indexes if index.kind is IndexKind.PRIMARY)
    key = {name for names in primary for name in names}
    for column in columns:
        yield replace(column, nullable=column.nullable and column.name.lower() not in key)


def _comma_behind(
    tokens: tuple[Token, ...], item: tuple[Token, ...], file: DefinitionFile
) -> int | None:
    at = bisect_left(tokens, item[-1].offset, key=lambda token: token.offset) + 1
    return file.offset + tokens[at].offset if tokens[at].is_punctuation(",") else None


def _item(
    tokens: tuple[Token, ...], file: DefinitionFile
) -> Iterator[ColumnOutline | IndexOutline | ForeignKeyOutline]:
    cursor = Cursor(tokens)
    named = None
    if cursor.take_words("CONSTRAINT") and not _begins_constraint(cursor):
        named = cursor.take_name()
    if cursor.take_words("PRIMARY", "KEY"):
        yield _index(cursor, IndexKind.PRIMARY, "PRIMARY", file)
    elif cursor.take_words("FOREIGN", "KEY"):
        yield _foreign_key(cursor, named, file)
    elif cursor.take_words("CHECK") or _is_period(cursor):
        return
    elif (kind := _index_kind(cursor)) is not None:
        yield _index(cursor, kind, named, file)
    else:
        column, inline = read_column(tokens, file)
        yield column
        yield from (_inline_index(key, column) for key in inline)


def _begins_constraint(cursor: Cursor) -> bool:
    """Behind CONSTRAINT without a name."""
    return cursor.here is not None and cursor.here.is_word("PRIMARY", "UNIQUE", "FOREIGN", "CHECK")


def _is_period(cursor: Cursor) -> bool:
    """MariaDB's PERIOD FOR name (column, column); a column may be named `period`."""
    following = cursor.behind()
    first = cursor.here
    return bool(first and first.is_word("PERIOD") and following and following.is_word("FOR"))


def _index_kind(cursor: Cursor) -> IndexKind | None:
    """VECTOR alone may be a column's name."""
    following = cursor.behind()
    first = cursor.here
    names_column = following is None or not following.is_word("KEY", "INDEX")
    if first is not None and first.is_word("VECTOR") and names_column:
        return None
    word = cursor.take_word_of(*_INDEX_WORDS)
    if word is None:
        return None
    if word not in ("KEY", "INDEX"):
        cursor.take_word_of("KEY", "INDEX")
    return _INDEX_WORDS[word]


def _index(
    cursor: Cursor, kind: IndexKind, constraint: str | None, file: DefinitionFile
) -> IndexOutline:
    """[name] [USING type] (parts) [options]; a name of its own goes before the constraint's."""
    own = None
    if cursor.here is not None and not cursor.here.is_punctuation("("):
        if not cursor.here.is_word("USING"):
            own = cursor.take_name()
        if cursor.take_words("USING"):
            cursor.skip()
    parts = tuple(map(_part, listed(cursor.take_brackets())))
    options = cursor.tokens[cursor.at :]
    said = next((at for at, token in enumerate(options) if token.is_word("COMMENT")), len(options))
    return IndexOutline(
        name="PRIMARY" if kind is IndexKind.PRIMARY else own or constraint,
        kind=kind,
        parts=parts,
        at=place_of(cursor.tokens, file),
        visible=not any(token.is_word("INVISIBLE", "IGNORED") for token in options)
        or any(token.is_word("NOT") for token in options),
        options=_words((*options[:said], *options[said + 2 :])),
        comment=_words(options[said + 1 : said + 2]),
    )


def _words(tokens: Iterable[Token]) -> str:
    return " ".join(token.text for token in tokens)


def _part(tokens: tuple[Token, ...]) -> PartOutline:
    cursor = Cursor(tokens)
    descending = tokens[-1].is_word("DESC")
    if tokens[0].is_punctuation("("):
        return PartOutline(
            column=None, descending=descending, expression=_words(cursor.take_brackets())
        )
    column = cursor.take_name()
    length = cursor.take_brackets()
    return PartOutline(
        column=column,
        length=int(length[0].text) if length and length[0].text.isdecimal() else None,
        descending=descending,
    )


def _inline_index(key: InlineKey, column: ColumnOutline) -> IndexOutline:
    primary = key.kind is IndexKind.PRIMARY
    return IndexOutline(
        name="PRIMARY" if primary else None,
        kind=key.kind,
        parts=(PartOutline(column=column.name),),
        at=key.at,
        inline=True,
    )


def _foreign_key(cursor: Cursor, constraint: str | None, file: DefinitionFile) -> ForeignKeyOutline:
    """[name] (columns) REFERENCES [database.]parent (columns) [actions]; the constraint's name goes
    before the index's (MySQL 8.4 manual, 15.1.20.5)."""
    own = None
    if cursor.here is not None and not cursor.here.is_punctuation("("):
        own = cursor.take_name()
    columns = _names(cursor.take_brackets())
    cursor.take_words("REFERENCES")
    database, parent = None, cursor.take_name() or ""
    if cursor.take_punctuation("."):
        database, parent = parent, cursor.take_name() or ""
    return ForeignKeyOutline(
        name=constraint or own,
        columns=columns,
        parent_table=parent,
        parent_columns=_names(cursor.take_brackets()),
        at=place_of(cursor.tokens, file),
        parent_database=database,
    )


def _names(tokens: tuple[Token, ...]) -> tuple[str, ...]:
    """Every name in a list, and inside its expressions."""
    kinds = (TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER)
    return tuple(token.value for token in tokens if token.kind in kinds)


def _options(cursor: Cursor) -> Iterator[tuple[str, str]]:
    """Up to PARTITION BY, where the cursor stays."""
    while cursor.here is not None and not cursor.here.is_word("PARTITION"):
        if cursor.take_words("DEFAULT") or cursor.take_punctuation(","):
            continue
        if cursor.take_words("CHARACTER", "SET"):
            yield "CHARSET", cursor.take_value()
            continue
        token = cursor.skip()
        if token is not None and token.kind is TokenKind.WORD:
            if token.is_word("WITH", "WITHOUT"):  # SYSTEM VERSIONING: no value follows
                cursor.take_words("SYSTEM", "VERSIONING")
                continue
            yield token.text.upper(), cursor.take_value()


def _partitioning(cursor: Cursor, file: DefinitionFile) -> PartitioningOutline | None:
    tokens = cursor.tokens[cursor.at :]
    if not cursor.take_words("PARTITION", "BY"):
        return None
    cursor.take_words("LINEAR")
    method = cursor.take_word_of(*_METHODS) or ""
    cursor.take_words("COLUMNS")
    if cursor.take_words("ALGORITHM"):
        cursor.take_value()
    columns = _names(cursor.take_brackets())
    rest = cursor.tokens[cursor.at :]
    return PartitioningOutline(
        method=method,
        at=place_of(tokens, file),
        columns=columns,
        subpartitioned=any(token.is_word("SUBPARTITION") for token in rest),
        takes_all=any(token.is_word("MAXVALUE", "DEFAULT") for token in rest),
    )
