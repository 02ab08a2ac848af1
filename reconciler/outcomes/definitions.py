"""Definitions on both sides of a change, for whoever shows what becomes of a table."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.object_id import ObjectId
from reconciler.model.schema import Schema


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """A foreign key: the table that has it names the parent."""

    child: str
    parent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What git says, as the shards' servers print it: the text of each object, and which tables
    name which, there and on the shards as they were seen."""

    texts: tuple[tuple[ObjectId, str], ...]
    links: tuple[Link, ...]
    links_found: tuple[Link, ...]


def links_of(schema: Schema) -> frozenset[Link]:
    return frozenset(
        Link(table.name, key.parent_table)
        for table in schema.tables
        for key in table.foreign_keys
        if key.parent_database is None
    )
