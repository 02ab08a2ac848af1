"""What of a table goes over in a split: its columns, its keys, its rows, as bytes.

Rule: a value is what the source's server keeps, never what Python makes of it; only the shard
column is ever looked into, by the key function.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from reconciler.errors import Problem, Refused

Value = bytes | None
# The values of a primary key, in its order, as `row_sql` reads them. Never NULL.
Key = tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedColumn:
    """As information_schema tells it: `data_type` in small letters, `charset` None for no text."""

    name: str
    data_type: str
    column_type: str
    charset: str | None = None
    collation: str | None = None
    is_generated: bool = False
    is_virtual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedTable:
    """`number` stands in the names of what is made for the table. `shard_by` None: a reference
    table, which goes whole to every target."""

    number: int
    name: str
    columns: tuple[MovedColumn, ...]
    key: tuple[str, ...]
    shard_by: str | None

    def __post_init__(self) -> None:
        names = {column.name for column in self.columns}
        assert self.key, "a table without a primary key is refused before this"
        assert names.issuperset(self.key), "a key is made of columns"
        assert self.shard_by is None or self.shard_by in names

    def column(self, name: str) -> MovedColumn:
        return next(column for column in self.columns if column.name == name)

    @property
    def key_columns(self) -> tuple[MovedColumn, ...]:
        return tuple(map(self.column, self.key))

    @property
    def written(self) -> tuple[MovedColumn, ...]:
        """All that a statement gives values to; the server computes the others."""
        return tuple(column for column in self.columns if not column.is_generated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`owner` is the shard column's value; None in a reference table. `values` are those of
    `MovedTable.written`."""

    key: Key
    owner: Value
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Rows in the order of the key. `end` is the key of the last row that was read; None: there is
    no row behind the one that was asked for."""

    rows: tuple[Row, ...]
    end: Key | None


@dataclass(frozen=True, slots=True)
class Dirty:
    """A key that somebody wrote to, and the place of that in the queue."""

    seq: int
    key: Key


@dataclass(frozen=True, slots=True)
class Digest:
    """Of some rows of a table: their number, and the exclusive or of their hashes, 128 bits."""

    rows: int
    bits: int

    def __add__(self, other: Digest) -> Digest:
        """Of both, where no row is in both."""
        return Digest(self.rows + other.rows, self.bits ^ other.bits)


NO_ROWS = Digest(0, 0)


def render_cursor(key: Key | None) -> str:
    """As a target keeps it beside the rows."""
    return json.dumps(None if key is None else [value.hex() for value in key])


def parse_cursor(text: str) -> Key | None:
    """Raises Refused for what `render_cursor` has not written."""
    try:
        found = json.loads(text)
        return None if found is None else tuple(bytes.fromhex(value) for value in found)
    except (ValueError, TypeError):
        raise Refused(
            Problem(
                code="split-cursor-unreadable",
                message="a target's record of how far its copy has come cannot be read",
                recovery="see who writes to the target's tables, then look at `reconciler status`",
            )
        ) from None
