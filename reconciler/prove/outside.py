"""Tables of other databases at the other end of a foreign key: parents that ours refer to, and
children that refer to ours. A change of ours is held against both, and changes neither.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.ddl.quote import quote_identifier
from reconciler.model.observation import OutsideChild, OutsideParent
from reconciler.model.schema import ForeignKey, Table
from reconciler.prove.request import ProofRequest


def parents_for(request: ProofRequest, tables: Collection[str]) -> tuple[OutsideParent, ...]:
    """Those that the tables refer to, as observed; one that no shard refers to yet is made
    up to fit (`assumed_parents`)."""
    places = {(key.parent_database, key.parent_table) for _, key in _leaving(request, tables)}
    seen = tuple(p for p in request.shard.outside_parents if (p.database, p.table) in places)
    known = {(parent.database, parent.table) for parent in seen}
    made_up = {
        (parent.database, parent.table): parent
        for table, key in _leaving(request, tables)
        if (key.parent_database, key.parent_table) not in known
        for parent in (_fitting_parent(table, key),)
    }
    return (*seen, *(parent for _, parent in sorted(made_up.items())))


def children_for(request: ProofRequest, tables: Collection[str]) -> tuple[OutsideChild, ...]:
    """Those that refer to one of the tables."""
    seen = request.shard.outside_children or ()
    return tuple(child for child in seen if not set(tables).isdisjoint(child.parents))


def assumed_parents(request: ProofRequest, table: Table | None) -> tuple[ForeignKey, ...]:
    """The table's foreign keys to parents that could not be seen: their proof assumes a fit."""
    known = {(parent.database, parent.table) for parent in request.shard.outside_parents}
    return tuple(
        key
        for key in (table.foreign_keys if table else ())
        if key.parent_database is not None and (key.parent_database, key.parent_table) not in known
    )


def _leaving(request: ProofRequest, tables: Collection[str]) -> Iterator[tuple[Table, ForeignKey]]:
    now = (
        request.read(table).table
        for table in sorted(request.texts.keys() & set(tables))
        if request.reader.is_managed(table)
    )
    wanted = (table for table in request.desired.tables if table.name in tables)
    for table in (*now, *wanted):
        for key in table.foreign_keys:
            if key.parent_database is not None:
                yield table, key


def _fitting_parent(child: Table, key: ForeignKey) -> OutsideParent:
    """The least table that the foreign key can refer to."""
    assert key.parent_database is not None
    columns = []
    for ours, theirs in zip(key.columns, key.parent_columns, strict=True):
        column = child.column(ours)
        assert column is not None, "a server made this foreign key"
        charset = f" CHARACTER SET {column.charset}" if column.charset else ""
        collation = f" COLLATE {column.collation}" if column.collation else ""
        columns.append(f"{quote_identifier(theirs)} {column.sql_type}{charset}{collation} NOT NULL")
    primary = ", ".join(map(quote_identifier, key.parent_columns))
    definition = (
        f"CREATE TABLE {quote_identifier(key.parent_table)}"
        f" ({', '.join(columns)}, PRIMARY KEY ({primary})) ENGINE=InnoDB"
    )
    return OutsideParent(
        database=key.parent_database, table=key.parent_table, definition=definition
    )
