"""The order of indexes has no meaning but one: without a primary key, InnoDB clusters the rows by
the first UNIQUE key over NOT NULL columns.

The servers sort primary, unique over NOT NULL, other unique, plain and FULLTEXT keys themselves, so
that the clustering key is the first one printed. It stays first, all others are sorted by name.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.schema import GeneratedKind, Index, IndexKind, IndexPart, Table
from reconciler.model.server import ServerVersion


def with_sorted_indexes(table: Table, version: ServerVersion) -> Table:
    if not table.indexes:
        return table
    clustering = clustering_index(table)
    indexes = sorted(table.indexes, key=lambda index: (index is not clustering, index.name))
    return replace(table, indexes=tuple(indexes))


def clustering_index(table: Table) -> Index | None:
    """The index whose order the rows are stored in; None where InnoDB adds one of its own."""
    first = table.indexes[0] if table.indexes else None
    if first is None or first.kind is IndexKind.PRIMARY:
        return first
    if first.kind is not IndexKind.UNIQUE or not first.visible:
        return None
    return first if all(_may_cluster(part, table) for part in first.parts) else None


def _may_cluster(part: IndexPart, table: Table) -> bool:
    """Seen on MySQL 9.7: no prefixes, no expressions, no VIRTUAL columns, nothing nullable."""
    column = table.column(part.column) if part.column is not None else None
    return (
        column is not None
        and part.length is None
        and not column.nullable
        and (column.generated is None or column.generated.kind is GeneratedKind.STORED)
    )
