"""A server computes the keys that Python computes: one function, in two languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymysql.cursors import Cursor

from reconciler.ddl.read import read_table
from reconciler.edges.mysql.server_settings import parse_version
from reconciler.edges.server.process import RunningServer
from reconciler.errors import Refused
from reconciler.model.key_function import KeyFunctionName
from reconciler.model.server import ServerVersion
from reconciler.reshard.key_functions.function import (
    SIGNED_MAX,
    SIGNED_MIN,
    UNSIGNED_MAX,
    KeyFunction,
    Takes,
    Value,
)
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS, samples
from reconciler.reshard.tables import shard_column_problems
from tests.integration.mysql_edges import admin_cursor

DATABASE, ROUTINE = "key_functions", "`key_functions`.`_key`"
INTEGERS = {
    Takes.INTEGERS: st.integers(SIGNED_MIN, UNSIGNED_MAX),
    Takes.SIGNED: st.integers(SIGNED_MIN, SIGNED_MAX),
    Takes.NOT_NEGATIVE: st.integers(0, UNSIGNED_MAX),
}

Asks = Callable[[Sequence[Value]], list[bytes | None]]


@contextmanager
def asking(server: RunningServer, function: KeyFunction) -> Iterator[Asks]:
    """Keys of values that stand in columns, as they do on a shard."""
    with admin_cursor(server) as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES', NAMES utf8mb4")
        cursor.execute(
            f"CREATE TABLE {DATABASE}.t (id int AUTO_INCREMENT PRIMARY KEY, s bigint,"
            " u bigint unsigned, b varbinary(4000))"
        )
        if function.routine is not None:
            cursor.execute(function.routine(ROUTINE))
        try:
            yield lambda values: _keys(cursor, function, values)
        finally:
            cursor.execute(f"DROP DATABASE {DATABASE}")


def _keys(cursor: Cursor, function: KeyFunction, values: Sequence[Value]) -> list[bytes | None]:
    cursor.execute(f"TRUNCATE {DATABASE}.t")
    columns = [_column(value) for value in values]
    for column in sorted(set(columns)):
        rows = [
            (number, value)
            for number, (value, own) in enumerate(zip(values, columns, strict=True), 1)
            if own == column
        ]
        cursor.executemany(f"INSERT INTO {DATABASE}.t (id, {column}) VALUES (%s, %s)", rows)
    found: dict[int, bytes | None] = {}
    for column in sorted(set(columns)):
        cursor.execute(
            f"SELECT id, HEX({function.sql(f't.`{column}`', ROUTINE)}) FROM {DATABASE}.t AS t"
            f" WHERE `{column}` IS NOT NULL"
        )
        for number, key in cursor.fetchall():
            found[number] = None if key is None else bytes.fromhex(key)
    return [found[number] for number in range(1, len(values) + 1)]


def _column(value: Value) -> str:
    if isinstance(value, int):
        return "s" if value <= SIGNED_MAX else "u"
    return "b"


@pytest.mark.invariant("SP-6")
@pytest.mark.parametrize("name", KeyFunctionName)
def test_a_server_computes_the_keys_that_python_computes(
    server: RunningServer, name: KeyFunctionName
) -> None:
    function = KEY_FUNCTIONS[name]
    sample = samples(function)
    values = INTEGERS.get(function.takes, st.integers() | st.binary(max_size=120))

    with asking(server, function) as keys:
        assert keys(sample) == list(function.keys(sample))

        @settings(max_examples=10, deadline=None)
        @given(st.lists(values.filter(_fits), min_size=1, max_size=50))
        def alike(chosen: list[Value]) -> None:
            assert keys(chosen) == list(function.keys(chosen))

        alike()


def _fits(value: Value) -> bool:
    return not isinstance(value, int) or SIGNED_MIN <= value <= UNSIGNED_MAX


@pytest.mark.invariant("SP-7")
@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("numeric", "s", -1),
        ("reverse_bits", "s", SIGNED_MIN),
        ("range_int", "u", SIGNED_MAX + 1),
        *((name, "s", None) for name in KeyFunctionName),
        ("binary", "b", None),
    ],
)
def test_a_server_has_no_key_for_what_python_refuses(
    mysql_server: RunningServer, name: str, column: str, value: Value
) -> None:
    function = KEY_FUNCTIONS[KeyFunctionName(name)]
    with asking(mysql_server, function) as keys:
        assert keys([1]) != [None]
        with admin_cursor(mysql_server, DATABASE) as cursor:
            cursor.execute(f"UPDATE t SET s = NULL, u = NULL, b = NULL, {column} = %s", (value,))
            cursor.execute(f"SELECT {function.sql(f't.{column}', ROUTINE)} FROM t")
            assert cursor.fetchone() == (None,)


COLUMNS = {
    "tiny": ("tinyint NOT NULL", (-128, 0, 127)),
    "wide": ("bigint NOT NULL", (SIGNED_MIN, -1, SIGNED_MAX)),
    "counter": ("bigint unsigned NOT NULL", (0, SIGNED_MAX + 1, UNSIGNED_MAX)),
    "padded": ("int(8) unsigned zerofill NOT NULL", (0, 42, 12_345_678)),
    "name": ("varchar(20) COLLATE utf8mb4_bin NOT NULL", ("", "zażółć 🐬", "x  ")),
    "fixed": ("char(20) COLLATE utf8mb4_bin NOT NULL", ("", "é", "x  ")),
    "raw": ("varbinary(20) NOT NULL", (b"", b"\0\xff'", b"x  ")),
    "code": ("binary(4) NOT NULL", (b"", b"abcd", b"\xff")),
    "body": ("longtext COLLATE utf8mb4_bin NOT NULL", ("", "1", "long " * 100)),
}


@pytest.mark.invariant("SP-6")
def test_what_is_read_of_a_row_has_the_key_that_its_server_computes(server: RunningServer) -> None:
    """As it is read to be copied: the bytes as they are stored, in no character set."""
    taken = []
    with admin_cursor(server) as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE} DEFAULT CHARACTER SET utf8mb4")
        cursor.execute(f"USE {DATABASE}")
        columns = ", ".join(f"`{name}` {definition}" for name, (definition, _) in COLUMNS.items())
        cursor.execute(f"CREATE TABLE t (id int PRIMARY KEY, {columns})")
        marks = ", ".join(["%s"] * (1 + len(COLUMNS)))
        for number in range(3):
            values = [choices[number] for _, choices in COLUMNS.values()]
            cursor.execute(f"INSERT INTO t VALUES ({marks})", [number, *values])
        cursor.execute("SHOW CREATE TABLE t")
        table = read_table(cursor.fetchall()[0][1], _version(cursor))
        for function in KEY_FUNCTIONS.values():
            if function.routine is not None:
                cursor.execute(function.routine(ROUTINE))
            for name in COLUMNS:
                if any(shard_column_problems(table, name, function)):
                    continue
                taken.append((function.name, name))
                expected = _all(cursor, f"HEX({function.sql(f't.`{name}`', ROUTINE)})", "utf8mb4")
                for value, key in zip(_all(cursor, f"`{name}`", "binary"), expected, strict=True):
                    assert _key_of(function, value) == (key and bytes.fromhex(key.decode()))
            if function.routine is not None:
                cursor.execute(f"DROP FUNCTION {ROUTINE}")
        cursor.execute(f"DROP DATABASE {DATABASE}")
    assert len(taken) == 39
    assert (KeyFunctionName.XXHASH, "padded") not in taken


def _key_of(function: KeyFunction, value: bytes) -> bytes | None:
    try:
        return function.key(value)
    except Refused:
        return None


def _all(cursor: Cursor, expression: str, charset: str) -> list[bytes]:
    """As the server sends it, unread."""
    connection = cursor.connection
    decoders, connection.decoders = connection.decoders, {}
    connection.use_unicode = False
    cursor.execute(f"SET NAMES {charset}")
    cursor.execute(f"SELECT {expression} FROM t ORDER BY id")
    found = [value for (value,) in cursor.fetchall()]
    connection.decoders, connection.use_unicode = decoders, True
    return found


def _version(cursor: Cursor) -> ServerVersion:
    cursor.execute("SELECT VERSION()")
    [(text,)] = cursor.fetchall()
    found = parse_version(text)
    assert found is not None
    return found
