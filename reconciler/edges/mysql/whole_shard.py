"""Puts together what was read of one shard, in whichever way it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.cross_database_children import CrossDatabaseChildren
from reconciler.edges.mysql.dependents import ProgramsElsewhere
from reconciler.edges.mysql.engine_ground import ShownByServers
from reconciler.edges.mysql.grants import unseen_with
from reconciler.edges.mysql.others import KnownListings, OthersRead, ParentsRead
from reconciler.edges.mysql.reading import TablesRead
from reconciler.edges.mysql.row_versions import RowVersions
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.edges.mysql.shown_ahead import KnownPrograms
from reconciler.model.access import ShardAccess
from reconciler.model.dependents import Dependents, Program, Reference
from reconciler.model.observation import CrossDatabaseChild, ObservedShard, TableFacts
from reconciler.spec.model import ShardSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the rest of its server has to do with a shard. `place` is its database as the server's
    catalogues spell it; `hidden` what was not seen, in words."""

    place: str
    versions: Mapping[str, int] | str
    children: tuple[CrossDatabaseChild, ...] | None
    references: tuple[Reference, ...]
    programs: tuple[Program, ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServerWide:
    """What is asked once per server, for the length of one look at a fleet; and what many shards
    have: `texts` by their table and as they were printed, and programs."""

    row_versions: RowVersions = field(default_factory=RowVersions)
    cross_database_children: CrossDatabaseChildren = field(default_factory=CrossDatabaseChildren)
    programs: ProgramsElsewhere = field(default_factory=ProgramsElsewhere)
    shown: ShownByServers = field(default_factory=ShownByServers)
    texts: dict[tuple[str, bytes], str] = field(default_factory=dict)
    known: KnownPrograms = field(default_factory=KnownPrograms)
    listings: KnownListings = field(default_factory=KnownListings)

    def around(self, link: Link, server: ServerLook, access: ShardAccess) -> Around:
        """Raises ServerRefusal or LinkLost."""
        place = server.settings.fold(access.database)
        versions = self.row_versions.of(link, server, place)
        children = self.cross_database_children.of(link, server, place)
        programs, hidden = self.programs.of(link, server, place, access.privileges)
        return Around(
            place=place,
            versions=versions,
            children=children,
            references=self.cross_database_children.references(link, server, place),
            programs=programs,
            hidden=hidden,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """What was read of a shard's own database."""

    tables: TablesRead
    others: OthersRead
    parents: ParentsRead


def whole_shard(
    shard: ShardSpec, server: ServerLook, access: ShardAccess, within: Within, around: Around
) -> ObservedShard:
    unseen = (*within.others.unseen, *within.parents.unseen, *around.hidden)
    if access.privileges is not None:
        unseen = (*unseen_with(access.privileges.on_database(access.database)), *unseen)
    if isinstance(around.versions, str):
        unseen = (*unseen, f"row versions of tables ({around.versions})")
    if around.children is None:
        unseen = (*unseen, "foreign keys of other databases (needs PROCESS)")
    facts = within.tables.listing.facts
    return ObservedShard(
        shard=shard.name,
        settings=server.settings,
        definitions=within.tables.definitions,
        broken=within.tables.broken,
        others=within.others.objects,
        facts=tuple(
            (table, _with_versions(facts[table], table, around.versions))
            for table, _ in within.tables.definitions
        ),
        cross_database_parents=within.parents.parents,
        cross_database_children=around.children,
        place=f"{server.identity}/{around.place}",
        dependents=Dependents(
            programs=(*within.others.programs, *around.programs),
            references=around.references,
            sees_elsewhere=not around.hidden,
        ),
        access=access,
        unseen=unseen,
    )


def _with_versions(facts: TableFacts, table: str, versions: Mapping[str, int] | str) -> TableFacts:
    # InnoDB writes letters beyond ASCII in a form of its own.
    if isinstance(versions, str) or not table.isascii():
        return facts
    return replace(facts, row_versions=versions.get(table, 0))
