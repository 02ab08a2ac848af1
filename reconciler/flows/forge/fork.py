"""A plan from files to files: what a fork's job can show without a login to any shard.

The base branch's files stand for the fleet. It is what would run if the fleet were as git says; it
is shown and never written, because nobody looked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler import __version__
from reconciler.ddl.programs.kinds import as_shown
from reconciler.errors import InvalidInput, Problem, ReconcilerError
from reconciler.flows.forge.fork_budget import ForkBudget
from reconciler.flows.forge.job import OpenWorlds, Worlds
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.plan import plan_keyspace
from reconciler.model.observation import Observation, ObservedShard
from reconciler.model.schema import OtherObject
from reconciler.model.server import ServerSettings
from reconciler.observe.desired import made_from
from reconciler.observe.programs import read_programs_back
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.model import utc_text
from reconciler.ports.scratch import Scratch
from reconciler.ports.shards import Connections
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, KeyspaceKind, ShardSpec


def plans_between(
    loaded: Loaded,
    before: Mapping[str, DesiredFiles | ReconcilerError],
    touched: tuple[str, ...],
    open_worlds: OpenWorlds,
    connections: Connections,
    budget: ForkBudget,
) -> Iterator[PlanOutcome | KeyspaceFailed]:
    """For each touched keyspace and environment; what cannot be planned says why."""
    with open_worlds() as worlds:
        for name in touched:
            files = loaded.keyspaces.get(name)
            if isinstance(files, DesiredFiles):
                for environment in files.spec.environments:
                    yield _plan(worlds, connections, before.get(name), files, environment, budget)
            elif files is not None:
                yield _failed(name, "any environment", files)


def _plan(
    worlds: Worlds,
    connections: Connections,
    before: DesiredFiles | ReconcilerError | None,
    after: DesiredFiles,
    asked: Environment,
    budget: ForkBudget,
) -> PlanOutcome | KeyspaceFailed:
    """The scratch server is the one that the base branch names: where a job connects to is not for
    a stranger to say (GT-1)."""
    try:
        known = before.spec.environment(asked.name) if isinstance(before, DesiredFiles) else None
        if not isinstance(before, DesiredFiles) or known is None:
            raise InvalidInput(_nothing_before(after.spec.keyspace))
        if {asked.kind, known.kind} != {KeyspaceKind.MYSQL}:
            raise InvalidInput(_no_topology(asked.name))
        budget.take(before, after, known, asked)
        environment = replace(asked, scratch=known.scratch)
        world = worlds.world_of(environment)
        world = replace(world, scratch=budget.scratch(world.scratch))
        return plan_between_files(
            world,
            before,
            after,
            environment,
            _settings_of_scratch(connections, environment),
            created_at=utc_text(world.clock.now_s()),
            tool_version=__version__,
        )
    except ReconcilerError as error:
        return _failed(after.spec.keyspace, asked.name, error)


def _settings_of_scratch(connections: Connections, environment: Environment) -> ServerSettings:
    settings = connections.scratch_settings(environment.scratch)
    if settings is None:
        raise InvalidInput(_no_scratch(environment.name))
    return settings


def _failed(keyspace: str, environment: str, error: ReconcilerError) -> KeyspaceFailed:
    return KeyspaceFailed(
        environment=environment,
        keyspace=keyspace,
        problems=error.problems,
        exit_code=error.exit_code,
    )


def _nothing_before(keyspace: str) -> Problem:
    return Problem(
        code="fork-without-base",
        message=f"keyspace {keyspace} has no files or no such environment on the base branch that"
        " could be compared with",
        recovery="a maintainer plans it against the fleet",
    )


def _no_topology(environment: str) -> Problem:
    return Problem(
        code="fork-without-topology",
        message=f"environment {environment} is of a Vitess keyspace: which shards it has, only its"
        " topology says, and for a fork nobody is asked",
        recovery="a maintainer plans it against the fleet",
    )


def _no_scratch(environment: str) -> Problem:
    return Problem(
        code="fork-without-scratch",
        message=f"environment {environment} has no scratch server that runs already, so nobody"
        " knows what kind of server its shards are",
        recovery="name the job's service container as `scratch` in the spec, or in"
        " RECONCILER_SCRATCH of the step",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesAsShards:
    """`LiveShards` in which every shard is what files say."""

    settings: ServerSettings
    definitions: tuple[tuple[str, str], ...]
    programs: tuple[OtherObject, ...] = ()

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        return [
            ObservedShard(
                shard=shard.name,
                settings=self.settings,
                definitions=self.definitions,
                others=self.programs,
                place=shard.name,
            )
            for shard in shards
        ]


def plan_between_files(
    world: World,
    before: DesiredFiles,
    after: DesiredFiles,
    environment: Environment,
    settings: ServerSettings,
    *,
    created_at: str,
    tool_version: str,
) -> PlanOutcome:
    """`settings` are those of the scratch server. Raises InvalidInput for a definition that it
    rejects."""
    definitions, programs = _read_back(world.scratch, before, settings)
    shards = FilesAsShards(settings=settings, definitions=definitions, programs=programs)
    return plan_keyspace(
        replace(world, shards=shards),
        after,
        environment,
        protected=None,
        created_at=created_at,
        tool_version=tool_version,
    )


def _read_back(
    scratch: Scratch, files: DesiredFiles, settings: ServerSettings
) -> tuple[tuple[tuple[str, str], ...], tuple[OtherObject, ...]]:
    with scratch.database(settings) as database:
        for file in files.files:
            if (problem := made_from(file, database, settings)) is not None:
                raise InvalidInput(problem)
        read = read_programs_back(database, files.programs, settings, files.spec.policy)
        if read.problems:
            raise InvalidInput(*read.problems.values())
        shown = tuple(as_shown(one.value) for one in read.programs.values())
        return tuple(sorted(database.definitions().items())), shown
