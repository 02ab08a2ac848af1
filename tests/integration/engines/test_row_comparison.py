"""A copy is compared by what its rows mean, not by how their types write them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.edges.engines.row_comparison import (
    NotLocked,
    RowComparison,
    RowsAreEqual,
    RowsDiffer,
    StillReading,
)
from reconciler.edges.mysql.session_settings import session_variables
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.edges.mysql.target import resolve
from reconciler.edges.server.process import RunningServer
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import ROOT, SERVERS, admin_cursor, connection_to
from tests.waiting import PATIENCE_S

LOCK = "SELECT GET_LOCK('compared by a test', 0)"
# Type before, type after, values: the copy holds the same.
KEPT: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("int", "bigint", ("1", "-2", "NULL")),
    ("int unsigned", "decimal(20,4)", ("1", "4294967295")),
    ("tinyint(1)", "int", ("0", "1")),
    ("decimal(10,2)", "decimal(14,6)", ("1.50", "-0.01", "0")),
    ("float", "double", ("1.5", "0.1", "-3e10")),
    ("datetime", "datetime(6)", ("'2020-02-29 01:02:03'", "NULL")),
    ("date", "datetime", ("'2020-02-29'",)),
    ("timestamp NULL", "datetime", ("'2020-02-29 01:02:03'",)),
    ("time", "time(3)", ("'-12:30:00'", "'838:59:59'")),
    ("year", "int", ("2020",)),
    ("bit(8)", "bit(16)", ("b'101'", "b'11111111'")),
    ("varchar(9) CHARACTER SET latin1", "varchar(20) CHARACTER SET utf8mb4", ("'grün'", "''")),
    ("text COLLATE utf8mb4_bin", "longtext COLLATE utf8mb4_general_ci", ("'a '", "'A'", "'😀'")),
    ("enum('a','b')", "enum('z','a','b')", ("'a'", "'b'", "NULL")),
    ("set('a','b')", "set('a','b','c')", ("'a'", "'a,b'", "''")),
    ("varbinary(10)", "longblob", ("x'00ff'", "''", "NULL")),
    ("json", "json", ("""'{"a": [1, 2.50, null]}'""", "NULL")),
    ("point", "point", ("POINT(1, 2)", "NULL")),
)
# What the copy holds instead of the first value.
LOST = (
    ("varchar(10)", "varchar(2)", "'abc'", "'ab'"),
    ("varchar(10)", "varchar(10)", "NULL", "''"),
    ("varchar(10)", "varchar(10)", "'a'", "'A'"),
    ("varchar(10)", "varchar(10)", "'a'", "'a '"),
    ("int", "tinyint", "1000", "127"),
    ("int", "int", "NULL", "0"),
    ("decimal(10,3)", "decimal(10,2)", "1.005", "1.01"),
    ("double", "float", "0.1", "0.1"),
    ("datetime(6)", "datetime", "'2020-01-01 00:00:00.4'", "'2020-01-01 00:00:00'"),
    ("varbinary(10)", "varbinary(10)", "x'00'", "x'0000'"),
    ("json", "json", "'[1, 2]'", "'[2, 1]'"),
)


@contextmanager
def comparing(
    server: RunningServer, database: str, rows_at_once: int = 1_000
) -> Iterator[RowComparison]:
    connection = connection_to(server, database)
    target = resolve(connection, environ={}, root=ROOT, shard="-40")
    shard = ShardLink(target)
    try:
        settings = session_variables(shard.server.settings)
        comparison = RowComparison(
            target, settings, table="t", copy="copy", lock=LOCK, rows_at_once=rows_at_once
        )
    finally:
        shard.close()
    try:
        yield comparison
    finally:
        comparison.close()


def compared(
    server: RunningServer, database: str, rows_at_once: int = 1_000
) -> RowsAreEqual | RowsDiffer:
    give_up_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s:
        try:
            with comparing(server, database, rows_at_once) as comparison:
                while isinstance(answer := comparison.look(), StillReading):
                    pass
                return answer
        except NotLocked:
            time.sleep(0.02)  # the server has not let go of the one before
    raise AssertionError("it never lets go of the lock")


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> RunningServer:
    found: RunningServer = request.getfixturevalue(request.param)
    return found


def made(server: RunningServer, database: str, *statements: str) -> None:
    with admin_cursor(server, database) as cursor:
        for statement in ("SET time_zone = '+00:00'", *statements):
            cursor.execute(statement)
        cursor.connection.commit()


@pytest.mark.invariant("EN-40")
def test_values_that_are_kept_are_equal(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    """All of them side by side: whatever a column holds, the other's are not in its way."""
    database = fresh_database(server)
    before = ", ".join(f"c{n} {kind}" for n, (kind, _, _) in enumerate(KEPT))
    after = ", ".join(f"c{n} {kind}" for n, (_, kind, _) in enumerate(KEPT))
    rows = [
        f"INSERT INTO t (c{number}) VALUES ({value})"
        for number, (_, _, values) in enumerate(KEPT)
        for value in values
    ]
    columns = ", ".join(["id", *(f"c{n}" for n in range(len(KEPT)))])
    made(
        server,
        database,
        f"CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, {before}, gone int)",
        f"CREATE TABLE copy (id bigint PRIMARY KEY, {after}, new int DEFAULT 5)",
        *rows,
        f"INSERT INTO copy ({columns}) SELECT {columns} FROM t",
    )
    assert compared(server, database) == RowsAreEqual()


