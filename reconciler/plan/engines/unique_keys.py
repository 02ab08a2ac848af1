"""Unique keys of a table and of its copy: in which of them may rows meet that differ?

In a key that is new, in a collation that finds more values equal, in a shorter text or a smaller
number, rows that differ before may be equal in the copy. What an engine does with them then is for
each engine's own rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.diff.pairing import name_key
from reconciler.model.schema import IndexKind, Table

_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_GROWING = ("varchar", "varbinary")

#: Type and collation, as the catalogue has them.
Kind = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`column` None: an expression. `chars` None: all of the column."""

    column: str | None
    chars: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What of a table decides this: its columns, and its unique keys by name."""

    columns: Mapping[str, Kind]
    keys: Mapping[str, tuple[Part, ...]]


def shape_of_table(table: Table) -> Shape:
    """Of a definition in normal form: its collations are the effective ones. Names are folded."""
    columns = {name_key(c.name): (c.sql_type.lower(), c.collation or "") for c in table.columns}
    keys = {
        index.name: tuple(
            Part(column=None if part.column is None else name_key(part.column), chars=part.length)
            for part in index.parts
        )
        for index in table.indexes
        if index.kind in (IndexKind.PRIMARY, IndexKind.UNIQUE)
    }
    return Shape(columns=columns, keys=keys)


def new_keys(before: Shape, after: Shape) -> Iterator[tuple[str, tuple[Part, ...]]]:
    """Those of the copy that may find rows equal which no key of the table does."""
    for name, parts in sorted(after.keys.items()):
        is_kept = parts in before.keys.values() and all(
            part.column is not None and stays_apart(part.column, before, after) for part in parts
        )
        if not is_kept:
            yield name, parts


def stays_apart(column: str, before: Shape, after: Shape) -> bool:
    return keeps_apart(before.columns[column], after.columns[column])


def keeps_apart(before: Kind, after: Kind) -> bool:
    """Whether all values that differ before differ after: the same kind, or a larger one of it."""
    if before == after:
        return True
    if before[1] != after[1]:
        return False
    (kind, size, rest), (larger, larger_size, larger_rest) = _parts(before[0]), _parts(after[0])
    if rest != larger_rest:
        return False
    if kind in _INTEGERS and larger in _INTEGERS:
        return _INTEGERS.index(kind) <= _INTEGERS.index(larger)
    return kind == larger and kind in _GROWING and size <= larger_size


def type_word(column_type: str) -> str:
    """Such as "varchar" of "varchar(20)"."""
    return _parts(column_type)[0]


def _parts(column_type: str) -> tuple[str, int, str]:
    """Word, size, and what follows, such as "unsigned"."""
    found = re.fullmatch(r"(\w+)(?:\((\d{1,9})\))?(.*)", column_type, re.ASCII | re.DOTALL)
    return (found[1], int(found[2] or 0), found[3].strip()) if found else (column_type, 0, "")
