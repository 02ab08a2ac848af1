"""What an engine's program cannot work with is refused in `plan`, again before anything is sent,
and by its adapter, in the same words: on real servers, each with the one thing that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from reconciler.ports.engine import EngineWork, Failed
from reconciler.spec.model import Connection
from tests.contract.engines.stand import work_of
from tests.fleet import Fleet
from tests.integration.engines.test_job import FleetOf, choose, fleet_of, refused
from tests.integration.mysql_edges import (
    admin_cursor,
    connection_to,
    planned,
    sessions,
    shard,
)

__all__ = ["fleet_of"]

GH_OST, SPIRIT, PT_OSC = EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC
WIDER = work_of(planned("ALTER TABLE `items` MODIFY COLUMN `a` bigint", "items"))
INSTRUMENT = "performance_schema.setup_instruments"
PARTS = (
    "CREATE TABLE parts (id bigint NOT NULL PRIMARY KEY, item bigint, CONSTRAINT fk_item"
    " FOREIGN KEY (item) REFERENCES items (id)) ENGINE=InnoDB"
)
LOCKS = "wait/lock/metadata/sql/mdl"


def marked(name: EngineName, *rest: object) -> object:
    return pytest.param(name, *rest, marks=pytest.mark.engine(name))


@contextmanager
def having(server: RunningServer, variable: str, value: str) -> Iterator[None]:
    with admin_cursor(server) as cursor:
        cursor.execute(f"SELECT @@global.{variable}")
        (before,) = cursor.fetchone() or ("",)
        cursor.execute(f"SET GLOBAL {variable} = {value}")
        try:
            yield
        finally:
            cursor.execute(f"SET GLOBAL {variable} = %s", [before])


@contextmanager
def without_instrument(server: RunningServer) -> Iterator[None]:
    with admin_cursor(server) as cursor:
        turn = f"UPDATE {INSTRUMENT} SET ENABLED = %s WHERE NAME = %s"
        cursor.execute(turn, ["NO", LOCKS])
        try:
            yield
        finally:
            cursor.execute(turn, ["YES", LOCKS])


def prepared(connection: Connection, name: EngineName, asked: EngineWork = WIDER) -> str:
    """What the adapter refuses it with."""
    with sessions().open(shard(connection)) as session:
        found = session.engine(name).prepare(asked, None)
        assert isinstance(found, Failed), found
        assert not found.transient
        return found.error.message


def connection_of(fleet: Fleet) -> Connection:
    server, database = fleet.databases["-80"]
    return connection_to(server, database)


def reason_in(message: str, name: EngineName) -> str:
    """What stands between the engine's name and what comes after the reason."""
    for begins in (f"{name} cannot take it: ", f"{name} cannot work there: "):
        message = message.partition(begins)[2] or message
    return message.partition("; nothing was begun")[0]


def refused_in_plan(fleet: Fleet, name: EngineName, code: str) -> str:
    choose(fleet, {"default": name.value})
    return refused(fleet, code)


SETTINGS = [
    marked(name, variable, value)
    for name in (GH_OST, SPIRIT)
    for variable, value in (
        ("binlog_row_value_options", "'PARTIAL_JSON'"),
        ("binlog_transaction_compression", "ON"),
        ("binlog_row_image", "'MINIMAL'"),
    )
] + [
    marked(SPIRIT, "sql_mode", "'STRICT_TRANS_TABLES,PIPES_AS_CONCAT'"),
    marked(SPIRIT, "binlog_order_commits", "OFF"),
]


@pytest.mark.invariant("EN-14")
@pytest.mark.invariant("EN-55")
@pytest.mark.parametrize(("name", "variable", "value"), SETTINGS)
def test_a_setting_of_the_server(
    name: EngineName, variable: str, value: str, mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mysql_server)
    with having(mysql_server, variable, value):
        said = refused_in_plan(fleet, name, "engine-server-unfit")
        reason = reason_in(prepared(connection_of(fleet), name), name)
    assert variable in reason
    assert reason in said
    assert "shards -80, 80-" in said


@pytest.mark.invariant("EN-23")
@pytest.mark.invariant("EN-55")
@pytest.mark.engine(GH_OST)
@pytest.mark.parametrize("server", ["mysql_server", "mariadb_server"])
def test_a_server_that_does_not_show_who_waits_for_a_lock(
    server: str, fleet_of: FleetOf, request: pytest.FixtureRequest
) -> None:
    running: RunningServer = request.getfixturevalue(server)
    fleet = fleet_of(running)
    with without_instrument(running):
        said = refused_in_plan(fleet, GH_OST, "engine-server-unfit")
        reason = reason_in(prepared(connection_of(fleet), GH_OST), GH_OST)
    assert LOCKS in reason
    assert reason in said


