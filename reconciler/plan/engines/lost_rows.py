"""Which rows gh-ost would lose without a word, as the definitions of table and copy show.

What `--panic-on-warnings` makes an exception of (1.1.10): a warning that reads "Duplicate entry"
and "for key" with the key that it copies by. That is meant for rows that come twice, by the copy
and by the binary log. It holds as well for two rows that are equal in the copy's key alone, and for
any warning that quotes a value in which these words stand: who writes to the table can choose it.

Rule (EN-20): values that differ in the key must stay apart in the copy, and text becomes no number,
date or the like. It is kept by the plan, and again by the adapter on the copy itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.plan.engines.unique_keys import Shape, new_keys, stays_apart, type_word

_TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}) | frozenset(
    {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
)
_MADE_OF_TEXT = _TEXTS | {"json", "enum", "set"}


def loses(before: Shape, after: Shape) -> Iterator[str]:
    """Why rows of the table would be lost in its copy, in words that go on after "gh-ost: "."""
    for column in _copied_by(before, after):
        if column in after.columns and not stays_apart(column, before, after):
            yield f"it would take rows that differ in {column} alone for one, and lose them"
    for column, (kind, _) in sorted(before.columns.items()):
        larger = after.columns.get(column)
        if larger is None or type_word(kind) not in _TEXTS:
            continue
        if type_word(larger[0]) not in _MADE_OF_TEXT:
            yield f"it may lose values of {column} that are not what its new type takes"
    for name, parts in new_keys(before, after):
        if any(part.column is None for part in parts):
            yield f"it may lose rows that are equal in {name}, which is a key of expressions"


def _copied_by(before: Shape, after: Shape) -> list[str]:
    """It copies by the primary key where both have the same, else by one of the unique keys."""
    primary = before.keys.get("PRIMARY")
    if primary is not None and primary == after.keys.get("PRIMARY"):
        return [part.column for part in primary if part.column is not None]
    parts = (part for key in before.keys.values() for part in key)
    return sorted({part.column for part in parts if part.column is not None})
