"""PG-5: what is said of a view's definer is what the server does: it denies the view to the login,
or every read of the view fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pymysql
import pytest

from reconciler.ddl.programs.accounts import Account as AccountName
from reconciler.edges.mysql.access import read_access
from reconciler.edges.mysql.connect import connect
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.edges.mysql.target import resolve
from reconciler.edges.server.process import RunningServer
from reconciler.guard.access import access_refusals
from reconciler.guard.definers import drop_refusals
from reconciler.model.access import ShardAccess
from reconciler.model.programs import view_id
from reconciler.model.server import Flavor
from reconciler.spec.model import RolloutSpec
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    ROOT,
    Account,
    account,
    admin_cursor,
    connection_to,
    planned,
)

HOST = "127.0.0.1"
LOGIN = ("SELECT, CREATE VIEW, DROP ON `{}`.*", "PROCESS ON *.*", "SELECT ON mysql.*")
GIVES = {Flavor.MYSQL: "SET_ANY_DEFINER", Flavor.MARIADB: "SET USER"}


@dataclass(frozen=True)
class Given:
    """What the login and the definer have beside what both need anyway; `role`: what the definer
    has by a role, and whether that is its default one."""

    login: Sequence[str]
    definer: Sequence[str]
    role: str | None = None
    is_default: bool = False


def given(flavor: Flavor) -> list[Given]:
    gives, reads = f"{GIVES[flavor]} ON *.*", "SELECT ON `{}`.t"
    found = [
        Given([], [reads]),
        Given([gives], [reads]),
        Given(["SUPER ON *.*"], [reads]),
        Given([gives], []),
        Given([gives], ["SELECT ON `{}`.other"]),
        Given([gives], ["INSERT ON `{}`.t"]),
        Given([gives], ["SELECT (id) ON `{}`.t"]),
        Given([gives], ["SELECT ON *.*"]),
        Given([gives], [], role=reads),
        Given([gives], [], role=reads, is_default=True),
    ]
    if flavor is Flavor.MYSQL:
        protected = "SYSTEM_USER ON *.*"
        found += [Given([gives], [reads, protected]), Given([gives, protected], [reads, protected])]
    return found


@pytest.mark.invariant("PG-5")
@pytest.mark.parametrize("server_name", ["mysql_server", "mariadb_server", "mariadb_10_server"])
def test_what_a_definer_lacks_is_what_the_server_does_not_take(
    request: pytest.FixtureRequest, fresh_database: FreshDatabase, server_name: str
) -> None:
    server: RunningServer = request.getfixturevalue(server_name)
    database = fresh_database(server)
    with admin_cursor(server) as cursor:
        for table in ("t", "other"):
            cursor.execute(f"CREATE TABLE `{database}`.{table} (id int PRIMARY KEY)")
        for one in given(server.version.flavor):
            logins = [grant.format(database) for grant in (*LOGIN, *one.login)]
            definers = [grant.format(database) for grant in one.definer]
            with account(server, *logins) as login, account(server, *definers) as definer:
                role = f"role_{definer.user}"
                if one.role is not None:
                    name = f"'{definer.user}'@'{HOST}'"
                    to = "TO" if server.version.flavor is Flavor.MYSQL else "FOR"
                    cursor.execute(f"CREATE ROLE {role}")
                    cursor.execute(f"GRANT {one.role.format(database)} TO {role}")
                    cursor.execute(f"GRANT {role} TO {name}")
                    if one.is_default:
                        cursor.execute(f"SET DEFAULT ROLE {role} {to} {name}")
                try:
                    refused = refusals(server, database, login, definer)
                    works = is_made(server, database, login, view_of(definer)) and reads(
                        cursor, database
                    )
                finally:
                    cursor.execute(f"DROP VIEW IF EXISTS `{database}`.v")
                    if one.role is not None:
                        cursor.execute(f"DROP ROLE {role}")
            assert bool(refused) is not works, (one, refused)
            assert login.user not in "".join(refused)


@pytest.mark.invariant("PG-5")
def test_a_view_that_only_its_like_may_drop_is_known_before(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database, login_has = fresh_database(mysql_server), "DROP, SELECT ON `{}`.*"
    with (
        admin_cursor(mysql_server) as cursor,
        account(mysql_server, "SYSTEM_USER ON *.*") as protected,
        account(mysql_server, login_has.format(database), "SELECT ON mysql.*") as login,
    ):
        cursor.execute(f"CREATE TABLE `{database}`.t (id int PRIMARY KEY)")
        cursor.execute(f"USE `{database}`")
        cursor.execute(view_of(protected))
        digest = AccountName(user=protected.user, host=HOST).digest
        access = access_to(mysql_server, database, login)
        (refused,) = drop_refusals("-40", access, {view_id("v"): digest}, [view_id("v")])
        assert protected.user not in refused.message
        assert not is_made(mysql_server, database, login, "DROP VIEW `v`")
        cursor.execute(f"GRANT SYSTEM_USER ON *.* TO '{login.user}'@'{HOST}'")
        access = access_to(mysql_server, database, login)
        assert not [*drop_refusals("-40", access, {view_id("v"): digest}, [view_id("v")])]
        assert is_made(mysql_server, database, login, "DROP VIEW `v`")


@pytest.mark.invariant("PG-5")
def test_an_account_that_a_role_protects_is_known_before(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    """Be the role active or not: the server asks who was granted it."""
    database = fresh_database(mysql_server)
    given = (
        f"DROP, SELECT ON `{database}`.*",
        "SELECT ON mysql.*",
        "SET_ANY_DEFINER, PROCESS ON *.*",
    )
    with (
        admin_cursor(mysql_server) as cursor,
        account(mysql_server, "SYSTEM_USER ON *.*") as role,
        account(mysql_server, f"SELECT ON `{database}`.*") as definer,
        account(mysql_server, *given, f"CREATE VIEW ON `{database}`.*") as login,
    ):
        cursor.execute(f"CREATE TABLE `{database}`.t (id int PRIMARY KEY)")
        assert not refusals(mysql_server, database, login, definer)
        cursor.execute(f"GRANT '{role.user}'@'{HOST}' TO '{definer.user}'@'{HOST}'")
        (refused,) = refusals(mysql_server, database, login, definer)
        assert "SYSTEM_USER" in refused
        assert not is_made(mysql_server, database, login, view_of(definer))


def view_of(definer: Account) -> str:
    return (
        f"CREATE ALGORITHM=UNDEFINED DEFINER=`{definer.user}`@`{HOST}` SQL SECURITY DEFINER"
        " VIEW `v` AS select `t`.`id` AS `id` from `t`"
    )


def refusals(
    server: RunningServer, database: str, login: Account, definer: Account
) -> tuple[str, ...]:
    access = access_to(server, database, login, f"{definer.user}@{HOST}")
    found = access_refusals(
        "-40",
        access,
        [planned(view_of(definer))],
        flavor=server.version.flavor,
        rollout=RolloutSpec(),
    )
    return tuple(one.message for one in found)


def access_to(server: RunningServer, database: str, login: Account, *definers: str) -> ShardAccess:
    target = resolve(connection_to(server, database, login), environ={}, root=ROOT, shard="-40")
    with connect(target) as link:
        return read_access(link, database, look_at_server(link), definers=definers)


def is_made(server: RunningServer, database: str, login: Account, sql: str) -> bool:
    session = pymysql.connect(
        host=server.host,
        port=server.port,
        user=login.user,
        password=login.password,
        database=database,
        ssl_disabled=True,
    )
    with session, session.cursor() as cursor:
        return takes(cursor, sql, unless=1227)


def reads(cursor: pymysql.cursors.Cursor, database: str) -> bool:
    return takes(cursor, f"SELECT * FROM `{database}`.v", unless=1356)


def takes(cursor: pymysql.cursors.Cursor, sql: str, *, unless: int) -> bool:
    try:
        cursor.execute(sql)
    except pymysql.err.OperationalError as error:
        if error.args[0] != unless:
            raise
        return False
    return True
