"""Reports of the catalog of routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.routes import Adoption, OwnerOutcome, RoutesOutcome
from reconciler.report.render import owner_report, routes_report
from reconciler.reshard.catalog import (
    Catalog,
    Route,
    RouterLease,
    RouteState,
    adopted,
    not_adopted,
    why_not_adopted_again,
)
from tests.golden.scenarios import Scenario

BEFORE = adopted("production", "commerce", "xxhash", ("-80", "80-"))
CLOSED = replace(
    BEFORE,
    version=2,
    routes=(
        Route(shard="-40", place="-40", state=RouteState.CLOSED, since=2, job_id=7),
        Route(shard="40-80", place="40-80", state=RouteState.CLOSED, since=2, job_id=7),
        replace(BEFORE.routes[1], place="80-@2"),
    ),
)
LEASES = (
    RouterLease(router="checkout-1", seen_version=1, capabilities=("split-v1",), left_s=12.4),
    RouterLease(router="checkout-2", seen_version=2, capabilities=("split-v1",), left_s=19.0),
)


def _looked(catalog: Catalog, latest: int, **more: object) -> RoutesOutcome:
    found = RoutesOutcome(
        environment="production", keyspace="commerce", catalog=catalog, latest=latest
    )
    return replace(found, **more)  # type: ignore[arg-type]


def _told(name: str, when: str, outcomes: Sequence[RoutesOutcome | KeyspaceFailed]) -> Scenario:
    return Scenario(name, when, partial(routes_report, outcomes))


def _refused() -> Sequence[KeyspaceFailed]:
    other = why_not_adopted_again(CLOSED, key_function="xxhash", shards=("-80", "80-"))
    assert other is not None
    problems = (other, *not_adopted("production", "billing").problems)
    return [
        KeyspaceFailed(
            environment="production", keyspace=keyspace, problems=(problem,), exit_code=3
        )
        for keyspace, problem in zip(("commerce", "billing"), problems, strict=True)
    ]


_OWNER = OwnerOutcome(
    environment="production",
    keyspace="commerce",
    key_id=bytes.fromhex("d46405367612b4b7"),
    route=replace(BEFORE.routes[1], until=5),
    version=3,
    latest=6,
)

ROUTES = (
    _told("routes-adopted", "`routes adopt`.", [_looked(BEFORE, 1, adoption=Adoption.NEW)]),
    _told("routes-adopted-already", "Once more.", [_looked(BEFORE, 1, adoption=Adoption.ALREADY)]),
    _told("routes-closed", "Behind a cutover.", [_looked(CLOSED, 2, leases=LEASES)]),
    _told("routes-past", "`routes show --at 1`.", [_looked(BEFORE, 2)]),
    _told("routes-refused", "Routes that say something else, and none.", _refused()),
    Scenario("routes-owner", "`routes owner 17 --at 3`.", partial(owner_report, [_OWNER])),
)
