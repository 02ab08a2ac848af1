"""Whether two rows may become one by the copy.

gh-ost takes two rows that are equal in the key it copies by for one row that came twice, once by
the copy and once by the binary log, and leaves the second out without a word; `--panic-on-warnings`
makes an exception of that key (1.1.10). So values that differ there must stay apart: in a collation
that finds more of them equal, or with a shorter fraction, they would not (EN-20).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.reading import text

_COLUMNS = """
SELECT COLUMN_NAME, COLUMN_TYPE, COALESCE(COLLATION_NAME, '') FROM information_schema.COLUMNS
 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s
"""
_KEYS = """
SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS
 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND NON_UNIQUE = 0
   AND COLUMN_NAME IS NOT NULL
 ORDER BY INDEX_NAME, SEQ_IN_INDEX
"""
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_STRINGS = ("varchar", "varbinary")

#: Type and collation, as the catalogue has them.
Kind = tuple[str, str]


def keys_that_merge(link: Link, table: str, copy: str) -> tuple[str, ...]:
    """Columns of the key that gh-ost may copy by, in which values that differ may become equal.
    Raises ServerRefusal or LinkLost."""
    before, after = _columns(link, table), _columns(link, copy)
    columns = _copied_by(_keys(link, table), _keys(link, copy))
    return tuple(
        name
        for name in columns
        if name in before and name in after and not keeps_apart(before[name], after[name])
    )


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
    return kind == larger and kind in _STRINGS and size <= larger_size


def _parts(column_type: str) -> tuple[str, int, str]:
    """Word, size, and what follows, such as "unsigned"."""
    found = re.fullmatch(r"(\w+)(?:\((\d{1,9})\))?(.*)", column_type, re.ASCII | re.DOTALL)
    return (found[1], int(found[2] or 0), found[3].strip()) if found else (column_type, 0, "")


def _copied_by(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> list[str]:
    """It copies by the primary key where both have the same, else by one of the unique keys."""
    primary = before.get("PRIMARY")
    if primary is not None and primary == after.get("PRIMARY"):
        return primary
    return sorted({column for columns in before.values() for column in columns})


def _columns(link: Link, table: str) -> dict[str, Kind]:
    rows = link.query(_COLUMNS, [table], width=3)
    return {text(name): (text(kind).lower(), text(collation)) for name, kind, collation in rows}


def _keys(link: Link, table: str) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    rows: Sequence[tuple[object, ...]] = link.query(_KEYS, [table], width=2)
    for index, column in rows:
        keys.setdefault(text(index), []).append(text(column))
    return keys
