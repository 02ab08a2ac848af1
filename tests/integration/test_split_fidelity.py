"""Rows of every type go over to the byte, and every order of a key is walked through once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from reconciler.edges.mysql.split import importing, row_reading
from reconciler.edges.server.process import RunningServer
from reconciler.model.server import Flavor
from reconciler.ports.split_servers import SplitWork
from reconciler.reshard.rows import Digest, Key
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import admin_cursor
from tests.split_stands import SplitStand, done, split_stand, work_for

# Values that a server in strict mode would not take, or that a copy easily changes.
LENIENT = "SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'"
TYPES = {
    "tinyint": ("tinyint", ["-128", "127", "NULL"]),
    "bigint": ("bigint", ["-9223372036854775808", "9223372036854775807"]),
    "unsigned": ("bigint unsigned", ["18446744073709551615", "0"]),
    "decimal": (
        "decimal(65,30)",
        [f"{'9' * 35}.{'9' * 30}", f"-0.{'0' * 29}1"],
    ),
    "float": ("float", ["0.1", "3.4028234e38", "1.17549e-38", "-0.0", "16777217", "1.4e-45"]),
    "float rounded": ("float(7,3)", ["1234.567", "0.001"]),
    "double": ("double", ["0.1", "1.7976931348623157e308", "4.9e-324", "0.30000000000000004"]),
    "bit": ("bit(9)", ["b'100100111'", "b'0'", "NULL"]),
    "bit full": ("bit(64)", [f"b'1{'0' * 62}1'", "b'100111'"]),
    "date": ("date", ["'0000-00-00'", "'2024-00-10'", "'2024-02-31'", "'9999-12-31'"]),
    "datetime": ("datetime(6)", ["'0000-00-00 00:00:00'", "'2024-02-31 01:02:03.000001'"]),
    "timestamp": (
        "timestamp(6) NULL",
        [
            "'0000-00-00 00:00:00'",
            "'1970-01-01 00:00:01'",
            "'2038-01-19 03:14:07.999999'",
            "'2024-03-31 02:30:00'",
            "NULL",
        ],
    ),
    "time": ("time(6)", ["'-838:59:59'", "'838:59:59'", "'-00:00:00.000001'"]),
    "year": ("year", ["'0000'", "'1901'", "'2155'", "'2000'"]),
    "latin1": ("char(10) CHARACTER SET latin1", ["'a  '", "_latin1 x'E9FF80'", "''"]),
    "utf8mb3": ("varchar(10) CHARACTER SET utf8mb3", ["'ü€  '", r"'\\'", r"'\''", "'%_'"]),
    "utf8mb4": ("varchar(10)", ["_utf8mb4 x'F09F9880F09F9880'", r"'a\0b\Z\n'"]),
    "utf16": ("varchar(20) CHARACTER SET utf16", ["_utf8mb4 x'F09F98805C27'", r"'\\x'"]),
    "ucs2": ("text CHARACTER SET ucs2", [r"'x\\y'"]),
    "sjis": ("varchar(20) CHARACTER SET sjis", ["_sjis x'955C'", "_sjis x'835C27'"]),
    "gbk": ("varchar(20) CHARACTER SET gbk", ["_gbk x'BF5C'"]),
    "binary": ("binary(4)", ["'a'", "x'00ff5c27'", "x'00000000'"]),
    "varbinary": ("varbinary(300)", ["x'00ff5c27'", "''"]),
    "blob": ("longblob", ["x'00'", "REPEAT(x'5c', 70000)", "NULL"]),
    "text": ("mediumtext", ["''", "REPEAT('ü', 70000)"]),
    "enum": ("enum('a','','b')", ["'a'", "''", "0", "NULL"]),
    "enum of letters": ("enum('a','ü') CHARACTER SET latin1", ["0", "'ü'"]),
    "set": ("set('a','b','c')", ["''", "'a,c'", "7"]),
    "set full": (
        f"set({','.join(f'{chr(39)}m{n}{chr(39)}' for n in range(64))})",
        ["18446744073709551615", "9223372036854775808"],
    ),
    "json": ("json", [r"""'{"a": [1, 2.5, null, "ü😀\\\\"]}'""", "'null'", r"""'"x"'""", "NULL"]),
    "point": ("point", ["ST_GeomFromText('POINT(1.5 -2)')", "NULL"]),
    "geometry": (
        "geometry",
        [
            "ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')",
            "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')",
            "ST_GeomFromText('POINT(10 20)', 4326)",
        ],
    ),
    "invisible": ("int INVISIBLE", ["5"]),
}
OF_FLAVOR = {
    Flavor.MYSQL: {"vector": ("vector(3)", ["STRING_TO_VECTOR('[1,2.5,-3]')"])},
    Flavor.MARIADB: {
        "uuid": (
            "uuid",
            [
                "'123e4567-e89b-12d3-a456-426655440000'",
                "'61616161-6161-6161-6161-616161616161'",
            ],
        ),
        "inet6": ("inet6", ["'::1'", "'2001:db8::ff00:42:8329'", "'::ffff:1.2.3.4'"]),
        "inet4": ("inet4", ["'1.2.3.4'", "'97.97.97.97'"]),
        "compressed": ("text COMPRESSED", ["REPEAT('a', 1000)"]),
    },
}


@dataclass(frozen=True)
class Made:
    stand: SplitStand
    columns: tuple[str, ...]


def every_type(server: RunningServer, fresh_database: FreshDatabase) -> Made:
    """One table with a column of each type; each row has one value, the others are NULL."""
    types = {**TYPES, **OF_FLAVOR[server.version.flavor]}
    columns = [f"`ü {name}` {sql}" for name, (sql, _) in types.items()]
    definition = (
        "CREATE TABLE `every type` (id bigint PRIMARY KEY, kept varchar(30) GENERATED ALWAYS AS"
        f" (CONCAT('x', id)) STORED, made bigint AS (id + 1) VIRTUAL, {', '.join(columns)})"
        " ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
    )
    stand = split_stand(server, fresh_database, definition)
    work = work_for("every type", shard_by="id")
    with admin_cursor(server, stand.source_database) as cursor:
        cursor.execute(LENIENT)
        number = 0
        for name, (_, values) in types.items():
            for value in values:
                # From 0: it stays 0 where it is an AUTO_INCREMENT's value as well.
                cursor.execute(
                    f"INSERT INTO `every type` (id, `ü {name}`) VALUES ({number}, {value})"
                )
                number += 1
    return Made(replace(stand, work=work), tuple(f"ü {name}" for name in types))


def copied(stand: SplitStand, table: str, *, rows: int) -> tuple[Digest, Digest, list[Key]]:
    """The digests of both ends, and the keys in the order in which they went over."""
    keys: list[Key] = []
    with stand.source() as source, stand.target() as target:
        shape = source.shape(table)
        done(target.claim())
        done(target.make_table(shape, source.definition(table)))
        after: Key | None = None
        for batch in range(1, 1000):
            chunk = source.read_chunk(table, after, rows=rows)
            if chunk.end is None:
                break
            after = chunk.end
            keys += [row.key for row in chunk.rows]
            assert target.take(1, batch, after, shape, replaced=chunk.rows, deleted=()) is None
        return source.digest(table, None, None), target.digest(shape, None, None), keys


@pytest.mark.invariant("SP-34")
def test_every_type_goes_over_to_the_byte(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    made = every_type(server, fresh_database)
    stand = made.stand
    ours, theirs, keys = copied(stand, "every type", rows=7)
    assert ours == theirs
    assert ours.rows == len(keys) == len({*keys})
    for column in made.columns:
        name = f"`{column}`"
        (differing,) = stand.rows(
            f"SELECT COUNT(*) FROM `{stand.source_database}`.`every type` s JOIN"
            f" `{stand.target_database}`.`every type` t USING (id)"
            f" WHERE NOT (HEX(s.{name}) <=> HEX(t.{name})"
            f" AND CAST(s.{name} AS BINARY) <=> CAST(t.{name} AS BINARY))"
        )
        assert differing == (0,), column


@pytest.mark.invariant("SP-34")
def test_a_row_that_differs_in_one_byte_has_another_hash(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    made = every_type(server, fresh_database)
    with made.stand.source() as source:
        before = source.digest("every type", None, None)
        for column, value in (
            ("ü latin1", "'A'"),
            ("ü double", "0.30000000000000007"),
            ("ü enum", "0"),
            ("ü blob", "x'01'"),
            ("ü timestamp", "'2024-03-31 02:30:00.000001'"),
        ):
            made.stand.run(
                "SET SESSION sql_mode = ''",
                f"UPDATE `every type` SET `{column}` = {value}"
                f" WHERE `{column}` IS NOT NULL ORDER BY id LIMIT 1",
            )
            after = source.digest("every type", None, None)
            assert after != before, column
            before = after


KEYS = {
    "text that ignores case": (
        "a varchar(20) CHARACTER SET utf8mb4 NOT NULL, PRIMARY KEY (a)",
        ["'b'", "'A'", "'c'", "'ä_'", "'Z'", "'z1'", "''", r"'\\'", "'%'"],
    ),
    "text of one byte": (
        "a varchar(20) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL, PRIMARY KEY (a)",
        ["'b'", "'A'", "'ß'", "'ö1'", "'o2'", "'z'", "' '"],
    ),
    "two columns": (
        "a varchar(5) CHARACTER SET utf8mb3 NOT NULL, b int NOT NULL, PRIMARY KEY (a, b)",
        ["'x', 2", "'X', 1", "'x', -5", "'y', 0", "'a', 9", "'y', 7"],
    ),
    "three columns": (
        (
            "a int unsigned NOT NULL, b datetime(3) NOT NULL, c varbinary(8) NOT NULL,"
            " PRIMARY KEY (a, b, c)"
        ),
        [
            "1, '2024-01-01', x'00'",
            "1, '2024-01-01', x'ff5c27'",
            "1, '2024-01-01 00:00:00.5', ''",
            "0, '0000-00-00', x'27'",
            "4294967295, '9999-12-31', x'01'",
        ],
    ),
    "enum": ("a enum('z','y','a') NOT NULL, PRIMARY KEY (a)", ["'a'", "'y'", "'z'"]),
    "set": ("a set('z','y') NOT NULL, PRIMARY KEY (a)", ["'z'", "'z,y'", "''", "'y'"]),
    "decimal": (
        "a decimal(30,10) NOT NULL, PRIMARY KEY (a)",
        ["12345678901234567890.0000000001", "12345678901234567890.0000000002", "-1", "0"],
    ),
    "float": ("a float NOT NULL, PRIMARY KEY (a)", ["0.1", "0.2", "-0.3", "1e30", "16777216"]),
    "double": (
        "a double NOT NULL, PRIMARY KEY (a)",
        ["0.1", "0.30000000000000004", "0.3", "-1e-9"],
    ),
    "bit": ("a bit(10) NOT NULL, PRIMARY KEY (a)", ["b'1'", "b'1111111111'", "b'0'", "b'101'"]),
    "unsigned": (
        "a bigint unsigned NOT NULL, PRIMARY KEY (a)",
        ["18446744073709551615", "9223372036854775808", "18446744073709551614", "0"],
    ),
    "timestamp": (
        "a timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), PRIMARY KEY (a)",
        ["'2024-03-31 02:30:00'", "'2024-03-31 02:30:00.000001'", "'1970-01-01 00:00:01'"],
    ),
    "time": ("a time NOT NULL, PRIMARY KEY (a)", ["'-10:00:00'", "'10:00:00'", "'00:00:00'"]),
    "descending": (
        "a int NOT NULL, b int NOT NULL, PRIMARY KEY (a, b DESC)",
        ["1, 1", "1, 2", "2, 5", "2, 4", "0, 0"],
    ),
}


@pytest.mark.invariant("SP-34")
@pytest.mark.parametrize("kind", KEYS)
def test_a_walk_by_chunks_meets_every_key_once(
    server: RunningServer, fresh_database: FreshDatabase, kind: str
) -> None:
    columns, values = KEYS[kind]
    stand = split_stand(server, fresh_database, f"CREATE TABLE t ({columns}) ENGINE=InnoDB")
    with admin_cursor(server, stand.source_database) as cursor:
        cursor.execute(LENIENT)
        for value in values:
            cursor.execute(f"INSERT INTO t VALUES ({value})")
    stand = replace(stand, work=reference("t"))
    ours, theirs, keys = copied(stand, "t", rows=2)
    assert ours == theirs
    assert ours.rows == len(keys) == len({*keys}) == len(values)
    with stand.source() as source:
        assert {row.key for row in source.read_rows("t", keys)} == {*keys}


def reference(*tables: str) -> SplitWork:
    return work_for(*tables, shard_by=None)


@pytest.mark.invariant("SP-33")
def test_a_key_that_changes_its_case_has_one_row(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    """The collation takes both for one key: the tracker has the old spelling, the row the new."""
    stand = split_stand(
        server,
        fresh_database,
        "CREATE TABLE t (a varchar(20) NOT NULL PRIMARY KEY, v int) ENGINE=InnoDB",
    )
    stand.run("INSERT INTO t VALUES ('a', 1)")
    stand = replace(stand, work=reference("t"))
    copied(stand, "t", rows=5)
    with stand.source() as source, stand.target() as target:
        done(source.make_helpers())
        done(source.arm_tracker("t"))
        stand.run("UPDATE t SET a = 'A', v = 2")
        (dirty,) = source.read_queue("t", keys=9)
        rows = source.read_rows("t", [dirty.key])
        assert (dirty.key, [row.key for row in rows]) == ((b"a",), [(b"A",)])
        shape = source.shape("t")
        batch = target.acks()[1].batch + 1
        taken = target.take(1, batch, None, shape, replaced=rows, deleted=[dirty.key])
        assert taken is None
        assert stand.target_rows("SELECT a, v FROM t") == [("A", 2)]


@pytest.mark.invariant("SP-34")
def test_a_zero_stays_a_zero_in_a_counted_column(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    stand = split_stand(server, fresh_database)
    with admin_cursor(server, stand.source_database) as cursor:
        cursor.execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        cursor.execute("INSERT INTO orders (id, customer) VALUES (0, 1), (-5, 2), (9, 3)")
    ours, theirs, keys = copied(stand, "orders", rows=1)
    assert ours == theirs
    assert keys == [(b"-5",), (b"0",), (b"9",)]


def test_large_rows_are_read_few_at_a_time(
    server: RunningServer, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_reading, "CHUNK_BYTES_MAX", 2_500)
    monkeypatch.setattr(importing, "STATEMENT_BYTES_MAX", 1_500)
    stand = split_stand(
        server, fresh_database, "CREATE TABLE t (a int PRIMARY KEY, b longblob) ENGINE=InnoDB"
    )
    stand.run(
        "INSERT INTO t VALUES (1, REPEAT('x', 1000)), (2, REPEAT('x', 1000)), (3, NULL),"
        " (4, REPEAT('x', 9000)), (5, ''), (6, REPEAT('x', 1000))"
    )
    stand = replace(stand, work=reference("t"))
    with stand.source() as source:
        sizes, after = [], None
        while (chunk := source.read_chunk("t", after, rows=4)).end is not None:
            sizes.append(len(chunk.rows))
            after = chunk.end
    assert sizes == [3, 1, 2]
    ours, theirs, keys = copied(stand, "t", rows=4)
    assert ours == theirs
    assert len(keys) == 6
