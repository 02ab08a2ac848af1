"""What the catalog says at one moment, and the lease by which an application may rely on it.

Both come from one transaction that shares the catalog's row: as long as it is open no version
begins, and whoever begins the next one sees this lease.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.routes.errors import NoRoutes, OtherKeyFunction

#: What the reference client does, in the words that a split looks for in a lease.
CAPABILITY = "split-v1"

_ACTIVE = "active"

# MariaDB has no FOR SHARE; MySQL's needs no privilege but SELECT.
_SHARED = {True: "LOCK IN SHARE MODE", False: "FOR SHARE"}

_VERSION = (
    "SELECT version, key_function FROM reconciler_route_catalogs"
    " WHERE environment = %s AND keyspace = %s "
)
_ROUTES = (
    "SELECT shard, place, state, range_start, range_end FROM reconciler_routes"
    " WHERE environment = %s AND keyspace = %s AND until_version = 0 ORDER BY range_start"
)
_LEASE = (
    "INSERT INTO reconciler_route_leases"
    " (environment, keyspace, router, seen_version, capabilities, lease_until_us)"
    " VALUES (%s, %s, %s, %s, %s,"
    " TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) + %s)"
    " ON DUPLICATE KEY UPDATE seen_version = %s, capabilities = %s,"
    " lease_until_us = TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) + %s"
)
_FORGET = (
    "DELETE FROM reconciler_route_leases WHERE environment = %s AND keyspace = %s AND router = %s"
)


@dataclass(frozen=True, slots=True)
class Route:
    """Where the keys of a range live at a version. `place` is the name by which the application
    knows the server: it never means another one, whatever becomes of the shard."""

    shard: str
    place: str
    version: int
    is_active: bool  # False: it owns the range, and takes nothing yet


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All routes of one version, in the order of `starts`, which are hexadecimal."""

    version: int
    starts: tuple[str, ...]
    routes: tuple[Route, ...]

    def owner_of(self, key_id: bytes) -> Route:
        return self.routes[bisect_right(self.starts, key_id.hex()) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Which routes an application wants, and as whom."""

    environment: str
    keyspace: str
    key_function: str
    name: str
    lease_s: float


def look(connection: Any, wanted: Registration, before_lease: Callable[[int], None]) -> Snapshot:
    """Read the routes and register the lease, in one transaction. `before_lease` is told the
    version before the catalog is told that it was seen: whoever still routes by an earlier one has
    to stop by then, for the answer to what follows may be lost. Raises NoRoutes, OtherKeyFunction,
    and what the connection raises."""
    of = (wanted.environment, wanted.keyspace)
    connection.begin()
    with connection.cursor() as cursor:
        cursor.execute(_VERSION + _SHARED["MariaDB" in connection.get_server_info()], of)
        head = cursor.fetchone()
        if head is None:
            connection.rollback()
            raise NoRoutes(f"no routes of {of[1]} in {of[0]} are recorded")
        version, key_function = int(head[0]), head[1]
        if key_function != wanted.key_function:
            connection.rollback()
            raise OtherKeyFunction(
                f"the routes of {of[1]} in {of[0]} are of the key function {key_function!r},"
                f" not of {wanted.key_function!r}"
            )
        cursor.execute(_ROUTES, of)
        snapshot = _snapshot(version, cursor.fetchall())
        before_lease(version)
        until = (version, CAPABILITY, round(wanted.lease_s * 1_000_000))
        cursor.execute(_LEASE, (*of, wanted.name, *until, *until))
    connection.commit()
    return snapshot


def forget(connection: Any, wanted: Registration) -> None:
    """The application routes no more: nobody has to wait for its lease."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, (wanted.environment, wanted.keyspace, wanted.name))
    connection.commit()


def _snapshot(version: int, rows: Any) -> Snapshot:
    """Raises NoRoutes unless the ranges cover every key exactly once: the first begins where there
    is no bound, each ends where the next one begins, and the last has no end."""
    starts = tuple(row[3] for row in rows)
    ends = tuple(row[4] for row in rows)
    if not rows or starts != ("", *ends[:-1]) or ends[-1] or list(starts) != sorted({*starts}):
        raise NoRoutes(f"version {version} of the routes does not cover every key exactly once")
    routes = tuple(Route(row[0], row[1], version, row[2] == _ACTIVE) for row in rows)
    return Snapshot(version, starts, routes)
