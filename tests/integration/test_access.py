"""What a login cannot do, and what a server does not take, is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pymysql
import pytest

from reconciler.edges.mysql.access import read_access
from reconciler.edges.mysql.connect import connect
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.edges.mysql.target import resolve
from reconciler.edges.server.process import RunningServer
from reconciler.guard.access import access_refusals
from reconciler.model.access import ShardAccess
from reconciler.model.server import Flavor
from reconciler.plan.model import PlannedStatement
from reconciler.spec.model import RolloutSpec
from tests.conftest import FreshDatabase, run_as_admin
from tests.fleet import Ended, Fleet
from tests.integration.mysql_edges import (
    ROOT,
    Account,
    account,
    admin_cursor,
    connection_to,
    planned,
)
from tests.integration.rollouts import ADD_COLUMN, ages, logged_in_as, reading

TABLES = (
    "CREATE TABLE par (id int PRIMARY KEY)",
    "CREATE TABLE t (id int PRIMARY KEY, a int, KEY ka (a))",
    """CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)
    (PARTITION p1 VALUES LESS THAN (10), PARTITION p2 VALUES LESS THAN (20))""",
)
RENAMES = ("ALTER", "CREATE", "DROP", "INSERT")
REFERRING = "CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `par` (`id`)"
STATEMENTS = (
    ("ALTER TABLE `t` ADD COLUMN `b` int, DROP KEY `ka`", ("ALTER",)),
    (f"ALTER TABLE `t` ADD {REFERRING}", ("ALTER", "REFERENCES")),
    ("CREATE TABLE `n` (`id` int PRIMARY KEY, `a` int, KEY (`a`))", ("CREATE",)),
    (f"CREATE TABLE `n` (`a` int, {REFERRING})", ("CREATE", "REFERENCES")),
    ("DROP TABLE `t`", ("DROP",)),
    ("RENAME TABLE `t` TO `u`", RENAMES),
    ("ALTER TABLE `t` RENAME TO `u`", RENAMES),
    ("ALTER TABLE `p` DROP PARTITION `p1`", ("ALTER", "DROP")),
    ("ALTER TABLE `p` ADD PARTITION (PARTITION `p3` VALUES LESS THAN (30))", ("ALTER",)),
    ("ALTER TABLE `p` REMOVE PARTITIONING", ("ALTER",)),
)


def access_of(server: RunningServer, database: str, login: Account) -> ShardAccess:
    connection = connection_to(server, database, login)
    target = resolve(connection, environ={}, root=ROOT, shard="-40")
    with connect(target) as link:
        return read_access(link, database, look_at_server(link))


def lacking(access: ShardAccess, statement: PlannedStatement, flavor: Flavor) -> list[str]:
    found = access_refusals("-40", access, [statement], flavor=flavor, rollout=RolloutSpec())
    return [refusal.message for refusal in found]


def server_takes(server: RunningServer, database: str, login: Account, sql: str) -> bool:
    """False: the server denies it to the login."""
    connection = pymysql.connect(
        host=server.host,
        port=server.port,
        user=login.user,
        password=login.password,
        database=database,
        ssl_disabled=True,
    )
    with connection, connection.cursor() as cursor:
        try:
            cursor.execute(sql)
        except pymysql.err.OperationalError as error:
            number: int = error.args[0]
        else:
            return True
    return number not in (1142, 1044)


def may_ask_for_less(server: RunningServer, sql: str, missing: str | None) -> bool:
    """MariaDB 11.8.9 drops a partition for a login without ALTER; 11.8.6 and 10.11.19 do not. The
    guard asks for what any of them does."""
    version = server.version
    is_later = version.flavor is Flavor.MARIADB and version.at_least(11, 8, 7)
    return is_later and missing == "ALTER" and " DROP PARTITION " in sql


@pytest.mark.invariant("GD-13")
@pytest.mark.parametrize(("sql", "needed"), STATEMENTS, ids=[sql[:40] for sql, _ in STATEMENTS])
def test_what_is_said_to_be_missing_is_what_the_server_denies(
    server: RunningServer, fresh_database: FreshDatabase, sql: str, needed: tuple[str, ...]
) -> None:
    database, flavor = fresh_database(server), server.version.flavor
    for definition in TABLES:
        run_as_admin(server, definition.replace(" TABLE ", f" TABLE `{database}`.", 1))
    for missing in (*needed, None):
        granted = [name for name in needed if name != missing]
        # INDEX lets a login use the database, and helps with none of the statements.
        grant = f"{', '.join([*granted, 'INDEX'])} ON `{database}`.*"
        with account(server, grant, "PROCESS ON *.*") as login:
            refused = lacking(access_of(server, database, login), planned(sql), flavor)
            taken = server_takes(server, database, login, sql)
        if not may_ask_for_less(server, sql, missing):
            assert taken is (missing is None)
        assert bool(refused) is (missing is not None)
        # A rename asks for its privileges on two tables; every refusal is about the one left out.
        assert all(f"may not {missing}" in words for words in refused)


@pytest.mark.invariant("GD-13")
def test_privileges_of_roles_and_of_single_tables_count(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database, flavor = fresh_database(server), server.version.flavor
    run_as_admin(server, f"CREATE TABLE `{database}`.t (id int PRIMARY KEY)")
    drop, alter = planned("DROP TABLE `t`"), planned("ALTER TABLE `t` ADD COLUMN `b` int")
    grants = (f"SELECT, ALTER ON `{database}`.t", "PROCESS ON *.*")
    with account(server, *grants) as login, role(server, login, f"DROP ON `{database}`.*") as name:
        inactive = access_of(server, database, login)
        assert lacking(inactive, alter, flavor) == []
        assert "may not DROP" in lacking(inactive, drop, flavor)[0]
        to = "TO" if flavor is Flavor.MYSQL else "FOR"
        run_as_admin(server, f"SET DEFAULT ROLE {name} {to} '{login.user}'@'127.0.0.1'")
        assert lacking(access_of(server, database, login), drop, flavor) == []


@pytest.mark.invariant("GD-13")
def test_a_partial_revoke_counts(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mysql_server)
    with (
        admin_cursor(mysql_server) as cursor,
        account(mysql_server, "DROP, SELECT, PROCESS ON *.*") as one,
    ):
        cursor.execute("SET GLOBAL partial_revokes = ON")
        try:
            cursor.execute(f"REVOKE DROP ON `{database}`.* FROM '{one.user}'@'127.0.0.1'")
            access = access_of(mysql_server, database, one)
        finally:
            cursor.execute(f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM '{one.user}'@'127.0.0.1'")
            cursor.execute("SET GLOBAL partial_revokes = OFF")
    assert "may not DROP" in lacking(access, planned("DROP TABLE `t`"), Flavor.MYSQL)[0]


@contextmanager
def role(server: RunningServer, login: Account, grant: str) -> Iterator[str]:
    name = f"role_{login.user}"
    with admin_cursor(server) as cursor:
        cursor.execute(f"CREATE ROLE {name}")
        try:
            cursor.execute(f"GRANT {grant} TO {name}")
            cursor.execute(f"GRANT {name} TO '{login.user}'@'127.0.0.1'")
            yield name
        finally:
            cursor.execute(f"DROP ROLE {name}")


def refused_untouched(fleet: Fleet, code: str) -> Ended:
    ended = fleet.run("apply")
    assert ended.code == 3, ended.said
    assert f"[{code}]" in ended.said
    assert ages(fleet) == []
    return ended


READS = "SELECT, SHOW VIEW ON `{}`.*"


@pytest.mark.invariant("GD-13")
def test_a_login_without_what_the_plan_needs_sends_nothing_to_any_shard(small_fleet: Fleet) -> None:
    fleet = small_fleet
    with logged_in_as(fleet, READS, "PROCESS ON *.*") as login:
        fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
        fleet.plan_and_commit()
        ended = refused_untouched(fleet, "privilege-missing")
        said = " ".join(ended.said.split())
        assert "shards -80, 80-, table users: the login may not ALTER there" in said
        assert login.user not in said
        last = fleet.databases["80-"][1]
        first = fleet.databases["-80"][1]
        server = fleet.servers[0]
        run_as_admin(server, f"GRANT ALTER ON `{first}`.users TO '{login.user}'@'127.0.0.1'")
        assert "shard 80-, table users" in refused_untouched(fleet, "privilege-missing").said
        run_as_admin(server, f"GRANT ALTER ON `{last}`.* TO '{login.user}'@'127.0.0.1'")
        applied = fleet.run("apply")
        assert applied.code == 0, applied.said
    assert len(ages(fleet)) == 2


@pytest.mark.invariant("GD-13")
def test_without_process_nothing_is_sent(small_fleet: Fleet) -> None:
    with logged_in_as(small_fleet, READS, "ALTER ON `{}`.*"):
        # An INSTANT change would need PROCESS for its plan already.
        small_fleet.edit("schemas/shop/users.sql", "varchar(50)", "varchar(60)")
        small_fleet.plan_and_commit()
        assert "PROCESS" in refused_untouched(small_fleet, "privilege-missing").said


@pytest.mark.invariant("GD-10")
def test_kill_blockers_without_its_privilege_is_refused(small_fleet: Fleet) -> None:
    small_fleet.environment["rollout"]["kill_blockers"] = {"after": "4s"}
    with logged_in_as(small_fleet, READS, "ALTER ON `{}`.*", "PROCESS ON *.*"):
        small_fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
        small_fleet.plan_and_commit()
        assert "kill_blockers" in refused_untouched(small_fleet, "privilege-missing").said


@contextmanager
def set_globally(server: RunningServer, setting: str) -> Iterator[None]:
    with admin_cursor(server) as cursor:
        cursor.execute(f"SET GLOBAL {setting} = ON")
        try:
            yield
        finally:
            cursor.execute(f"SET GLOBAL {setting} = OFF")
            cursor.execute("SET GLOBAL read_only = OFF")  # which super_read_only set as well


@pytest.mark.invariant("GD-13")
def test_a_read_only_server_is_sent_nothing_even_by_an_administrator(small_fleet: Fleet) -> None:
    fleet = small_fleet
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    fleet.plan_and_commit()
    with set_globally(fleet.servers[0], "read_only"):
        ended = refused_untouched(fleet, "server-read-only")
    assert "shards -80, 80-: it takes no changes, for read_only is on" in ended.said
    assert fleet.run("apply").code == 0


@pytest.mark.invariant("GD-13")
def test_every_way_of_being_read_only_counts(fleet: Fleet) -> None:
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    fleet.plan_and_commit()
    for setting in ("super_read_only", "transaction_read_only"):
        with set_globally(fleet.servers[1], setting):
            assert setting in refused_untouched(fleet, "server-read-only").said


@pytest.mark.invariant("GD-13")
def test_a_database_that_was_made_read_only_is_sent_nothing(fleet: Fleet) -> None:
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    fleet.plan_and_commit()
    server, database = fleet.databases["c0-"]
    run_as_admin(server, f"ALTER DATABASE `{database}` READ ONLY = 1")
    try:
        ended = refused_untouched(fleet, "server-read-only")
        assert "shard c0-: it takes no changes, for READ ONLY of the database" in ended.said
    finally:
        run_as_admin(server, f"ALTER DATABASE `{database}` READ ONLY = 0")


@pytest.mark.invariant("GD-7")
def test_who_is_in_the_way_is_told_with_the_documented_grants_and_without_says_what_it_needs(
    small_fleet: Fleet,
) -> None:
    fleet, flavor = small_fleet, small_fleet.servers[0].version.flavor
    fleet.environment["rollout"]["lock_retries"] = 0
    with logged_in_as(fleet, READS, "ALTER ON `{}`.*", "PROCESS ON *.*") as login:
        fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
        fleet.plan_and_commit()
        doctor = " ".join(fleet.run("doctor", "--identity", "changes").said.split())
        with reading(fleet, "-80"):
            blind = " ".join(fleet.run("apply").said.split())
        if flavor is Flavor.MYSQL:
            assert (
                "who is in the way of a statement (needs SELECT on performance_schema.*)" in doctor
            )
            assert "in the way: somebody whom this login may not see" in blind
            assert "SELECT on performance_schema.* would show who" in blind
            name = f"'{login.user}'@'127.0.0.1'"
            run_as_admin(fleet.servers[0], f"GRANT SELECT ON performance_schema.* TO {name}")
        with reading(fleet, "-80"):
            seeing = " ".join(fleet.run("apply").said.split())
        assert "in the way: connection" in seeing
    assert ages(fleet) == []