@pytest.mark.invariant("EN-40")
@pytest.mark.parametrize(
    ("before", "after", "value", "copied"), LOST, ids=[f"{b} {v}" for b, _, v, _ in LOST]
)
def test_a_value_that_is_not_kept_is_seen(
    server: RunningServer,
    fresh_database: FreshDatabase,
    before: str,
    after: str,
    value: str,
    copied: str,
) -> None:
    database = fresh_database(server)
    made(
        server,
        database,
        f"CREATE TABLE t (id int PRIMARY KEY, c {before})",
        f"CREATE TABLE copy (id int PRIMARY KEY, c {after})",
        f"INSERT INTO t VALUES (1, {value}), (2, NULL)",
        f"INSERT INTO copy VALUES (1, {copied}), (2, NULL)",
    )
    assert compared(server, database) == RowsDiffer(of_table=2, of_copy=2)


@pytest.mark.invariant("EN-40")
def test_rows_that_change_places_are_seen(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    made(
        server,
        database,
        "CREATE TABLE t (id int PRIMARY KEY, c int)",
        "CREATE TABLE copy LIKE t",
        "INSERT INTO t VALUES (1, 5), (2, 6)",
        "INSERT INTO copy VALUES (1, 6), (2, 5)",
    )
    assert isinstance(compared(server, database), RowsDiffer)
    made(server, database, "DELETE FROM copy", "INSERT INTO copy VALUES (1, 5)")
    assert compared(server, database) == RowsDiffer(of_table=2, of_copy=1)
    made(server, database, "DELETE FROM copy", "DELETE FROM t")
    assert compared(server, database) == RowsAreEqual()


@pytest.mark.invariant("EN-40")
@pytest.mark.parametrize("key", ["bigint", "int unsigned", "varchar(20)"])
@pytest.mark.parametrize("rows_at_once", [1, 3, 7, 100])
def test_rows_are_compared_some_at_once(
    server: RunningServer, fresh_database: FreshDatabase, key: str, rows_at_once: int
) -> None:
    """Of an integer key; wherever the one is that differs, it is seen."""
    database = fresh_database(server)
    values = [3, 5, 6, 7, 1000, 1001, 5000, 70_000]
    rows = ", ".join(f"({number}, {number})" for number in values)
    made(
        server,
        database,
        f"CREATE TABLE t (id {key} PRIMARY KEY, c int)",
        "CREATE TABLE copy LIKE t",
        f"INSERT INTO t VALUES {rows}",
        f"INSERT INTO copy VALUES {rows}",
    )
    assert compared(server, database, rows_at_once) == RowsAreEqual()
    for number in values:
        made(server, database, f"UPDATE copy SET c = c + 1 WHERE id = '{number}'")
        assert isinstance(compared(server, database, rows_at_once), RowsDiffer)
        made(server, database, f"UPDATE copy SET c = c - 1 WHERE id = '{number}'")
    for more in (1, 4, 999_999):
        made(server, database, f"INSERT INTO copy VALUES ('{more}', 1)")
        assert isinstance(compared(server, database, rows_at_once), RowsDiffer)
        made(server, database, f"DELETE FROM copy WHERE id = '{more}'")


def test_one_compares_at_a_time(server: RunningServer, fresh_database: FreshDatabase) -> None:
    database = fresh_database(server)
    made(server, database, "CREATE TABLE t (id int PRIMARY KEY)", "CREATE TABLE copy LIKE t")
    with comparing(server, database), pytest.raises(NotLocked), comparing(server, database):
        pass
