"""A fleet as files show it, and the key by which regions and whoever plans know them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.edges.files.working_tree import WorkingTree
from reconciler.edges.secrets import SECRETS
from reconciler.flows.sight import BY_ASKING, Sight
from reconciler.observe.file.fleet import read_fleet
from reconciler.observe.file.key import KEY_VARIABLE, key_from, key_variable, keys_of
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def observed_world(
    world: World, folder: Path, files: DesiredFiles, environment: Environment
) -> World:
    """The same world, but for its shards: they are what the folder's files say. Raises as
    `read_fleet`, and as `keys_of`."""
    shards = read_fleet(
        WorkingTree(folder),
        files,
        environment,
        keys=_observation_keys(os.environ, [region.name for region in environment.regions]),
        now_s=world.clock.now_s(),
    )
    return replace(world, shards=shards)


def sight_of(folder: Path | None) -> Sight:
    """The shards by themselves, or as the folder's files have them; a folder that is not there has
    none."""
    if folder is None:
        return BY_ASKING
    return Sight(
        lambda world, files, environment: observed_world(world, folder, files, environment)
    )


def observation_key(environ: Mapping[str, str]) -> bytes | None:
    """None where there is none. Raises InvalidInput for one that could be guessed."""
    _never_told(environ, [KEY_VARIABLE])
    return key_from(environ.get(KEY_VARIABLE))


def _observation_keys(
    environ: Mapping[str, str], regions: Sequence[str]
) -> dict[str, bytes | None]:
    _never_told(environ, [KEY_VARIABLE, *map(key_variable, regions)])
    return keys_of(environ, regions)


def _never_told(environ: Mapping[str, str], variables: Iterable[str]) -> None:
    for variable in variables:
        if variable in environ:
            SECRETS.add(environ[variable])
