"""What a CREATE TABLE says, as it was written, each part with its place in the file.

Not what it means: a server adds character sets, lengths and defaults that nobody wrote, and only
`ddl.read` of its answer knows them. An outline is for remarks on files (`lint`); nothing that runs
is decided by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.renames import Rename
from reconciler.model.schema import IndexKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A stretch of the file: `line` and `column` count from 1, `start` and `end` are offsets in
    characters from the beginning of the file."""

    line: int
    column: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnOutline:
    """`type_name` is the server's word for the type in small letters ("int" for INTEGER);
    `arguments` stand behind it in brackets: a length, digits, or the members of an ENUM or SET as
    characters. `arguments_at` is where, brackets included. Texts are as written."""

    name: str
    type_name: str
    at: Place
    arguments: tuple[str, ...] = ()
    arguments_at: Place | None = None
    unsigned: bool = False
    zerofill: bool = False
    charset: str | None = None
    collation: str | None = None
    nullable: bool = True
    default_sql: str | None = None
    on_update: bool = False
    auto_increment: bool = False
    generated: bool = False
    stored: bool = False
    comment: str = ""
    references: bool = False  # an inline REFERENCES clause


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOutline:
    """A part of an index; `column` is None for an expression, whose words are `expression`, as
    written; `length` is a prefix's, None: whole."""

    column: str | None
    length: int | None = None
    descending: bool = False
    expression: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOutline:
    """`name` is None where the server will choose one; the primary key's is "PRIMARY". `inline`:
    it is said in its column's own line. `options` are the words behind its columns, as written, but
    for its `comment`, with the quotes; `comma_before` and `comma_behind` are the offsets of those
    between it and what stands beside it in the table's brackets."""

    name: str | None
    kind: IndexKind
    parts: tuple[PartOutline, ...]
    at: Place
    inline: bool = False
    visible: bool = True
    options: str = ""
    comment: str = ""
    comma_before: int | None = None
    comma_behind: int | None = None

    @property
    def is_unique(self) -> bool:
        return self.kind in (IndexKind.PRIMARY, IndexKind.UNIQUE)

    @property
    def columns(self) -> tuple[str | None, ...]:
        """In small letters: names of columns are the same in any case."""
        return tuple(part.column.lower() if part.column else None for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKeyOutline:
    """`name` is None where the server will choose one; `parent_database` where none is said."""

    name: str | None
    columns: tuple[str, ...]
    parent_table: str
    parent_columns: tuple[str, ...]
    at: Place
    parent_database: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitioningOutline:
    """`method` is RANGE, LIST, HASH, KEY or SYSTEM_TIME; `columns` are the names that stand in its
    brackets, those inside an expression too. `takes_all`: its last partition ends in MAXVALUE, or
    one is a DEFAULT."""

    method: str
    at: Place
    columns: tuple[str, ...] = ()
    subpartitioned: bool = False
    takes_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOutline:
    """`options` are (NAME in capitals, value): CHARACTER SET is CHARSET, and DEFAULT left out.
    `renames` are those that its comments ask for: no part of what the table is."""

    name: str
    path: str
    at: Place
    columns: tuple[ColumnOutline, ...]
    indexes: tuple[IndexOutline, ...] = ()
    foreign_keys: tuple[ForeignKeyOutline, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    partitioning: PartitioningOutline | None = None
    renames: tuple[Rename, ...] = field(default=(), compare=False)

    def option(self, name: str) -> str | None:
        return dict(self.options).get(name)

    def column(self, name: str | None) -> ColumnOutline | None:
        """By its name in any case."""
        folded = name.lower() if name else None
        return next((one for one in self.columns if one.name.lower() == folded), None)

    @property
    def primary_key(self) -> IndexOutline | None:
        return next((one for one in self.indexes if one.kind is IndexKind.PRIMARY), None)

    @property
    def unique_keys(self) -> tuple[IndexOutline, ...]:
        """The primary key among them."""
        return tuple(one for one in self.indexes if one.is_unique)
