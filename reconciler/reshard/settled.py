"""Whether the shards that a spec lists serve already, so that what retires is only still listed.

Until then nothing is compared with git on such ground (SP-4); from then on the environment is an
ordinary one, though its spec still names the sources (SP-75).
"""

from __future__ import annotations

from reconciler.model.topology import Topology
from reconciler.reshard.catalog import Catalog, RouteState
from reconciler.reshard.vitess.preflight import serving_shards
from reconciler.spec.model import Environment, SpecFile


def is_settled_in(topology: Topology, environment: Environment) -> bool:
    """The same where Vitess keeps the routes: exactly the spec's shards serve, and none that
    retires does."""
    assert environment.vitess is not None, "of a keyspace of Vitess"
    serving = set(serving_shards(topology))
    leaving = {one.name for one in environment.retiring}
    return serving == set(environment.vitess.shards) and not serving & leaving


def is_settled(catalog: Catalog, spec: SpecFile, environment: Environment) -> bool:
    """The routes name exactly the spec's shards, all of them serve, and no shard that retires is
    among them: a relocated one is told by its place."""
    serving = {(route.shard, route.place) for route in catalog.routes}
    return (
        catalog.key_function == spec.key_function
        and {route.shard for route in catalog.routes} == {one.name for one in environment.shards}
        and all(route.state is RouteState.ACTIVE for route in catalog.routes)
        and not any((one.name, one.place) in serving for one in environment.retiring)
    )
