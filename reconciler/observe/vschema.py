"""The VSchema of a keyspace as Vitess has it now, and as git has it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.vschema.document import VSchema
from reconciler.vschema.live import live_vschema


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenVSchema:
    live: VSchema
    desired: VSchema

    @property
    def is_as_git_says(self) -> bool:
        return self.live == self.desired


def look_at_vschema(
    world: World, files: DesiredFiles, environment: Environment
) -> SeenVSchema | None:
    """None where the keyspace is not of Vitess. Raises Unavailable, and Refused for what is not
    understood of it."""
    if environment.vitess is None:
        return None
    assert files.vschema is not None, "files of a Vitess keyspace are not loaded without it"
    live = live_vschema(world.keyspaces.vschema(environment.vitess))
    return SeenVSchema(live=live, desired=files.vschema.vschema)
