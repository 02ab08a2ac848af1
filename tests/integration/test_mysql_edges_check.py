"""What keeps a command from working is told before it is tried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.edges.mysql.check import MysqlConnections
from reconciler.edges.mysql.dependents import ELSEWHERE
from reconciler.edges.server.process import SCRATCH_GRANTS, RunningServer
from reconciler.errors import Unavailable
from reconciler.ports.shards import Identity, ShardCheck
from reconciler.spec.model import Connection
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    ROOT,
    account,
    admin_cursor,
    admin_of,
    connection_to,
    shard,
    silent_listener,
)


def checked(connection: Connection, identity: Identity) -> ShardCheck:
    connections = MysqlConnections(environ={}, root=ROOT)
    [found] = connections.check_shards([shard(connection)], identity, parallel=2)
    return found


def codes(check: ShardCheck) -> list[str]:
    return [problem.code for problem in check.problems]


def test_an_admin_lacks_nothing(server: RunningServer, fresh_database: FreshDatabase) -> None:
    found = checked(connection_to(server, fresh_database(server)), Identity.CHANGES)
    assert found.problems == ()
    assert found.unseen == ()
    assert found.version == server.version


def test_a_reader_may_read_and_not_change(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    with account(server, f"SELECT, SHOW VIEW ON `{database}`.*") as login:
        connection = connection_to(server, database, login)
        assert checked(connection, Identity.READS).problems == ()
        unseen = checked(connection, Identity.READS).unseen
        assert "triggers (needs TRIGGER)" in unseen
        assert ELSEWHERE in unseen, "programs of other databases may use this one's tables"
        found = checked(connection, Identity.CHANGES)
    assert codes(found) == ["privilege-missing"]
    for privilege in ("ALTER", "CREATE", "DROP", "INDEX", "INSERT", "REFERENCES", "PROCESS"):
        assert privilege in found.problems[0].message
    assert login.user not in found.problems[0].message


def test_what_an_apply_needs_is_enough(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    needed = f"ALTER, CREATE, DROP, INDEX, INSERT, REFERENCES, SELECT ON `{database}`.*"
    with account(server, needed, "PROCESS ON *.*") as login:
        found = checked(connection_to(server, database, login), Identity.CHANGES)
        assert found.problems == ()


def test_a_read_only_server_is_told(server: RunningServer, fresh_database: FreshDatabase) -> None:
    connection = connection_to(server, fresh_database(server))
    with admin_cursor(server) as cursor:
        cursor.execute("SET GLOBAL read_only = ON")
        try:
            assert codes(checked(connection, Identity.CHANGES)) == ["server-read-only"]
            assert checked(connection, Identity.READS).problems == ()
        finally:
            cursor.execute("SET GLOBAL read_only = OFF")


def test_what_cannot_be_reached_is_told_shard_by_shard(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    good = connection_to(mysql_server, fresh_database(mysql_server))
    wrong = replace(good, password="wrong-secret")
    with silent_listener() as port:
        hangs = replace(good, port=str(port), connect_timeout_s=1)
        unset = replace(good, user="${SCHEMA_NOT_SET_ANYWHERE}")
        shards = [shard(one, f"s{n}") for n, one in enumerate((good, wrong, hangs, unset))]
        found = MysqlConnections(environ={}, root=ROOT).check_shards(
            shards, Identity.READS, parallel=4
        )
    assert [codes(check) for check in found] == [
        [],
        ["login-refused"],
        ["shard-timeout"],
        ["variable-not-set"],
    ]


def test_rights_that_a_scratch_login_does_not_need_are_told(server: RunningServer) -> None:
    connections = MysqlConnections(environ={}, root=ROOT)
    needed = SCRATCH_GRANTS[server.version.flavor]
    with account(server, *needed) as login:
        assert connections.scratch_excess(connection_to(server, None, login)) == ()
    with account(server, *needed, "FILE, RELOAD ON *.*") as login:
        assert connections.scratch_excess(connection_to(server, None, login)) == ("FILE", "RELOAD")
    assert connections.scratch_excess(connection_to(server, None))
    wrong = replace(admin_of(server), password="wrong-secret")
    with pytest.raises(Unavailable, match="does not accept"):
        connections.scratch_excess(connection_to(server, None, wrong))
