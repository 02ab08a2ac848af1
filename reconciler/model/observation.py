"""What was seen of one shard, or that nothing could be seen: never anything in between (GD-5)."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.access import ShardAccess
from reconciler.model.dependents import NONE_SEEN, Dependents
from reconciler.model.schema import Column, ForeignKey, OtherObject, Table
from reconciler.model.server import ServerError, ServerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """Live facts about a table that its definition does not show; None: could not be read."""

    rows: int | None = None  # the server's estimate
    size_bytes: int | None = None  # data and indexes
    row_versions: int | None = None  # InnoDB TOTAL_ROW_VERSIONS, used up by INSTANT changes
    row_format: str | None = None  # the actual one, which an absent ROW_FORMAT does not tell
    created_s: int | None = None  # Unix time by the server's clock; MariaDB: also when renamed


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossDatabaseParent:
    """A table in another database that a foreign key of this shard refers to."""

    database: str
    table: str
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossDatabaseChild:
    """A table in another database of the server whose foreign keys refer to tables of this shard.

    `parents` are those tables. `table` is all of the child that matters to them: the columns of
    those foreign keys and the keys themselves, whose `parent_database` None means the shard's;
    None: it could not be read.
    """

    database: str
    name: str
    parents: tuple[str, ...]
    table: Table | None

    def __str__(self) -> str:
        return f"{self.database}.{self.name}"


def keys_alone(child: Table, keys: tuple[ForeignKey, ...]) -> Table:
    """These keys of a table, and of its columns what they rest on."""
    used = {column for key in keys for column in key.columns}
    return Table(
        name=child.name,
        columns=tuple(
            Column(
                name=column.name,
                sql_type=column.sql_type,
                charset=column.charset,
                collation=column.collation,
                nullable=column.nullable,
            )
            for column in child.columns
            if column.name in used
        ),
        foreign_keys=keys,
        options=(("ENGINE", "InnoDB"),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedShard:
    """One shard as its server showed it, all in one look.

    `definitions` are (table, SHOW CREATE TABLE text) sorted by table, base tables only; `broken`
    are tables that the server lists and cannot show, with its answer.
    `place` tells physical databases apart (server uuid and database name); it is compared, never
    stored or printed.
    """

    shard: str
    settings: ServerSettings
    definitions: tuple[tuple[str, str], ...]
    broken: tuple[tuple[str, ServerError], ...] = ()
    others: tuple[OtherObject, ...] = ()
    facts: tuple[tuple[str, TableFacts], ...] = ()
    cross_database_parents: tuple[CrossDatabaseParent, ...] = ()
    # None: the login may not see them.
    cross_database_children: tuple[CrossDatabaseChild, ...] | None = ()
    place: str = ""
    unseen: tuple[str, ...] = ()  # what privileges kept from being read, in words
    dependents: Dependents = NONE_SEEN  # all that was seen; of other databases what names it
    access: ShardAccess | None = None  # of the login that looked; None: nobody asked

    @property
    def server(self) -> str:
        """Equal for shards on one server, whatever addresses lead to it; '' if it did not tell."""
        return self.place.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """A shard that could not be observed: never "no difference". `reason` names no host or user."""

    shard: str
    code: str
    reason: str
    recovery: str


Observation = ObservedShard | Unreachable
