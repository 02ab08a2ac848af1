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

from collections.abc import Iterator

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.engines.limits import ROWS_ASKED_S_MAX
from reconciler.edges.engines.unique_keys import (
    Part,
    Shape,
    new_keys,
    shape_of,
    stays_apart,
    type_word,
)
from reconciler.edges.mysql.connect import Link

_TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}) | frozenset(
    {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
)
_MADE_OF_TEXT = _TEXTS | {"json", "enum", "set"}


def loses(before: Shape, after: Shape) -> Iterator[str]:
    """Why rows of the table would be lost in its copy, as the end of a sentence."""
    for column in _copied_by(before, after):
        if column in after.columns and not stays_apart(column, before, after):
            yield f"would take rows that differ in {column} alone for one, and lose them"
    for column, (kind, _) in sorted(before.columns.items()):
        larger = after.columns.get(column)
        if larger is None or type_word(kind) not in _TEXTS:
            continue
        if type_word(larger[0]) not in _MADE_OF_TEXT:
            yield f"may lose values of {column} that are not what its new type takes"
    for name, parts in new_keys(before, after):
        if any(part.column is None for part in parts):
            yield f"may lose rows that are equal in {name}, which is a key of expressions"


def new_key_with_duplicates(link: Link, table: str, copy: str) -> str | None:
    """The unique key of the copy in which rows of the table are equal. Raises ServerRefusal or
    LinkLost."""
    before, after = shape_of(link, table), shape_of(link, copy)
    for name, parts in new_keys(before, after):
        if (question := _duplicates(table, parts, before, after)) is None:
            continue  # of a column that is new: its rows are not the table's
        link.wait_at_most(ROWS_ASKED_S_MAX)
        try:
            if link.query(question, width=1):
                return name
        finally:
            link.wait_at_most(link.target.read_timeout_s)
    return None


def _copied_by(before: Shape, after: Shape) -> list[str]:
    """It copies by the primary key where both have the same, else by one of the unique keys."""
    primary = before.keys.get("PRIMARY")
    if primary is not None and primary == after.keys.get("PRIMARY"):
        return [part.column for part in primary if part.column is not None]
    parts = (part for key in before.keys.values() for part in key)
    return sorted({part.column for part in parts if part.column is not None})


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
