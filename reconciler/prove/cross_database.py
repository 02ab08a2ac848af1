"""Tables of other databases at the other end of a foreign key: parents that ours refer to, and
children that refer to ours. A change of ours is held against both, and changes neither.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.ddl.foreign import ForeignDefinition, foreign_table
from reconciler.ddl.render import create_table_sql
from reconciler.model.observation import CrossDatabaseChild
from reconciler.model.schema import Column, ForeignKey, Index, IndexKind, IndexPart, Table
from reconciler.model.server import ServerVersion
from reconciler.prove.request import ProofRequest


def parents_for(
    request: ProofRequest, tables: Collection[str]
) -> tuple[tuple[str, ForeignDefinition], ...]:
    """Those that the tables refer to, each with its database, as observed; one that no shard
    refers to yet, or that could not be read, is made up to fit (`assumed_parents`)."""
    places = {(key.parent_database, key.parent_table) for _, key in _leaving(request, tables)}
    seen = {place: found for place, found in _read_parents(request).items() if place in places}
    made_up = {
        (database, key.parent_table): _fitting_parent(table, key, request.version)
        for table, key in _leaving(request, tables)
        if (database := key.parent_database) is not None
        if (database, key.parent_table) not in seen
    }
    return tuple((place[0], found) for place, found in sorted((seen | made_up).items()))


def _read_parents(request: ProofRequest) -> dict[tuple[str, str], ForeignDefinition]:
    return {
        (parent.database, parent.table): found
        for parent in request.shard.cross_database_parents
        if (found := foreign_table(parent.definition, parent.table, request.version)) is not None
    }


def children_for(request: ProofRequest, tables: Collection[str]) -> tuple[CrossDatabaseChild, ...]:
    """Those that refer to one of the tables."""
    seen = request.shard.cross_database_children or ()
    return tuple(child for child in seen if not set(tables).isdisjoint(child.parents))


def assumed_parents(request: ProofRequest, table: Table | None) -> tuple[ForeignKey, ...]:
    """The table's foreign keys to parents that could not be seen: their proof assumes a fit."""
    known = _read_parents(request)
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


def _fitting_parent(child: Table, key: ForeignKey, version: ServerVersion) -> ForeignDefinition:
    """The least table that the foreign key can refer to."""
    columns = []
    for ours, theirs in zip(key.columns, key.parent_columns, strict=True):
        column = child.column(ours)
        assert column is not None, "a server made this foreign key"
        columns.append(
            Column(
                name=theirs,
                sql_type=column.sql_type,
                charset=column.charset,
                collation=column.collation,
                nullable=False,
            )
        )
    primary = Index(
        name="PRIMARY",
        kind=IndexKind.PRIMARY,
        parts=tuple(IndexPart(column=column) for column in key.parent_columns),
    )
    parent = Table(
        name=key.parent_table,
        columns=tuple(columns),
        indexes=(primary,),
        options=(("ENGINE", "InnoDB"),),
    )
    return ForeignDefinition(name=parent.name, sql=create_table_sql(parent, version))
