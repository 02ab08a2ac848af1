"""Indexes that InnoDB may have made by itself for a foreign key.

Such an index carries a hidden mark that no SHOW prints: it goes away without a word once another
index, or a later foreign key's own, covers the same columns. The mark outlives even its foreign
key; it ends when the index is dropped and added in one ALTER, which costs nothing where there is no
mark (MySQL 9.7). So an index that may be marked is dropped and added by name wherever a plan covers
it: that is right in both states, which nobody can tell apart by reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconciler.diff.pairing import name_key
from reconciler.model.schema import ForeignKey, Index, IndexKind


def covered_by_indexes(
    kept: Iterable[Index], added: Iterable[Index], foreign_keys: Iterable[ForeignKey]
) -> tuple[Index, ...]:
    """Those of the `kept` indexes that one of the `added` would displace if they were marked."""
    keys = tuple(foreign_keys)
    coverings = [_columns(index) for index in added if index.kind in _COVERING_KINDS]
    return tuple(
        index
        for index in kept
        if may_be_implicit(index, keys)
        and any(_is_prefix(_columns(index), covering) for covering in coverings)
    )


def covered_by_foreign_keys(
    kept: Iterable[Index], added: Iterable[ForeignKey], foreign_keys: Iterable[ForeignKey]
) -> tuple[Index, ...]:
    """Those of the `kept` indexes that the own index of an `added` foreign key would displace.

    An index of the key's own name and columns would give way to its like, so it may stay.
    """
    keys = tuple(foreign_keys)
    coverings = [(name_key(key.name), tuple(map(name_key, key.columns))) for key in added]
    return tuple(
        index
        for index in kept
        if may_be_implicit(index, keys)
        and {(name, columns) for name, columns in coverings if _is_prefix(_columns(index), columns)}
        - {(name_key(index.name), _columns(index))}
    )


_COVERING_KINDS = (IndexKind.PRIMARY, IndexKind.UNIQUE, IndexKind.PLAIN)


def may_be_implicit(index: Index, foreign_keys: tuple[ForeignKey, ...]) -> bool:
    """Whether the index could have been made by a server, now or for a foreign key since dropped.

    It is named like the constraint, or like its first column where the constraint had no name; of
    dropped constraints only the habit of calling them so is left to recognise.
    """
    if index.kind is not IndexKind.PLAIN or index.comment or index.parser:
        return False
    if any(part.column is None or part.length or part.descending for part in index.parts):
        return False
    columns = _columns(index)
    if any(_is_prefix(tuple(map(name_key, key.columns)), columns) for key in foreign_keys):
        return True
    name = name_key(index.name)
    return re.fullmatch(rf"{re.escape(columns[0])}(_\d+)?", name) is not None or "fk" in name


def _columns(index: Index) -> tuple[str, ...]:
    """Folded names; a part that is no whole column ends what the index can cover."""
    names: list[str] = []
    for part in index.parts:
        if part.column is None or part.length is not None:
            break
        names.append(name_key(part.column))
    return tuple(names)


def _is_prefix(columns: tuple[str, ...], covering: tuple[str, ...]) -> bool:
    return covering[: len(columns)] == columns
