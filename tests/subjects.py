"""Which servers are asked what definitions and statements mean: those at hand, or given ones.

`RECONCILER_TEST_MYSQL=host:port,user,password` and `RECONCILER_TEST_MARIADB=...` name servers that
run already, such as a container of a series that nothing here can fetch. The tests marked
`any_server`, which only talk to their server, then run on those alone (`make test-server`).
All other tests stop, set or look into their servers: they start their own and do not ask here.

Rule: a server that was given and cannot be used ends the run; nothing at hand takes its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import pymysql
import pytest

from reconciler.edges.mysql.server_settings import parse_version
from reconciler.edges.server.find import ServerBinary, find_servers
from reconciler.edges.server.process import Login
from reconciler.model.server import Flavor, ServerVersion

VARIABLES: Mapping[Flavor, str] = {
    Flavor.MYSQL: "RECONCILER_TEST_MYSQL",
    Flavor.MARIADB: "RECONCILER_TEST_MARIADB",
}
OLDEST_MARIADB = "oldest-mariadb"
OLDEST_SERVER = "mariadb_10_server"  # the fixture
FORM = "host:port,user,password"
CONNECT_S_MAX = 30  # a container that has just been started takes its time to answer


class Server(Protocol):
    """What a test needs of a server that it only talks to."""

    @property
    def version(self) -> ServerVersion: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def admin(self) -> Login: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenServer:
    """A server that somebody else started. `admin` may do everything on it."""

    version: ServerVersion
    host: str
    port: int
    admin: Login


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A server under test, by the name that it has in the ids of tests."""

    name: str
    flavor: Flavor
    version: ServerVersion | None
    """None: there is none at hand, which the test says once it asks for it."""
    given: GivenServer | None = None


@cache
def subjects() -> tuple[Subject, ...]:
    """The servers under test, in the order of their names."""
    given = tuple(given_servers(os.environ))
    return tuple(map(_given_subject, given)) or tuple(_at_hand(find_servers()))


def is_of_the_oldest(parameters: Mapping[str, object]) -> bool:
    """Whether a case says of the oldest MariaDB what its neighbours say of the newest."""
    return any(
        value == OLDEST_SERVER or (isinstance(value, Subject) and value.name == OLDEST_MARIADB)
        for value in parameters.values()
    )


def given_servers(environ: Mapping[str, str]) -> Iterator[GivenServer]:
    """The servers that the environment names. Raises pytest.UsageError for one that is not to be
    used: of another form, out of reach, or of another flavor."""
    for flavor, variable in VARIABLES.items():
        if text := environ.get(variable):
            host, port, login = _parts(variable, text)
            said = _ask_version(variable, host, port, login)
            version = parse_version(said)
            if version is None or version.flavor is not flavor:
                wanted = f"a {flavor} of a release that is supported"
                raise pytest.UsageError(f"{variable} names {said!r}, which is not {wanted}")
            yield GivenServer(version=version, host=host, port=port, admin=login)


def _parts(variable: str, text: str) -> tuple[str, int, Login]:
    address, _, login = text.partition(",")
    user, comma, password = login.partition(",")
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal() and user and comma):
        raise pytest.UsageError(f"{variable} has another form than {FORM}")
    return host.strip("[]"), int(port), Login(user=user, password=password)


def _ask_version(variable: str, host: str, port: int, login: Login) -> str:
    try:
        connection = pymysql.connect(
            host=host,
            port=port,
            user=login.user,
            password=login.password,
            connect_timeout=CONNECT_S_MAX,
        )
    except pymysql.MySQLError as error:
        raise pytest.UsageError(f"{variable}: {error.args[-1]}") from error
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        ((said,),) = cursor.fetchall()
        return str(said)


def _given_subject(server: GivenServer) -> Subject:
    name = server.version.flavor.value
    return Subject(name=name, flavor=server.version.flavor, version=server.version, given=server)


def _at_hand(servers: Sequence[ServerBinary]) -> Iterator[Subject]:
    """The newest of each flavor, and the oldest MariaDB where there are several."""
    for flavor in Flavor:
        versions = sorted(s.version for s in servers if s.version.flavor is flavor)
        newest = versions[-1] if versions else None
        yield Subject(name=flavor.value, flavor=flavor, version=newest)
        if flavor is Flavor.MARIADB and versions and versions[0] != newest:
            yield Subject(name=OLDEST_MARIADB, flavor=flavor, version=versions[0])
