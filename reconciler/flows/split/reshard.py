"""Everything that the plan of a move by Vitess rests on, as topology, shards and files show it now.

Rule: nothing is made, and what could not be asked counts against the move. Every shard that serves
is compared with git, and its VSchema as well, so that a move never carries a schema that nobody
reviewed (SP-71, SP-96).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.errors import Problem, Refused
from reconciler.flows.check import is_as_git_says
from reconciler.flows.reconcile_pass import Pass, begin_pass_on
from reconciler.flows.split.ground import left_behind_of, table_size
from reconciler.guard.model import Obstacle, refusals_from
from reconciler.guard.topology import reshard_topology_problems
from reconciler.model.topology import Topology
from reconciler.observe.topology import shard_specs
from reconciler.ports.reshards import Reshards
from reconciler.ports.world import World
from reconciler.reshard.moves import ShardMove
from reconciler.reshard.plan.build_reshard import ReshardSubject, TableToReshard
from reconciler.reshard.plan.model import TableSize
from reconciler.reshard.plan.preflight import no_move, schema_first
from reconciler.reshard.plan.statements import PLANNED_JOB
from reconciler.reshard.plan.words import taken_words
from reconciler.reshard.vitess.preflight import (
    emptiness_problems,
    serving_shards,
    source_problems,
    spread_by,
    table_problems,
    target_problems,
    wanted_reshard,
)
from reconciler.reshard.vitess.seen import ReshardSeen
from reconciler.reshard.vitess.work import ReshardWork
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, VitessCluster
from reconciler.vschema.document import VSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class ReshardGround:
    """`subject` None: there is no plan, for the reasons in `obstacles`."""

    subject: ReshardSubject | None = None
    obstacles: tuple[Obstacle, ...] = ()
    sizes: tuple[TableSize, ...] = ()
    notes: tuple[str, ...] = ()


def look_at_reshard(
    world: World,
    reshards: Reshards,
    files: DesiredFiles,
    environment: Environment,
    cluster: VitessCluster,
) -> ReshardGround:
    """Raises Refused, InvalidInput, Unavailable for what keeps the look from being made at all."""
    topology = world.keyspaces.topology(cluster)
    move = _sought(topology, files, environment, cluster)
    begun = begin_pass_on(world, files, _serving(topology, environment, cluster))
    obstacles = begun.look.obstacles
    if not obstacles and not is_as_git_says(begun):
        obstacles = refusals_from(Refused(_schema_first(begun, files, environment)))
    if obstacles:
        return ReshardGround(obstacles=obstacles)
    assert begun.vschema is not None, "a keyspace of Vitess has one"
    vschema = begun.vschema.live
    seen = reshards.look(cluster, _work(move), comparison=None)
    if problems := _problems(cluster.keyspace, seen, vschema):
        return ReshardGround(obstacles=refusals_from(Refused(*problems)))
    names = {source.shard for source in move.sources}
    sources = [one.observation for one in begun.look.seen if one.shard in names]
    subject = ReshardSubject(
        spec=files.spec,
        environment=environment,
        digests=files.digests,
        keyspace=cluster.keyspace,
        serving=serving_shards(topology),
        move=move,
        server=", ".join(sorted({one.settings.version.series for one in sources})),
        tables=_tables(seen, vschema),
        left_behind=tuple(sorted({name for one in sources for name in left_behind_of(one)})),
    )
    sizes = tuple(table_size(table.name, sources) for table in subject.tables)
    return ReshardGround(
        subject=subject,
        sizes=sizes,
        notes=(_size_note(sizes),),
    )


def _sought(
    topology: Topology, files: DesiredFiles, environment: Environment, cluster: VitessCluster
) -> ShardMove:
    """Raises Refused with every reason of one stage: a keyspace in which something else goes on,
    shards that make no move, targets that nobody has made."""
    serving = serving_shards(topology)
    coming = tuple(name for name in cluster.shards if name not in serving)
    retiring = [one.name for one in environment.retiring]
    if problems := reshard_topology_problems(topology, cluster.cells, coming):
        raise Refused(*problems)
    found = wanted_reshard(topology, cluster.shards, retiring)
    if found.problems:
        raise Refused(*found.problems)
    if found.move is None:
        raise Refused(no_move(files.spec.keyspace, environment.name))
    targets = [target.shard for target in found.move.targets]
    if missing := tuple(target_problems(topology, targets)):
        raise Refused(*missing)
    return found.move


def _serving(topology: Topology, environment: Environment, cluster: VitessCluster) -> Environment:
    """The shards that serve, as every pass reaches them: nothing else can be asked over vtgate."""
    names = serving_shards(topology)
    shards = tuple(one for one in topology.shards if one.name in names)
    specs = shard_specs(cluster, replace(topology, shards=shards))
    return replace(environment, shards=specs, retiring=())


def _schema_first(begun: Pass, files: DesiredFiles, environment: Environment) -> Problem:
    wanted = begun.desired_fingerprints
    differing = [seen.shard for seen in begun.look.seen if seen.fingerprints != wanted]
    return schema_first(files.spec.keyspace, environment.name, differing or ["the VSchema"])


def _work(move: ShardMove) -> ReshardWork:
    """As the job's, which has no number and no identity yet: whatever is on a target is strange."""
    return ReshardWork(
        job=PLANNED_JOB,
        identity="",
        sources=tuple(source.shard for source in move.sources),
        targets=tuple(target.shard for target in move.targets),
        tables=(),
    )


def _problems(keyspace: str, seen: ReshardSeen, vschema: VSchema) -> tuple[Problem, ...]:
    tables = {one.table for one in seen.ground}
    return (
        *seen.foreign,
        *emptiness_problems(keyspace, seen.strange),
        *source_problems(seen.ground),
        *table_problems(keyspace, tables, vschema),
    )


def _tables(seen: ReshardSeen, vschema: VSchema) -> tuple[TableToReshard, ...]:
    """Of sources that have the same ones."""
    definitions = {one.table: one.columns for one in seen.ground}
    spread = spread_by(definitions, vschema)
    return tuple(
        TableToReshard(name=name, spread_by=spread[name], definition=definitions[name])
        for name in sorted(definitions)
    )


def _size_note(sizes: Sequence[TableSize]) -> str:
    return (
        f"the rows that move take {taken_words(sizes)} on the sources: the targets together need as"
        " much, and about as much again for their binary logs; Vitess does not tell how much of"
        " their disk is free"
    )
