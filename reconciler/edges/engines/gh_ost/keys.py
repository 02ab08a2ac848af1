"""Which rows gh-ost would lose without a word, as its copy's definition shows.

What `--panic-on-warnings` makes an exception of (1.1.10): a warning that reads "Duplicate entry"
and "for key" with the key that it copies by. That is meant for rows that come twice, by the copy
and by the binary log. It holds as well for two rows that are equal in the copy's key alone, and for
any warning that quotes a value in which these words stand: who writes to the table can choose it.

Rule (EN-20): values that differ in the key must stay apart in the copy; text becomes no number,
date or the like; and what a new unique key finds equal is looked for in the rows themselves, right
before the swap, and once more before the table as it was is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.engines.limits import ROWS_ASKED_S_MAX
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.reading import number, text

_COLUMNS = """
SELECT COLUMN_NAME, COLUMN_TYPE, COALESCE(COLLATION_NAME, '') FROM information_schema.COLUMNS
 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s
"""
_KEYS = """
SELECT INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS
 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND NON_UNIQUE = 0
 ORDER BY INDEX_NAME, SEQ_IN_INDEX
"""
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}) | frozenset(
    {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
)
_MADE_OF_TEXT = _TEXTS | {"json", "enum", "set"}
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


def shape_of(link: Link, table: str) -> Shape:
    """Raises ServerRefusal or LinkLost."""
    keys: dict[str, tuple[Part, ...]] = {}
    for index, column, chars in link.query(_KEYS, [table], width=3):
        part = Part(column=None if column is None else text(column), chars=number(chars))
        keys[text(index)] = (*keys.get(text(index), ()), part)
    rows = link.query(_COLUMNS, [table], width=3)
    columns = {text(name): (text(kind).lower(), text(sort)) for name, kind, sort in rows}
    return Shape(columns=columns, keys=keys)


def loses(before: Shape, after: Shape) -> Iterator[str]:
    """Why rows of the table would be lost in its copy, as the end of a sentence."""
    for column in _copied_by(before, after):
        if column in after.columns and not _stays_apart(column, before, after):
            yield f"would take rows that differ in {column} alone for one, and lose them"
    for column, (kind, _) in sorted(before.columns.items()):
        larger = after.columns.get(column)
        if larger is not None and _word(kind) in _TEXTS and _word(larger[0]) not in _MADE_OF_TEXT:
            yield f"may lose values of {column} that are not what its new type takes"
    for name, parts in _new_keys(before, after):
        if any(part.column is None for part in parts):
            yield f"may lose rows that are equal in {name}, which is a key of expressions"


def new_key_with_duplicates(link: Link, table: str, copy: str) -> str | None:
    """The unique key of the copy in which rows of the table are equal. Raises ServerRefusal or
    LinkLost."""
    before, after = shape_of(link, table), shape_of(link, copy)
    for name, parts in _new_keys(before, after):
        if (question := _duplicates(table, parts, before, after)) is None:
            continue  # of a column that is new: its rows are not the table's
        link.wait_at_most(ROWS_ASKED_S_MAX)
        try:
            if link.query(question, width=1):
                return name
        finally:
            link.wait_at_most(link.target.read_timeout_s)
    return None


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


def _copied_by(before: Shape, after: Shape) -> list[str]:
    """It copies by the primary key where both have the same, else by one of the unique keys."""
    primary = before.keys.get("PRIMARY")
    if primary is not None and primary == after.keys.get("PRIMARY"):
        return [part.column for part in primary if part.column is not None]
    parts = (part for key in before.keys.values() for part in key)
    return sorted({part.column for part in parts if part.column is not None})


def _new_keys(before: Shape, after: Shape) -> Iterator[tuple[str, tuple[Part, ...]]]:
    """Those of the copy that may find rows equal which no key of the table does."""
    for name, parts in sorted(after.keys.items()):
        is_kept = parts in before.keys.values() and all(
            part.column is not None and _stays_apart(part.column, before, after) for part in parts
        )
        if not is_kept:
            yield name, parts


def _stays_apart(column: str, before: Shape, after: Shape) -> bool:
    return keeps_apart(before.columns[column], after.columns[column])


def _duplicates(table: str, parts: tuple[Part, ...], before: Shape, after: Shape) -> str | None:
    columns = [part.column for part in parts if part.column is not None]
    if len(columns) < len(parts) or any(column not in before.columns for column in columns):
        return None
    given = " AND ".join(f"{quote_identifier(column)} IS NOT NULL" for column in columns)
    equal = ", ".join(_as_copied(part, before, after) for part in parts)
    return (
        f"SELECT 1 FROM {quote_identifier(table)} WHERE {given}"
        f" GROUP BY {equal} HAVING COUNT(*) > 1 LIMIT 1"
    )


def _as_copied(part: Part, before: Shape, after: Shape) -> str:
    """A column of the table as the copy compares it."""
    assert part.column is not None, "a key of expressions is not asked for"
    written = quote_identifier(part.column)
    sort = after.columns[part.column][1]
    if sort and sort != before.columns[part.column][1]:
        written = f"CONVERT({written} USING {sort.partition('_')[0]}) COLLATE {sort}"
    return written if part.chars is None else f"LEFT({written}, {part.chars})"


def _word(column_type: str) -> str:
    return _parts(column_type)[0]


def _parts(column_type: str) -> tuple[str, int, str]:
    """Word, size, and what follows, such as "unsigned"."""
    found = re.fullmatch(r"(\w+)(?:\((\d{1,9})\))?(.*)", column_type, re.ASCII | re.DOTALL)
    return (found[1], int(found[2] or 0), found[3].strip()) if found else (column_type, 0, "")
