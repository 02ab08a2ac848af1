"""Columns and unique keys of a table as the server's catalogue has them."""

from __future__ import annotations

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.reading import number, text
from reconciler.plan.engines.unique_keys import Part, Shape

_COLUMNS = """
SELECT COLUMN_NAME, COLUMN_TYPE, COALESCE(COLLATION_NAME, '') FROM information_schema.COLUMNS
 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s
"""
_KEYS = """
SELECT INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS
 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND NON_UNIQUE = 0
 ORDER BY INDEX_NAME, SEQ_IN_INDEX
"""


def shape_of(link: Link, table: str) -> Shape:
    """Raises ServerRefusal or LinkLost."""
    keys: dict[str, tuple[Part, ...]] = {}
    for index, column, chars in link.query(_KEYS, [table], width=3):
        part = Part(column=None if column is None else text(column), chars=number(chars))
        keys[text(index)] = (*keys.get(text(index), ()), part)
    rows = link.query(_COLUMNS, [table], width=3)
    columns = {text(name): (text(kind).lower(), text(sort)) for name, kind, sort in rows}
    return Shape(columns=columns, keys=keys)
