"""How verbs and a forge's jobs come to a move of shards: its ledger, its servers, and whether there
is one at all. Whoever calls has asked the gate of the ledger first."""

from __future__ import annotations

from typing import Protocol

from reconciler.flows.keyspaces import HasSpec
from reconciler.flows.split.derive import SplitPlanWorld
from reconciler.flows.split.settle import Standing, beside, stand_of
from reconciler.ports.reshards import Reshards
from reconciler.ports.routes import Routes
from reconciler.ports.split_jobs import SplitJobs
from reconciler.ports.split_servers import SplitServers
from reconciler.ports.world import World
from reconciler.spec.model import Environment


class SplitWorlds(Protocol):
    """What the environments that specs describe are reached by."""

    def world_of(self, environment: Environment) -> World:
        """To look at the environment's shards; no connection is opened yet."""

    def routes_of(self, environment: Environment) -> Routes:
        """Raises Unavailable if the ledger cannot be opened, Refused if no application could ask
        it."""

    def split_jobs_of(self, environment: Environment) -> SplitJobs:
        """Beside the routes, and raises as `routes_of`; where others keep the routes, in any that
        lasts, and raises Unavailable or Refused."""

    def split_servers(self) -> SplitServers:
        """No connection is opened yet."""

    def reshards(self) -> Reshards:
        """No connection is opened yet."""


def standing_of(worlds: SplitWorlds, files: HasSpec, environment: Environment) -> Standing:
    """What the environment is to a verb now."""
    return stand_of(
        worlds.world_of(environment).keyspaces,
        lambda: worlds.routes_of(environment),
        lambda: worlds.split_jobs_of(environment),
        files,
        environment,
    )


def look_of(worlds: SplitWorlds, stands: Standing) -> World:
    """At the schema of an environment."""
    return beside(worlds.world_of(stands.environment), stands.job)


def planning_world(worlds: SplitWorlds, environment: Environment) -> SplitPlanWorld:
    return SplitPlanWorld(
        look=worlds.world_of(environment),
        servers=worlds.split_servers(),
        reshards=worlds.reshards(),
        open_routes=lambda: worlds.routes_of(environment),
        open_jobs=lambda: worlds.split_jobs_of(environment),
    )
