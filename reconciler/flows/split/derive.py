"""The plan of the move that a spec asks for, derived from files, routes and servers; where Vitess
keeps the routes, from its topology (`reshard.py`).

`plan`, `verify` and `apply` all come through here, so that what is reviewed is what is begun
(SP-71).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.flows.split.ground import MoveGround, look_at_move, shards_of
from reconciler.flows.split.reshard import look_at_reshard
from reconciler.guard.model import Obstacle, refusals_from
from reconciler.ports.reshards import Reshards
from reconciler.ports.routes import Routes
from reconciler.ports.split_jobs import SplitJobs
from reconciler.ports.split_servers import SplitServers
from reconciler.ports.world import World
from reconciler.reshard.catalog import Catalog, not_adopted
from reconciler.reshard.moves import ShardMove, wanted_move
from reconciler.reshard.plan.build import SplitSubject, build_split_core
from reconciler.reshard.plan.build_reshard import build_reshard_core
from reconciler.reshard.plan.check import check_split_core
from reconciler.reshard.plan.model import SplitCore, SplitMeta, TableSize
from reconciler.reshard.plan.preflight import no_move
from reconciler.reshard.plan.words import taken_words
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, VitessCluster


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlanWorld:
    """What planning a move needs: the world of every plan, the servers as a move sees them, what
    Vitess says of one, and the ledger, which is opened only where shards are being replaced."""

    look: World
    servers: SplitServers
    reshards: Reshards
    open_routes: Callable[[], Routes]
    open_jobs: Callable[[], SplitJobs]


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedSplit:
    """`core` None: there is no plan, for the reasons in `refusals`. `of_login` is what the login
    that looked could not do itself: no reason not to review, and one not to begin."""

    core: SplitCore | None = None
    readable_sql: str = ""
    refusals: tuple[Obstacle, ...] = ()
    of_login: tuple[Problem, ...] = ()
    sizes: tuple[TableSize, ...] = ()
    notes: tuple[str, ...] = ()

    def meta(self, *, created_at: str, tool_version: str) -> SplitMeta:
        return SplitMeta(
            created_at=created_at, tool_version=tool_version, sizes=self.sizes, notes=self.notes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtMove:
    """What the spec asks for by the routes: one move, none, or every reason why nobody can tell."""

    catalog: Catalog
    move: ShardMove | None = None
    problems: tuple[Problem, ...] = ()


def seek_move(routes: Routes, files: DesiredFiles, environment: Environment) -> SoughtMove:
    """Where the catalog keeps the routes. Raises Refused where nothing says who serves now."""
    keyspace = files.spec.keyspace
    catalog = routes.read(environment.name, keyspace)
    if catalog is None:
        raise not_adopted(environment.name, keyspace)
    found = wanted_move(catalog, files.spec, environment)
    return SoughtMove(catalog=catalog, move=found.move, problems=found.problems)


def derive_split(
    world: SplitPlanWorld, files: DesiredFiles, environment: Environment
) -> DerivedSplit:
    """Of a spec that asks for a move; one that asks for none is refused by name. What kept the look
    from being made is a refusal as well (GD-10)."""
    if environment.vitess is not None:
        return _derived_by_vitess(world, files, environment, environment.vitess)
    try:
        sought = seek_move(world.open_routes(), files, environment)
        if sought.problems:
            raise Refused(*sought.problems)
        if sought.move is None:
            raise Refused(no_move(files.spec.keyspace, environment.name))
        ground = look_at_move(
            world.look,
            world.servers,
            files,
            environment,
            shards_of(environment, sought.catalog, sought.move),
        )
    except ReconcilerError as error:
        return DerivedSplit(refusals=refusals_from(error))
    if ground.obstacles:
        return DerivedSplit(refusals=ground.obstacles)
    return _derived(files, environment, sought.catalog, sought.move, ground)


def _derived_by_vitess(
    world: SplitPlanWorld, files: DesiredFiles, environment: Environment, cluster: VitessCluster
) -> DerivedSplit:
    try:
        found = look_at_reshard(world.look, world.reshards, files, environment, cluster)
    except ReconcilerError as error:
        return DerivedSplit(refusals=refusals_from(error))
    if found.subject is None:
        return DerivedSplit(refusals=found.obstacles)
    core, readable = build_reshard_core(found.subject)
    check_split_core(core)
    return DerivedSplit(core=core, readable_sql=readable, sizes=found.sizes, notes=found.notes)


def _derived(
    files: DesiredFiles,
    environment: Environment,
    catalog: Catalog,
    move: ShardMove,
    ground: MoveGround,
) -> DerivedSplit:
    core, readable = build_split_core(
        SplitSubject(
            spec=files.spec,
            environment=environment,
            digests=files.digests,
            catalog=catalog,
            move=move,
            server=ground.server,
            classes=ground.classes,
            tables=ground.tables,
            left_behind=ground.left_behind,
        )
    )
    check_split_core(core)  # what an apply would not take is no plan
    return DerivedSplit(
        core=core,
        readable_sql=readable,
        of_login=ground.of_login,
        sizes=ground.sizes,
        notes=(*ground.notes, *_notes(ground)),
    )


def _notes(ground: MoveGround) -> Iterator[str]:
    """What a reviewer must see to that no server tells."""
    yield (
        f"the rows that move take {taken_words(ground.sizes)} on the sources: the targets together"
        " need as much, each of them all of the reference tables, and about as much again for their"
        " binary logs"
    )
    for problem in ground.of_login:
        yield f"{problem.message} (the login that made this plan; the one that applies it must)"
