"""A fleet as files show it, and the key by which regions and whoever plans know them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from reconciler.edges.files.working_tree import WorkingTree
from reconciler.edges.secrets import SECRETS
from reconciler.observe.file.fleet import read_fleet
from reconciler.observe.file.key import KEY_VARIABLE, key_from
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def observed_world(
    world: World, folder: Path, files: DesiredFiles, environment: Environment
) -> World:
    """The same world, but for its shards: they are what the folder's files say. Raises as
    `read_fleet`, and as `observation_key`."""
    shards = read_fleet(
        WorkingTree(folder),
        files,
        environment,
        key=observation_key(os.environ),
        now_s=world.clock.now_s(),
    )
    return replace(world, shards=shards)


def observation_key(environ: Mapping[str, str]) -> bytes | None:
    """None where there is none. Raises InvalidInput for one that could be guessed."""
    text = environ.get(KEY_VARIABLE)
    if text is not None:
        SECRETS.add(text)
    return key_from(text)
