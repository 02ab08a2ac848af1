"""The catalog of routes: who owns which keys of a keyspace, at every version."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from reconciler.reshard.catalog import Catalog, Route, RouterLease
from reconciler.reshard.job import SplitJob


class Routes(Protocol):
    """The versioned catalog. Every version covers every key exactly once, or the write that would
    make it is refused (`routes-not-contiguous`), as is a catalog that is read and does not.
    Durability, Unavailable and OutcomeUnknown are those of `SplitJobs`. Safe to call from several
    threads."""

    def read(self, environment: str, keyspace: str) -> Catalog | None:
        """The current version; None if none was adopted."""

    def at(self, environment: str, keyspace: str, version: int) -> Catalog | None:
        """Who owned what at a version; None for one that never was."""

    def past(self, environment: str, keyspace: str) -> tuple[Route, ...]:
        """All routes there ever were, by their first version and their range."""

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
        """Write version 1; a catalog that says the same already stays as it is. Raises Refused
        (`routes-adopted`, `routes-key-function`, `routes-need-ranges`)."""

    def cut_over(self, job: SplitJob) -> SplitJob:
        """In one transaction: the job goes from its cutover to its clean-up, the catalog from the
        job's expected version to the next, the sources' routes end, and the targets' begin, closed;
        then the routes are read back and cover every key. When that was, the ledger's own clock
        says. Raises JobMoved, Refused (`routes-moved`,
        `routes-not-contiguous`, `routers-unable`), or OutcomeUnknown: then `SplitJobs.settled`
        tells."""

    def open_targets(self, job: SplitJob) -> SplitJob:
        """In one transaction: the targets' routes become active, at the next version. Raises
        JobMoved, and Refused (`routers-behind`) as long as an application may still route by a
        version before the cutover."""

    def leases(self, environment: str, keyspace: str) -> tuple[RouterLease, ...]:
        """Of every application that may still route by what it saw, by their names; those that ran
        out longer ago than clocks may differ are left out."""
