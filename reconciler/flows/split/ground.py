"""Everything that a move's plan rests on, as the routes and the servers show it now.

Rule: nothing is made, and what could not be asked counts against the move. Every shard that serves
is compared with git, so that a move never carries a schema that nobody reviewed (SP-71).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from reconciler.ddl.read import read_table
from reconciler.errors import Problem, Refused
from reconciler.flows.check import is_as_git_says
from reconciler.flows.limits import KEYS_LOOKED_FOR
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.guard.model import Obstacle, refusals_from
from reconciler.model.fleet import parse_key_range
from reconciler.model.key_function import KeyFunctionName
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import ObservedShard, Unreachable
from reconciler.model.programs import ROUTINES
from reconciler.model.schema import Table
from reconciler.observe.shards import observe
from reconciler.observe.shared_places import shared_places
from reconciler.ports.split_servers import (
    Definition,
    Ground,
    SplitServers,
    SplitWork,
    TableToMove,
)
from reconciler.ports.world import World
from reconciler.reshard.catalog import Catalog
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS
from reconciler.reshard.moves import ShardMove
from reconciler.reshard.plan.build import numbered
from reconciler.reshard.plan.model import TableSize
from reconciler.reshard.plan.preflight import (
    ServerSettings,
    disk_notes,
    disk_problems,
    keys_collide,
    leftover_problems,
    nothing_moves,
    reference_notes,
    reference_problems,
    replica_note,
    schema_first,
    settings_problems,
    sources_differ,
)
from reconciler.reshard.plan.statements import PLANNED_JOB, TableToPlan, table_to_plan
from reconciler.reshard.rows import MovedTable
from reconciler.reshard.tables import class_tables
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import (
    Environment,
    RetiringShard,
    ShardSpec,
    TableClass,
    TableUse,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveShards:
    """The shards of a move with their connections: those of the spec's two lists."""

    staying: tuple[ShardSpec, ...]
    sources: tuple[ShardSpec, ...]
    targets: tuple[ShardSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveGround:
    """`of_login` is what the login that looked could not do in a move; another one may. With
    `obstacles` nothing else in it is whole."""

    obstacles: tuple[Obstacle, ...] = ()
    of_login: tuple[Problem, ...] = ()
    server: str = ""
    classes: tuple[TableClass, ...] = ()
    tables: tuple[TableToPlan, ...] = ()
    left_behind: tuple[str, ...] = ()
    sizes: tuple[TableSize, ...] = ()
    notes: tuple[str, ...] = ()


def shards_of(environment: Environment, catalog: Catalog, move: ShardMove) -> MoveShards:
    """Of a move that the spec and the routes have together."""
    targets = {target.shard for target in move.targets}
    sources = {source.shard for source in move.sources}
    serving = {route.shard for route in catalog.routes} - sources
    listed = {shard.name: shard for shard in environment.shards}
    retiring = {shard.name: _as_shard(shard) for shard in environment.retiring}
    return MoveShards(
        staying=tuple(shard for name, shard in listed.items() if name in serving - targets),
        sources=tuple(retiring[source.shard] for source in move.sources),
        targets=tuple(listed[target.shard] for target in move.targets),
    )


def shards_concerned(environment: Environment) -> tuple[ShardSpec, ...]:
    """Those that retire, and those that have some of their keys."""
    leaving = [parse_key_range(one.name) for one in environment.retiring]
    taking = (
        shard
        for shard in environment.shards
        if (own := parse_key_range(shard.name)) is not None
        and any(one is not None and one.overlaps(own) for one in leaving)
    )
    return (*map(_as_shard, environment.retiring), *taking)


def _as_shard(retiring: RetiringShard) -> ShardSpec:
    return ShardSpec(name=retiring.name, connection=retiring.connection)


def look_at_move(
    world: World,
    servers: SplitServers,
    files: DesiredFiles,
    environment: Environment,
    shards: MoveShards,
) -> MoveGround:
    """Raises Refused, InvalidInput, Unavailable for what keeps the look from being made at all."""
    serving = replace(environment, shards=(*shards.staying, *shards.sources), retiring=())
    begun = begin_pass(world, files, serving)
    obstacles = begun.look.obstacles
    if not obstacles and not is_as_git_says(begun):
        wanted = begun.desired_fingerprints
        differing = [seen.shard for seen in begun.look.seen if seen.fingerprints != wanted]
        found = schema_first(files.spec.keyspace, environment.name, differing)
        obstacles = refusals_from(Refused(found))
    targets = observe(world, replace(environment, shards=shards.targets, retiring=()))
    unseen = tuple(seen for seen in targets if isinstance(seen, Unreachable))
    observed = [seen for seen in targets if isinstance(seen, ObservedShard)]
    sources = [
        seen.observation
        for seen in begun.look.seen
        if seen.shard in {source.name for source in shards.sources}
    ]
    everywhere = [*(seen.observation for seen in begun.look.seen), *observed]
    obstacles = (*obstacles, *unseen, *shared_places(everywhere))
    if obstacles:
        return MoveGround(obstacles=obstacles)
    classed = _class_tables(files, sources)
    if classed.obstacles:
        return classed
    releases = {f"{_SOURCE} {seen.shard}": _release(seen) for seen in sources}
    releases |= {f"{_TARGET} {seen.shard}": _release(seen) for seen in observed}
    return _with_shapes(servers, files, shards, classed, releases)


_SOURCE, _TARGET = "source", "target"


def _release(seen: ObservedShard) -> str:
    return seen.settings.version.series


def _class_tables(files: DesiredFiles, sources: Sequence[ObservedShard]) -> MoveGround:
    """Of all tables of the sources, also those that policy ignores."""
    spec = files.spec
    function = KEY_FUNCTIONS[KeyFunctionName(spec.key_function or "")]
    problems: list[Problem] = []
    notes: list[str] = []
    classes: dict[str, TableClass] = {}
    for seen in sources:
        problems += leftover_problems(seen.shard, _names(seen))
        tables = _tables(seen)
        classing = class_tables(tables, spec.tables, function)
        classes |= {one.table: one for one in classing.classes}
        problems += (*classing.problems, *reference_problems(tables, classes))
        notes += (*classing.notes, *reference_notes(tables, classes))
    found = tuple(classes[name] for name in sorted(classes))
    if not problems and not numbered(found):
        problems.append(nothing_moves(spec.keyspace))
    return MoveGround(
        obstacles=refusals_from(Refused(*dict.fromkeys(problems))) if problems else (),
        classes=found,
        left_behind=tuple(sorted({name for seen in sources for name in left_behind_of(seen)})),
        sizes=tuple(
            table_size(one.table, sources) for one in found if one.use is not TableUse.EXCLUDED
        ),
        notes=tuple(dict.fromkeys(notes)),
    )


def _tables(seen: ObservedShard) -> list[Table]:
    """Raises Refused for one that cannot be read back: its rows would go nowhere."""
    if seen.broken:
        table, error = seen.broken[0]
        raise Refused(
            Problem(
                code="split-table-unfit",
                message=f"shard {seen.shard}: the rows of table {table} cannot be moved: the server"
                f" lists it and cannot show its definition: {error}",
                recovery="repair or drop the table on the shard, then run `reconciler plan` again",
            )
        )
    version = seen.settings.version
    return [read_table(text, version) for _, text in seen.definitions]


def _names(seen: ObservedShard) -> Iterator[str]:
    yield from (table for table, _ in seen.definitions)
    yield from (other.name for other in seen.others if other.kind is ObjectKind.TRIGGER)


def left_behind_of(seen: ObservedShard) -> Iterator[str]:
    """What a login sees that reads; routines and events only where they are managed."""
    kinds = (ObjectKind.VIEW, ObjectKind.SEQUENCE, *ROUTINES, ObjectKind.EVENT)
    yield from (f"{other.kind} {other.name}" for other in seen.others if other.kind in kinds)


def table_size(table: str, sources: Sequence[ObservedShard]) -> TableSize:
    facts = [dict(seen.facts).get(table) for seen in sources]
    rows = [found.rows for found in facts if found is not None and found.rows is not None]
    sizes = [found.size_bytes for found in facts if found and found.size_bytes is not None]
    return TableSize(
        table=table,
        rows=sum(rows) if rows else None,
        size_bytes=sum(sizes) if sizes else None,
    )


def _with_shapes(
    servers: SplitServers,
    files: DesiredFiles,
    shards: MoveShards,
    classed: MoveGround,
    releases: Mapping[str, str],
) -> MoveGround:
    """What each server says of itself, and how the tables are made again."""
    work = _work(classed.classes)
    problems: list[Problem] = []
    of_login: list[Problem] = []
    settings: list[ServerSettings] = []
    tables: dict[str, tuple[str, TableToPlan]] = {}
    definitions: list[Definition] = []
    notes: list[str] = []
    rows_bytes, free = 0, dict[str, int | None]()

    def add(label: str, ground: Ground) -> None:
        problems.extend(ground.problems)
        of_login.extend(ground.of_login)
        settings.append(
            ServerSettings(label=label, release=releases[label], settings=ground.settings)
        )

    for shard in shards.sources:
        with servers.source(shard, work) as source:
            ground = source.ground()
            add(f"{_SOURCE} {shard.name}", ground)
            if ground.replicas:
                notes.append(replica_note(shard.name, ground.replicas))
            rows_bytes += ground.rows_bytes
            if ground.problems:
                continue
            for table in work.tables:
                definition = source.definition(table.name)
                definitions.append(definition)
                found = _to_plan(source.shape(table.name), definition)
                name, first = tables.setdefault(table.name, (shard.name, found))
                if first != found:
                    problems.append(sources_differ(table.name, name, shard.name))
    for shard in shards.targets:
        with servers.target(shard, work) as target:
            ground = target.ground()
            add(f"{_TARGET} {shard.name}", ground)
            free[f"{_TARGET} {shard.name}"] = ground.disk_free_bytes
            for definition in definitions:
                of_login += target.trigger_problems(definition)
    problems += disk_problems(rows_bytes, free)
    problems += settings_problems(settings)
    problems = problems or [*_collisions(servers, shards.sources, work)]
    if problems:
        return MoveGround(obstacles=refusals_from(Refused(*dict.fromkeys(problems))))
    return replace(
        classed,
        of_login=tuple(dict.fromkeys(of_login)),
        notes=(*classed.notes, *notes, *disk_notes(rows_bytes, free)),
        server=settings[0].release,
        tables=tuple(tables[table.name][1] for table in work.tables),
    )


def _collisions(
    servers: SplitServers, sources: Sequence[ShardSpec], work: SplitWork
) -> Iterator[Problem]:
    """Of shards that are merged, by the first keys of each: counters begin alike. What these do
    not tell, the comparison does before the cutover."""
    for one, other in combinations(sources, 2):
        with servers.source(one, work) as first, servers.source(other, work) as second:
            for table in work.tables:
                if table.shard_by is None:
                    continue
                rows = first.read_chunk(table.name, None, rows=KEYS_LOOKED_FOR).rows
                if second.read_rows(table.name, [row.key for row in rows]):
                    yield keys_collide(table.name, one.name, other.name)


def _work(classes: Sequence[TableClass]) -> SplitWork:
    """As the job's, which has no number and no identity yet: who looks makes nothing."""
    numbers = numbered(classes)
    tables = (
        TableToMove(number=numbers[one.table], name=one.table, shard_by=one.shard_by)
        for one in classes
        if one.table in numbers
    )
    return SplitWork(job=PLANNED_JOB, identity="", tables=tuple(tables))


def _to_plan(shape: MovedTable, definition: Definition) -> TableToPlan:
    return table_to_plan(
        shape,
        create=definition.bare,
        afterwards=definition.afterwards,
        foreign_keys=(added.sql for added in definition.foreign_keys),
    )
