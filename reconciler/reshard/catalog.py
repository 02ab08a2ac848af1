"""Who owns which keys: the versioned catalog of routes, as a value.

At every version the routes that hold cover every key exactly once. A version never changes: the
next one ends some routes and begins others, so that it can be asked for ever who owned a key when.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.errors import Problem, Refused
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.model.fleet import (
    KeyRange,
    in_key_order,
    key_order,
    parse_key_range,
    shard_list_errors,
)
from reconciler.reshard.job import SplitJob

#: What an application says in its lease that follows the contract of docs/routes.md.
SPLIT_CAPABILITY = "split-v1"


class RouteState(StrEnum):
    """What applications do with what they route there. A stored word never changes."""

    ACTIVE = "active"
    CLOSED = "closed"  # it owns the range and does not serve it yet: wait, and look again


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A range's owner from version `since` up to but not including `until`; None: still. `place` is
    the name by which applications know its server: no two servers of a keyspace ever had one name.
    `job_id` is the split that made the route; None: it was adopted."""

    shard: str
    place: str
    state: RouteState
    since: int
    until: int | None = None
    job_id: int | None = None

    @property
    def range(self) -> KeyRange:
        found = parse_key_range(self.shard)
        assert found is not None, "a route is made for a shard that is named by its range"
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """One version of a keyspace's routes, in the order of their ranges. `key_function` turns a
    value of the sharding column into the key id that the ranges are of."""

    environment: str
    keyspace: str
    key_function: str
    version: int
    routes: tuple[Route, ...]

    @property
    def shards(self) -> tuple[str, ...]:
        return tuple(route.shard for route in self.routes)

    def owner_of(self, key_id: bytes) -> Route:
        """The one route whose range holds the key."""
        owners = [route for route in self.routes if route.range.holds(key_id)]
        assert len(owners) == 1, "every version covers every key exactly once"
        return owners[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChange:
    """What the next version of a catalog ends, and what it begins."""

    ended: tuple[Route, ...]
    begun: tuple[Route, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterLease:
    """An application that may route by what it saw for `left_s` more seconds, by the clock of the
    catalog's server; less than zero: it has run out. `router` is a name that means nothing else."""

    router: str
    seen_version: int
    capabilities: tuple[str, ...]
    left_s: float


def adopted(environment: str, keyspace: str, key_function: str, shards: Iterable[str]) -> Catalog:
    """Version 1: the shards as they are. They have passed `why_not_adopted`."""
    routes = (Route(shard=shard, place=shard, state=RouteState.ACTIVE, since=1) for shard in shards)
    return Catalog(
        environment=environment,
        keyspace=keyspace,
        key_function=key_function,
        version=1,
        routes=in_order(routes),
    )


def cutover_change(catalog: Catalog, job: SplitJob, places: Collection[str]) -> RouteChange:
    """The targets own the range, and do not serve it yet: an outage, never two owners. `places` are
    all names that routes of the keyspace ever had. Raises Refused (`routes-moved`)."""
    check_version(catalog, job.expected_version)
    version = catalog.version + 1
    ended = tuple(
        route
        for route in catalog.routes
        if route.shard in job.sources and route.state is RouteState.ACTIVE
    )
    if {route.shard for route in ended} != {*job.sources}:
        raise Refused(_moved(catalog, job.expected_version))
    begun = tuple(
        Route(
            shard=shard,
            place=place_of(shard, version, places),
            state=RouteState.CLOSED,
            since=version,
            job_id=job.job_id,
        )
        for shard in job.targets
    )
    return RouteChange(ended=ended, begun=begun)


def opening_change(catalog: Catalog, job: SplitJob) -> RouteChange:
    """The targets serve what they own. Raises Refused (`routes-moved`)."""
    assert job.cutover_version is not None, "nothing is opened before it owns its range"
    check_version(catalog, job.cutover_version)
    ended = tuple(
        route
        for route in catalog.routes
        if route.job_id == job.job_id and route.state is RouteState.CLOSED
    )
    begun = tuple(
        replace(route, state=RouteState.ACTIVE, since=catalog.version + 1) for route in ended
    )
    return RouteChange(ended=ended, begun=begun)


def changed(catalog: Catalog, change: RouteChange) -> Catalog:
    """The catalog's next version."""
    kept = (route for route in catalog.routes if route not in change.ended)
    return replace(catalog, version=catalog.version + 1, routes=in_order((*kept, *change.begun)))


def place_of(shard: str, version: int, places: Collection[str]) -> str:
    """A shard's own name, unless a route had it before: a relocated shard keeps its name, and is on
    another server."""
    return shard if shard not in places else f"{shard}@{version}"


def in_order(routes: Iterable[Route]) -> tuple[Route, ...]:
    """By their ranges."""
    return tuple(sorted(routes, key=lambda route: key_order(route.shard)))


def check_version(catalog: Catalog, expected: int) -> None:
    """Raises Refused (`routes-moved`)."""
    if catalog.version != expected:
        raise Refused(_moved(catalog, expected))


def check_coverage(environment: str, keyspace: str, shards: Sequence[str]) -> None:
    """Raises Refused (`routes-not-contiguous`) unless the ranges cover every key exactly once."""
    errors = shard_list_errors(tuple(shards))
    if not errors and any(parse_key_range(shard) is None for shard in shards):
        errors = ("a route is for no range of keys",)
    if errors:
        raise Refused(
            Problem(
                code="routes-not-contiguous",
                message=f"the routes of {keyspace} in {environment} would not cover every key"
                f" exactly once: {'; '.join(errors)}",
                recovery="compare `reconciler routes show` at an earlier version (--at) with the"
                " spec's shards, and restore the catalog's tables from a copy: no run writes routes"
                " that leave a gap",
            )
        )


def why_not_adopted(shards: Sequence[str]) -> Problem | None:
    """Shards that are numbered have no ranges that keys could be looked up in."""
    plain = [shard for shard in shards if parse_key_range(shard) is None]
    if not plain:
        return None
    return Problem(
        code="routes-need-ranges",
        message=f"shard {plain[0]!r} is not named by a range of keys, so that no route says which"
        " keys it holds",
        recovery="leave the routes of a fleet of numbered shards to the application; a fleet of"
        " one shard is named '-' in the spec's `shards`",
    )


def why_not_adopted_again(
    catalog: Catalog, *, key_function: str, shards: Collection[str]
) -> Problem | None:
    """A catalog is there: None if it says what the spec says."""
    where = f"the routes of {catalog.keyspace} in {catalog.environment}"
    if catalog.key_function != key_function:
        return Problem(
            code="routes-key-function",
            message=f"{where} are of the key function {catalog.key_function}, the spec's is"
            f" {key_function}",
            recovery=f"write `key_function: {catalog.key_function}` into the spec: another function"
            " would move every row",
        )
    if {*catalog.shards} == {*shards}:
        return None
    return Problem(
        code="routes-adopted",
        message=f"{where} are at version {catalog.version} with the shards"
        f" {', '.join(catalog.shards)}; the spec lists {', '.join(in_key_order(tuple(shards)))}",
        recovery="list the shards of the routes in the spec again: to replace them by others is a"
        " split (docs/split.md), which changes the routes itself",
    )


def not_adopted(environment: str, keyspace: str) -> Refused:
    return Refused(
        Problem(
            code="routes-missing",
            message=f"no routes of {keyspace} in {environment} are recorded, so that nothing says"
            " who owns which keys now",
            recovery="`reconciler routes adopt` writes version 1 from the spec's shards",
        )
    )


def routers_unable(keyspace: str, leases: Iterable[RouterLease]) -> Problem | None:
    """None if every application that routes now knows what to do while a range moves."""
    unable = [lease.router for lease in leases if SPLIT_CAPABILITY not in lease.capabilities]
    if not unable:
        return None
    named = ", ".join(unable[:SHARDS_NAMED_MAX])
    return Problem(
        code="routers-unable",
        message=f"{len(unable)} applications that route {keyspace} do not say that they can wait"
        f" for a range that moves ({SPLIT_CAPABILITY}): {named}",
        recovery="upgrade their client of the routes (docs/routes.md), or end them and wait until"
        " their leases have run out, then run `reconciler apply` again",
    )


def leases_too_long(
    keyspace: str, leases: Iterable[RouterLease], *, left_s_max: float
) -> Problem | None:
    """None if every lease of before a cutover is over soon behind it: until then nobody serves."""
    long = [lease for lease in leases if lease.left_s > left_s_max]
    if not long:
        return None
    named = ", ".join(lease.router for lease in long[:SHARDS_NAMED_MAX])
    left_s = max(lease.left_s for lease in long)
    return Problem(
        code="routers-lease-long",
        message=f"{len(long)} applications may route {keyspace} by what they saw for up to"
        f" {left_s:.0f} s: {named}; behind a cutover nobody would serve the range until then",
        recovery="let them take leases as docs/routes.md says (20 s at most), or end them and"
        " delete their rows of `reconciler_route_leases`; then run `reconciler apply` again",
    )


def routers_behind(catalog: Catalog, leases: Iterable[RouterLease], version: int) -> Problem | None:
    """None once no application may route by a version before this one."""
    behind = [lease for lease in leases if lease.seen_version < version]
    if not behind:
        return None
    named = ", ".join(lease.router for lease in behind[:SHARDS_NAMED_MAX])
    left_s = max(lease.left_s for lease in behind)
    return Problem(
        code="routers-behind",
        message=f"{len(behind)} applications may still route {catalog.keyspace} in"
        f" {catalog.environment} by a version before {version}, for up to {max(left_s, 0):.0f} s:"
        f" {named}",
        recovery="wait until their leases have run out, then run `reconciler apply` again; one that"
        " is gone counts until then",
    )


def _moved(catalog: Catalog, expected: int) -> Problem:
    return Problem(
        code="routes-moved",
        message=f"the routes of {catalog.keyspace} in {catalog.environment} are at version"
        f" {catalog.version} with the shards {', '.join(catalog.shards)}; the split was planned at"
        f" version {expected}",
        recovery="abandon the split, run `reconciler plan` again and have the new plan reviewed",
    )
