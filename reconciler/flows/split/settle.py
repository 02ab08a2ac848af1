"""What an environment is to a verb while its spec lists shards that retire: one of which only the
move may be asked, or an ordinary one again, once their successors serve (SP-75).

What the live split has made on shards that serve is no part of their schema as long as it lives,
and drift afterwards: every look leaves it alone by the job's number, and none by a policy, which
would make another plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reconciler.flows.keyspaces import HasSpec
from reconciler.model.observation import Observation, ObservedShard
from reconciler.ports.keyspaces import Keyspaces
from reconciler.ports.routes import Routes
from reconciler.ports.shards import LiveShards
from reconciler.ports.split_jobs import SplitJobs
from reconciler.ports.world import World
from reconciler.reshard.helper_tables import HelperNames
from reconciler.reshard.job import SplitJob
from reconciler.reshard.settled import is_settled, is_settled_in
from reconciler.spec.model import Environment, KeyspaceKind, ShardSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`environment` is without the shards that retire where nothing is left for them to give; `job`
    is the split that brought that about, as long as it lives."""

    environment: Environment
    job: SplitJob | None = None

    @property
    def is_moving(self) -> bool:
        """Whether the split alone may be worked on: its successors do not serve yet, or it works on
        shards that do (SP-79)."""
        return bool(self.environment.retiring) or (self.job is not None and self.job.reserves)


def stand_of(
    keyspaces: Keyspaces,
    open_routes: Callable[[], Routes],
    open_jobs: Callable[[], SplitJobs],
    files: HasSpec,
    environment: Environment,
) -> Standing:
    """Where shards retire, whoever keeps the routes is asked, and jobs once the successors serve.
    Raises what asking does: without an answer nobody can tell."""
    if environment.vitess is not None:
        stands = settled_by_vitess(keyspaces, environment)
    else:
        stands = settled(open_routes, files, environment)
    if stands.retiring or not environment.retiring:
        return Standing(environment=stands)
    return Standing(environment=stands, job=open_jobs().live(environment.name, files.spec.keyspace))


def settled(
    open_routes: Callable[[], Routes], files: HasSpec, environment: Environment
) -> Environment:
    """Without the shards that retire if nothing is left for them to give; else as it is. Routes are
    opened only where shards retire. Raises what opening or reading them does: without routes nobody
    can tell."""
    if not environment.retiring or environment.kind is not KeyspaceKind.MYSQL:
        return environment
    catalog = open_routes().read(environment.name, files.spec.keyspace)
    if catalog is None or not is_settled(catalog, files.spec, environment):
        return environment
    return replace(environment, retiring=())


def settled_by_vitess(keyspaces: Keyspaces, environment: Environment) -> Environment:
    """The same for a keyspace whose routes Vitess keeps: its topology is asked. Raises what asking
    it does."""
    if not environment.retiring or environment.vitess is None:
        return environment
    if not is_settled_in(keyspaces.topology(environment.vitess), environment):
        return environment
    return replace(environment, retiring=())


def beside(world: World, job: SplitJob | None) -> World:
    """The same shards, to the eyes of whoever asks for their schema while `job` lives."""
    if job is None:
        return world
    prefix = HelperNames(job.job_id).prefix
    return replace(world, shards=_BesideHelpers(world.shards, prefix))


@dataclass(frozen=True, slots=True)
class _BesideHelpers:
    """`LiveShards` without tables of the prefix."""

    shards: LiveShards
    prefix: str

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        return [self._without(seen) for seen in self.shards.observe(shards, parallel=parallel)]

    def _without(self, seen: Observation) -> Observation:
        if not isinstance(seen, ObservedShard):
            return seen
        return replace(
            seen,
            definitions=tuple(one for one in seen.definitions if self._is_other(one[0])),
            broken=tuple(one for one in seen.broken if self._is_other(one[0])),
            facts=tuple(one for one in seen.facts if self._is_other(one[0])),
        )

    def _is_other(self, table: str) -> bool:
        return not table.startswith(self.prefix)
