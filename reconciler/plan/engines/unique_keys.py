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
from reconciler.model.schema import Column, IndexKind, Table

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


def meeting_keys(before: Table, after: Table) -> Iterator[str]:
    """Names of those, and of keys that stay of other values: NULLs are equal to nothing until they
    become a value, and what is computed of something else may be equal where it was not."""
    new = {name for name, _ in new_keys(shape_of_table(before), shape_of_table(after))}
    for index in sorted(after.indexes, key=lambda one: one.name):
        is_unique = index.kind in (IndexKind.PRIMARY, IndexKind.UNIQUE)
        columns = [name_key(part.column) for part in index.parts if part.column is not None]
        gets_others = any(_gets_others(name, before, after) for name in columns)
        if index.name in new or (is_unique and gets_others):
            yield index.name


def _is_computed_otherwise(column: str, before: Table, after: Table) -> bool:
    """By another expression, or of columns whose values do not stay as they are."""
    was, will_be = _columns(before), _columns(after)
    old, new = was.get(column), will_be.get(column)
    if old is None or new is None:
        return False
    if old.generated is None and new.generated is None:
        return False
    if old.generated != new.generated:
        return True
    shapes, stay = (shape_of_table(before), shape_of_table(after)), was.keys() & will_be.keys()
    return any(
        not stays_apart(name, *shapes) or _gets_a_value(was[name], will_be[name]) for name in stay
    )


def unheld_keys(before: Table, after: Table) -> Iterator[str]:
    """Names of the copy's unique keys in which rows may be equal by values that no row of the table
    holds yet: of columns that are new, or computed otherwise."""
    there, uniques = _columns(before), (IndexKind.PRIMARY, IndexKind.UNIQUE)
    for index in sorted(after.indexes, key=lambda one: one.name):
        names = [name_key(part.column) for part in index.parts if part.column is not None]
        made = [column for name, column in _columns(after).items() if name in {*names} - {*there}]
        is_unheld = made or any(_is_computed_otherwise(name, before, after) for name in names)
        if index.kind in uniques and is_unheld and not any(map(_stays_empty, made)):
            yield index.name


def _stays_empty(made: Column) -> bool:
    """In all rows: those that have no value are equal to none."""
    has_default = made.default_sql not in (None, "NULL")
    return made.nullable and made.generated is None and not has_default


def _gets_others(column: str, before: Table, after: Table) -> bool:
    old, new = _columns(before).get(column), _columns(after).get(column)
    gets_a_value = old is not None and new is not None and _gets_a_value(old, new)
    return gets_a_value or _is_computed_otherwise(column, before, after)


def _gets_a_value(old: Column, new: Column) -> bool:
    """In rows that have none."""
    return old.nullable and not new.nullable


def _columns(table: Table) -> dict[str, Column]:
    return {name_key(column.name): column for column in table.columns}


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
