"""What a look at the catalog of routes shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.reshard.catalog import Catalog, Route, RouterLease


class Adoption(StrEnum):
    NEW = "adopted"
    ALREADY = "adopted already"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesOutcome:
    """One version of a keyspace's routes, of `latest`; `adoption` None: somebody just looked.
    `leases` are of those that may route by what they saw."""

    environment: str
    keyspace: str
    catalog: Catalog
    latest: int
    leases: tuple[RouterLease, ...] = ()
    adoption: Adoption | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerOutcome:
    """Who owns a key at a version, of `latest`."""

    environment: str
    keyspace: str
    key_id: bytes
    route: Route
    version: int
    latest: int
