"""Reads and writes of the catalog, on a connection whose transaction is open.

Whoever changes a version holds the catalog's row to the end of the transaction. Applications share
that row while they register what they saw (docs/routes.md): so a version never changes between an
application's look and its lease.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from reconciler.edges.ledger.columns import Columns, row_malformed
from reconciler.edges.ledger.limits import FORGET_LEASES_S
from reconciler.edges.ledger.rows import known_as
from reconciler.edges.ledger.split_tables import HOLDS, route_catalogs, route_leases, routes
from reconciler.edges.ledger.splits import rows
from reconciler.edges.ledger.splits.clock import now_us
from reconciler.errors import Refused
from reconciler.limits import LEASE_LEFT_S_MAX, LEASE_SKEW_S_MAX
from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.catalog import (
    Catalog,
    Route,
    RouteChange,
    RouterLease,
    changed,
    check_coverage,
    in_order,
    leases_too_long,
    routers_unable,
)
from reconciler.reshard.job import SplitJob


def _catalog_where(holds: ColumnElement[bool]) -> Select[Any]:
    """One statement, so one moment: routes of two versions are never seen together."""
    same_keyspace = and_(
        routes.c.environment == route_catalogs.c.environment,
        routes.c.keyspace == route_catalogs.c.keyspace,
        holds,
    )
    columns = [column for column in routes.c if column.name not in ("environment", "keyspace")]
    return (
        select(route_catalogs.c.version, route_catalogs.c.key_function, *columns)
        .select_from(route_catalogs.outerjoin(routes, same_keyspace))
        .where(
            route_catalogs.c.environment == bindparam("of_environment"),
            route_catalogs.c.keyspace == bindparam("of_keyspace"),
        )
    )


# Every look of a split reads it; building a statement takes several times as long as running it.
_CATALOG = _catalog_where(routes.c.until_version == HOLDS)
_CATALOG_AT = _catalog_where(
    and_(
        routes.c.since_version <= bindparam("of_version"),
        or_(routes.c.until_version == HOLDS, routes.c.until_version > bindparam("of_version")),
    )
)


def find_catalog(
    connection: Connection, environment: str, keyspace: str, *, version: int | None = None
) -> Catalog | None:
    """`version` None: the current one. Raises Refused where it does not cover every key exactly
    once."""
    of: dict[str, object] = {"of_environment": environment, "of_keyspace": keyspace}
    if version is None:
        found = list(connection.execute(_CATALOG, of).mappings())
    else:
        found = list(connection.execute(_CATALOG_AT, {**of, "of_version": version}).mappings())
    if not found:
        return None
    head = Columns(found[0], "route_catalogs")
    if version is not None and not 1 <= version <= head.whole("version"):
        return None
    held = [rows.stored_route(row) for row in found if row["shard"] is not None]
    check_coverage(environment, keyspace, [route.shard for route in held])
    return Catalog(
        environment=environment,
        keyspace=keyspace,
        key_function=head.word("key_function", KeyFunctionName).value,
        version=head.whole("version") if version is None else version,
        routes=in_order(held),
    )


def lock_catalog(connection: Connection, environment: str, keyspace: str) -> Catalog | None:
    """As `find_catalog`; nobody else looks at it in order to write until the transaction ends."""
    wanted = select(route_catalogs.c.version).where(*_of(route_catalogs, environment, keyspace))
    connection.execute(wanted.with_for_update()).first()
    return find_catalog(connection, environment, keyspace)


def insert_catalog(connection: Connection, catalog: Catalog, by: str, now_s: float) -> None:
    check_coverage(catalog.environment, catalog.keyspace, catalog.shards)
    connection.execute(
        insert(route_catalogs).values(
            environment=catalog.environment,
            keyspace=catalog.keyspace,
            version=catalog.version,
            key_function=catalog.key_function,
            adopted_by=known_as(by),
            adopted_s=now_s,
        )
    )
    _insert_routes(connection, catalog, catalog.routes)


def write_change(connection: Connection, catalog: Catalog, change: RouteChange) -> None:
    """The next version of a catalog that is locked. Raises Refused if what then stands in the
    tables, whoever wrote it, does not cover every key exactly once."""
    environment, keyspace = catalog.environment, catalog.keyspace
    after = changed(catalog, change)
    check_coverage(environment, keyspace, after.shards)
    counted = connection.execute(
        update(route_catalogs)
        .where(
            *_of(route_catalogs, environment, keyspace),
            route_catalogs.c.version == catalog.version,
        )
        .values(version=after.version)
    )
    if counted.rowcount != 1:
        raise row_malformed("route_catalogs", "version")
    for route in change.ended:
        _end_route(connection, catalog, route, after.version)
    _insert_routes(connection, catalog, change.begun)
    if find_catalog(connection, environment, keyspace) != after:
        raise row_malformed("routes", "until_version")


def places(connection: Connection, environment: str, keyspace: str) -> tuple[str, ...]:
    """Every name that a route of the keyspace ever had."""
    wanted = select(routes.c.place).where(*_of(routes, environment, keyspace)).distinct()
    return tuple(str(place) for place in connection.execute(wanted).scalars())


def find_leases(connection: Connection, environment: str, keyspace: str) -> tuple[RouterLease, ...]:
    """Those that may count by any clock that is not further off than clocks are."""
    wanted = select(route_leases, now_us(connection).label("now_us")).where(
        *_of(route_leases, environment, keyspace)
    )
    found = connection.execute(wanted.order_by(route_leases.c.router)).mappings()
    leases = (rows.router_lease(row) for row in found)
    return tuple(lease for lease in leases if lease.left_s > -LEASE_SKEW_S_MAX)


def check_routers(connection: Connection, job: SplitJob) -> None:
    """Raises Refused (`routers-unable`, `routers-lease-long`)."""
    leases = find_leases(connection, job.environment, job.keyspace)
    if problem := routers_unable(job.keyspace, leases) or leases_too_long(
        job.keyspace, leases, left_s_max=LEASE_LEFT_S_MAX
    ):
        raise Refused(problem)


def forget_leases(connection: Connection, limit: int) -> None:
    """Of processes that ended without a word, long after they count for nothing."""
    lease = route_leases.c
    over_us = now_us(connection) - FORGET_LEASES_S * 1_000_000
    wanted = select(lease.environment, lease.keyspace, lease.router)
    for found in connection.execute(wanted.where(lease.lease_until_us < over_us).limit(limit)):
        key = zip((lease.environment, lease.keyspace, lease.router), found, strict=True)
        still_over = lease.lease_until_us < over_us
        connection.execute(
            delete(route_leases).where(still_over, *(column == value for column, value in key))
        )


def find_past(connection: Connection, environment: str, keyspace: str) -> tuple[Route, ...]:
    wanted = select(routes).where(*_of(routes, environment, keyspace))
    in_order_of_versions = wanted.order_by(routes.c.since_version, routes.c.range_start)
    found = connection.execute(in_order_of_versions).mappings()
    return tuple(rows.stored_route(row) for row in found)


def _end_route(connection: Connection, catalog: Catalog, route: Route, version: int) -> None:
    key = {
        "since_version": route.since,
        "range_start": rows.bound(route.range.start),
        "until_version": HOLDS,
    }
    ended = connection.execute(
        update(routes)
        .where(
            *_of(routes, catalog.environment, catalog.keyspace),
            *(routes.c[name] == value for name, value in key.items()),
        )
        .values(until_version=version)
    )
    if ended.rowcount != 1:
        raise row_malformed("routes", "until_version")


def _insert_routes(connection: Connection, catalog: Catalog, begun: Iterable[Route]) -> None:
    of = {"environment": catalog.environment, "keyspace": catalog.keyspace}
    connection.execute(insert(routes), [{**of, **rows.route_columns(route)} for route in begun])


def _of(table: Table, environment: str, keyspace: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.environment == environment, table.c.keyspace == keyspace)
