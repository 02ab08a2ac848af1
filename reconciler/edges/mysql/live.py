"""Looks at live shards, many at a time; can change nothing.

Rule: what cannot be read in full makes its shard Unreachable, with a reason, and never a smaller
schema (GD-5, PL-10). Round trips are what a look costs: one for each table and about ten besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.access import read_access
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.cross_database_children import CrossDatabaseChildren
from reconciler.edges.mysql.deadline import Overdue, Patience, map_with_deadline
from reconciler.edges.mysql.dependents import ProgramsElsewhere
from reconciler.edges.mysql.engine_ground import ShownByServers
from reconciler.edges.mysql.grants import SHOWS_TABLES, unseen_with
from reconciler.edges.mysql.limits import LOOK_BYTES_MAX, OBSERVE_ANSWERS_MAX
from reconciler.edges.mysql.others import read_cross_database_parents, read_others
from reconciler.edges.mysql.problems import (
    as_unavailable,
    hidden_tables,
    look_failed,
    shard_timeout,
)
from reconciler.edges.mysql.reach import ByItself, Reach, database_of
from reconciler.edges.mysql.reading import list_with_facts, read_tables
from reconciler.edges.mysql.row_versions import RowVersions
from reconciler.edges.mysql.server_settings import ServerLook, look_at_server
from reconciler.edges.mysql.session_settings import session_variables
from reconciler.edges.mysql.target import resolve
from reconciler.errors import Problem, ReconcilerError, Unavailable
from reconciler.model.dependents import Dependents
from reconciler.model.observation import Observation, ObservedShard, TableFacts, Unreachable
from reconciler.spec.model import ShardSpec


class MysqlLiveShards:
    """`LiveShards` over real servers. `root` is the repository, where relative TLS paths start."""

    def __init__(
        self, *, environ: Mapping[str, str], root: Path, reach: Reach | None = None
    ) -> None:
        self._environ = environ
        self._root = root
        self._reach = reach or ByItself()

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        servers = ServerWide()

        def look(shard: ShardSpec, patience: Patience) -> Observation:
            try:
                target = resolve(
                    shard.connection, environ=self._environ, root=self._root, shard=shard.name
                )
                return observe_shard(shard, target, servers, patience, self._reach)
            except ReconcilerError as error:
                return _unreachable(shard.name, error.problems[0])
            except Exception as error:  # whatever a server made of it, it is this shard's alone
                return _unreachable(shard.name, look_failed(f"shard {shard.name}", error))

        observations = map_with_deadline(look, shards, parallel=parallel, limit_s=time_limit_s)
        return [
            _overdue(shard) if isinstance(seen, Overdue) else seen
            for shard, seen in zip(shards, observations, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class ServerWide:
    """What is asked once per server, for the length of one look at a fleet."""

    row_versions: RowVersions = field(default_factory=RowVersions)
    cross_database_children: CrossDatabaseChildren = field(default_factory=CrossDatabaseChildren)
    programs: ProgramsElsewhere = field(default_factory=ProgramsElsewhere)
    shown: ShownByServers = field(default_factory=ShownByServers)


def observe_shard(
    shard: ShardSpec, target: Target, servers: ServerWide, patience: Patience, reach: Reach
) -> ObservedShard:
    """Raises Unavailable or InvalidInput."""
    with (
        reach.open(target, program="reconciler, looking") as link,
        as_unavailable(target.label),
    ):
        patience.when_over(link.cut)
        link.try_again_on_deadlock()
        link.take_at_most(LOOK_BYTES_MAX)
        server = look_at_server(link)
        reach.set_session(link, session_variables(server.settings))
        seen = _observe(link, shard, server, servers)
        reach.confirm(link, server)
        return seen


def _observe(
    link: Link, shard: ShardSpec, server: ServerLook, servers: ServerWide
) -> ObservedShard:
    database = database_of(link)
    shown = servers.shown.of(link, server)
    access = read_access(
        link, database, server, shown, definers=shard.definers, programs=shard.programs
    )
    if access.privileges is not None:
        privileges = access.privileges.on_database(database)
        if not privileges & SHOWS_TABLES:
            raise Unavailable(hidden_tables(link.target.label))
    # First of all: it takes the first shard of a server the longest, and the others need it last.
    name_there = folded(database, server)
    versions = servers.row_versions.of(link, server, name_there)
    children = servers.cross_database_children.of(link, server, name_there)
    elsewhere, hidden = servers.programs.of(link, server, name_there, access.privileges)
    read = read_tables(link, database, list_again=list_with_facts)
    others = read_others(link, database, read.listing, shard.programs)
    outside = read_cross_database_parents(link, read.definitions, server.settings.version)
    unseen = (*others.unseen, *outside.unseen, *hidden)
    if access.privileges is not None:
        unseen = (*unseen_with(privileges), *unseen)
    if isinstance(versions, str):
        unseen = (*unseen, f"row versions of tables ({versions})")
    if children is None:
        unseen = (*unseen, "foreign keys of other databases (needs PROCESS)")
    return ObservedShard(
        shard=shard.name,
        settings=server.settings,
        definitions=read.definitions,
        broken=read.broken,
        others=others.objects,
        facts=tuple(
            (table, _with_versions(read.listing.facts[table], table, versions))
            for table, _ in read.definitions
        ),
        cross_database_parents=outside.parents,
        cross_database_children=children,
        place=f"{server.identity}/{name_there}",
        dependents=Dependents(
            programs=(*others.programs, *elsewhere),
            references=servers.cross_database_children.references(link, server, name_there),
            sees_elsewhere=not hidden,
        ),
        access=access,
        unseen=unseen,
    )


def _with_versions(facts: TableFacts, table: str, versions: Mapping[str, int] | str) -> TableFacts:
    # InnoDB writes letters beyond ASCII in a form of its own.
    if isinstance(versions, str) or not table.isascii():
        return facts
    return replace(facts, row_versions=versions.get(table, 0))


def folded(database: str, server: ServerLook) -> str:
    """As the server's catalogues spell the name."""
    return (
        database if server.settings.variable("lower_case_table_names") == "0" else database.lower()
    )


def time_limit_s(shard: ShardSpec) -> float:
    """How long one look at this shard may take; then nobody waits for it any more."""
    connection = shard.connection
    return connection.connect_timeout_s + OBSERVE_ANSWERS_MAX * connection.read_timeout_s


def _overdue(shard: ShardSpec) -> Unreachable:
    reason = f"it could not be read within {time_limit_s(shard):.0f} s"
    return _unreachable(shard.name, shard_timeout(f"shard {shard.name}", reason))


def _unreachable(shard: str, problem: Problem) -> Unreachable:
    reason = problem.message.removeprefix(f"shard {shard}: ")
    return Unreachable(shard=shard, code=problem.code, reason=reason, recovery=problem.recovery)