@pytest.mark.invariant("EN-55")
@pytest.mark.parametrize("name", [marked(GH_OST), marked(SPIRIT)])
def test_a_unix_socket(name: EngineName, mysql_server: RunningServer, fleet_of: FleetOf) -> None:
    fleet = fleet_of(mysql_server)
    for one in fleet.environment["shards"]:
        del one["connection"]["port"]
        one["connection"]["socket"] = str(mysql_server.socket)
    del fleet.environment["connection"]["host"]
    said = refused_in_plan(fleet, name, "engine-connection-unfit")
    connection = replace(connection_of(fleet), socket=str(mysql_server.socket))
    reason = reason_in(prepared(connection, name), name)
    assert "unix socket" in reason
    assert reason in said


@pytest.mark.invariant("EN-55")
@pytest.mark.parametrize(
    ("name", "user", "password"),
    [
        marked(GH_OST, "a:b", "secret"),
        marked(SPIRIT, "a:b", "secret"),
        marked(SPIRIT, "zoe", "%(host)s"),
        marked(SPIRIT, "zoe", "a\nb"),
        marked(PT_OSC, "zoe", "a\nb"),
    ],
)
def test_a_login(
    name: EngineName,
    user: str,
    password: str,
    mysql_server: RunningServer,
    fleet_of: FleetOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet = fleet_of(mysql_server)
    with admin_cursor(mysql_server) as cursor:
        cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", [user, password])
        cursor.execute("GRANT ALL ON *.* TO %s@'%%'", [user])
    try:
        monkeypatch.setenv("FLEET_PASSWORD_0", password)
        for one in fleet.environment["shards"]:
            one["connection"]["user"] = user
        said = refused_in_plan(fleet, name, "engine-connection-unfit")
        connection = replace(connection_of(fleet), user=user, password=password)
        reason = reason_in(prepared(connection, name), name)
    finally:
        with admin_cursor(mysql_server) as cursor:
            cursor.execute("DROP USER %s@'%%'", [user])
    assert reason in said
    assert password not in said
    assert user not in reason


@pytest.mark.invariant("EN-55")
@pytest.mark.parametrize(
    ("name", "database"),
    [marked(GH_OST, "a$b"), marked(SPIRIT, "a`b"), marked(PT_OSC, "a b")],
)
def test_the_name_of_a_database(
    name: EngineName, database: str, mysql_server: RunningServer
) -> None:
    """As the guard sees it, which the plan asks, and as the adapter does."""
    quoted = "`" + database.replace("`", "``") + "`"
    try:
        with admin_cursor(mysql_server) as cursor:
            cursor.execute(f"CREATE DATABASE {quoted}")
        connection = connection_to(mysql_server, database)
        message = prepared(connection, name)
    finally:
        with admin_cursor(mysql_server) as cursor:
            cursor.execute(f"DROP DATABASE {quoted}")
    assert "database" in reason_in(message, name)
    assert database not in message


@pytest.mark.invariant("EN-55")
@pytest.mark.engine(PT_OSC)
def test_an_old_table_that_foreign_keys_refer_to(
    mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mysql_server)
    for name in fleet.databases:
        fleet.sql(name, PARTS)
    fleet.spec["policy"] = {"ignore_tables": ["parts"]}
    choose(fleet, {"default": "pt-osc", "keep_old": "24h"})
    said = refused(fleet, "engine-cannot")
    asked = replace(WIDER, keep_old_s=1)
    reason = reason_in(prepared(connection_of(fleet), PT_OSC, asked), PT_OSC)
    assert "keep_old" in reason
    assert reason in said


@pytest.mark.invariant("EN-13")
@pytest.mark.parametrize("name", [marked(GH_OST), marked(SPIRIT)])
def test_a_table_that_others_of_its_database_refer_to(
    name: EngineName, mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mysql_server)
    fleet.sql("80-", PARTS)
    fleet.spec["policy"] = {"ignore_tables": ["parts"]}
    assert "fk_item of table parts refers to the table" in refused_in_plan(
        fleet, name, "engine-cannot"
    )
