"""The catalog of routes in the ledger's database.

Rule: a version, its routes and the phase of the job that made it change in one transaction, and a
COMMIT whose answer was lost is told as unknown.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, Engine

from reconciler.edges.ledger.engine import deciding, reading
from reconciler.edges.ledger.splits.catalog import (
    check_routers,
    find_catalog,
    find_leases,
    find_past,
    insert_catalog,
    lock_catalog,
    places,
    write_change,
)
from reconciler.edges.ledger.splits.clock import read_now_s
from reconciler.edges.ledger.splits.writes import write_job
from reconciler.edges.ledger.unfinished import take_turn
from reconciler.errors import Refused
from reconciler.reshard.catalog import (
    Catalog,
    Route,
    RouterLease,
    adopted,
    cutover_change,
    not_adopted,
    opening_change,
    routers_behind,
    why_not_adopted,
    why_not_adopted_again,
)
from reconciler.reshard.job import SplitJob
from reconciler.reshard.transitions import cut_over, opened


class SqlRoutes:
    """Implements the Routes port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self, environment: str, keyspace: str) -> Catalog | None:
        with reading(self._engine) as connection:
            return find_catalog(connection, environment, keyspace)

    def at(self, environment: str, keyspace: str, version: int) -> Catalog | None:
        with reading(self._engine) as connection:
            return find_catalog(connection, environment, keyspace, version=version)

    def past(self, environment: str, keyspace: str) -> tuple[Route, ...]:
        with reading(self._engine) as connection:
            return find_past(connection, environment, keyspace)

    def adopt(
        self,
        environment: str,
        keyspace: str,
        *,
        key_function: str,
        shards: Collection[str],
        by: str,
        now_s: float,
    ) -> Catalog:
        if problem := why_not_adopted(tuple(shards)):
            raise Refused(problem)
        with deciding(self._engine) as connection:
            take_turn(connection, environment, keyspace)
            if found := lock_catalog(connection, environment, keyspace):
                if problem := why_not_adopted_again(
                    found, key_function=key_function, shards=shards
                ):
                    raise Refused(problem)
                return found
            catalog = adopted(environment, keyspace, key_function, shards)
            insert_catalog(connection, catalog, by, now_s)
            return catalog

    def cut_over(self, job: SplitJob) -> SplitJob:
        with deciding(self._engine) as connection:
            after = cut_over(job, now_s=read_now_s(connection))
            write_job(connection, job, after)
            catalog = _locked(connection, job)
            check_routers(connection, job)
            known = places(connection, job.environment, job.keyspace)
            write_change(connection, catalog, cutover_change(catalog, job, known))
        return after

    def open_targets(self, job: SplitJob) -> SplitJob:
        after = opened(job)
        assert job.cutover_version is not None, "what is opened has been cut over"
        with deciding(self._engine) as connection:
            write_job(connection, job, after)
            catalog = _locked(connection, job)
            # No lease is on its way: who registers one shares the catalog's row, which is ours.
            leases = find_leases(connection, job.environment, job.keyspace)
            if problem := routers_behind(catalog, leases, job.cutover_version):
                raise Refused(problem)
            write_change(connection, catalog, opening_change(catalog, job))
        return after

    def leases(self, environment: str, keyspace: str) -> tuple[RouterLease, ...]:
        with reading(self._engine) as connection:
            return find_leases(connection, environment, keyspace)


def _locked(connection: Connection, job: SplitJob) -> Catalog:
    """Behind the job's own row, in the one order in which both are ever locked."""
    catalog = lock_catalog(connection, job.environment, job.keyspace)
    if catalog is None:
        raise not_adopted(job.environment, job.keyspace)
    return catalog
