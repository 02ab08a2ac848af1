"""Which database of which server a shard's connection leads to, as far as a spec tells.

Two shards that lead to one would have one schema changed twice, by two plans that know nothing of
each other, and reviewed by two rules, of which the weaker would count. Names of one machine that
only its network knows to be the same are not seen here; the lock on the shard is met by both.
"""

from __future__ import annotations

import ipaddress
import posixpath
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from reconciler.spec.model import Connection, Environment, SpecFile

# Host, port and database; "", socket and database; or all the names of a keyspace at PlanetScale.
Address = tuple[str, ...]

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Reaching:
    """A shard of an environment of a spec; None: all that Vitess' topology lists."""

    spec_path: str
    environment: str
    shard: str | None


def address_of(connection: Connection, shard: str) -> Address:
    """With `{shard}` filled in; variables stand for themselves."""

    def filled(text: str | None) -> str:
        return (text or "").replace("{shard}", shard)

    database = filled(connection.database)
    if connection.socket:
        return ("", posixpath.normpath(filled(connection.socket)), database)
    return (_host(filled(connection.host)), connection.port, database)


def shared_databases(specs: Iterable[SpecFile]) -> Iterator[tuple[Reaching, Reaching]]:
    """Of two environments, of one spec or of two, that reach one database: the first shards that
    do, once for each two environments."""
    first: dict[Address, Reaching] = {}
    told: set[tuple[str, str, str, str]] = set()
    for spec in specs:
        for environment in spec.environments:
            for shard, address in _addresses(environment):
                here = Reaching(spec.path, environment.name, shard)
                other = first.setdefault(address, here)
                pair = (other.spec_path, other.environment, here.spec_path, here.environment)
                if pair[:2] != pair[2:] and pair not in told:
                    told.add(pair)
                    yield other, here


def _addresses(environment: Environment) -> Iterator[tuple[str | None, Address]]:
    if environment.vitess is not None:
        vtgate, keyspace = environment.vitess.vtgate, environment.vitess.keyspace
        yield None, address_of(replace(vtgate, database=f"{keyspace}:"), "")
    if (found := environment.planetscale) is not None:
        at = (found.organization, found.database, found.branch, found.keyspace)
        yield None, ("planetscale", *at)
    for shard in environment.shards:
        yield shard.name, address_of(shard.connection, shard.name)
    for left in environment.quarantined:  # it comes back to where it was
        yield left.quarantine.shard, address_of(left.connection, left.quarantine.shard)
    for leaving in () if environment.vitess else environment.retiring:
        yield leaving.name, address_of(leaving.connection, leaving.name)


def _host(host: str) -> str:
    name = host.casefold().rstrip(".")
    with suppress(ValueError):  # it is a name
        name = str(ipaddress.ip_address(name))
    return _THIS_MACHINE[0] if name in _THIS_MACHINE else name
