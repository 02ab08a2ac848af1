"""A plan from files to files: what a fork's job can show without a login to any shard.

The base branch's files stand for the fleet. It is what would run if the fleet were as git says; it
is shown and never written, because nobody looked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.errors import InvalidInput
from reconciler.flows.plan import plan_keyspace
from reconciler.model.observation import Observation, ObservedShard
from reconciler.model.server import ServerSettings
from reconciler.observe.desired import create_defined, definition_rejected
from reconciler.outcomes.plan import PlanOutcome
from reconciler.ports.scratch import Scratch
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, ShardSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesAsShards:
    """`LiveShards` in which every shard is what files say."""

    settings: ServerSettings
    definitions: tuple[tuple[str, str], ...]

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        return [
            ObservedShard(
                shard=shard.name,
                settings=self.settings,
                definitions=self.definitions,
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
    definitions = _read_back(world.scratch, before, settings)
    shards = FilesAsShards(settings=settings, definitions=definitions)
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
) -> tuple[tuple[str, str], ...]:
    with scratch.database(settings) as database:
        for file in files.files:
            error = create_defined(database, file)
            if error is not None:
                raise InvalidInput(definition_rejected(file, error, settings))
        return tuple(sorted(database.definitions().items()))
