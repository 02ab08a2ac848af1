"""What one region saw of a keyspace, all of its shards in one look, and by whose files."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.observation import ObservedShard
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

OBSERVATION_FORMAT = "reconciler observation 1.1"
"""Read by no other version: what is looked at, and what is left out, is of the format as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which shards were looked at, and what said that they are the region's."""

    environment: str
    keyspace: str
    region: str
    spec_sha256: str
    shards: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionObservation:
    """`observed_s` is when, in whole seconds since the epoch. Nothing of a shard is missing: what
    could not be seen makes no file."""

    about: About
    observed_s: int
    shards: tuple[ObservedShard, ...]


def about_region(files: DesiredFiles, environment: Environment) -> About:
    """Of a region's part of an environment."""
    assert environment.region is not None, "the environment is narrowed to a region"
    return About(
        environment=environment.name,
        keyspace=files.spec.keyspace,
        region=environment.region,
        spec_sha256=files.spec_sha256,
        shards=tuple(shard.name for shard in environment.shards),
    )


def observation_path(about: About) -> str:
    """In the folder of a run's observations."""
    return f"{about.environment}/{about.keyspace}/{about.region}.observation.json"
