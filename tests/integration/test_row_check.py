"""A table's rows and its copy's, compared on real servers: what a copy lost, changed or never
followed, and what is no difference."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from pymysql.cursors import Cursor

from reconciler.edges.mysql import row_check
from reconciler.edges.server.process import RunningServer
from reconciler.model.policy import Hazard, HazardKind
from reconciler.ports.shards import RowsAlike, RowsChecked, RowsDiffer, RowsNotCompared
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    SERVERS,
    admin_cursor,
    connection_to,
    planned,
    sessions,
    shard,
)

ROWS = 2_500


@dataclass(frozen=True)
class Place:
    server: RunningServer
    database: str

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        with admin_cursor(self.server, self.database) as cursor:
            yield cursor

    def run(self, *statements: str) -> None:
        with self.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def compared(self, *hazards: Hazard) -> RowsChecked:
        statement = replace(planned("ALTER TABLE `t` ADD COLUMN `x` int"), hazards=hazards)
        with sessions().open(shard(connection_to(self.server, self.database))) as session:
            return session.compare_rows(statement, "_t_gho")


@pytest.fixture(params=SERVERS)
def place(
    request: pytest.FixtureRequest, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> Place:
    monkeypatch.setattr(row_check, "ROWS_PER_STRETCH", 700)
    monkeypatch.setattr(row_check, "ROWS_LOOK_AGAIN_S", (0.05, 0.1, 0.2, 0.4))
    server: RunningServer = request.getfixturevalue(request.param)
    return Place(server, fresh_database(server))


_TENS = " UNION ALL ".join(f"SELECT {n} n" for n in range(10))
_NUMBERS = (
    f"SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n i FROM ({_TENS}) a, ({_TENS}) b, ({_TENS}) c,"
    f" ({_TENS}) d HAVING i < {ROWS}"
)


def both(place: Place, table: str, copy: str, values: str) -> None:
    """`t` and a copy of it with the same rows; `i` counts."""
    place.run(
        f"CREATE TABLE t ({table}) ENGINE=InnoDB",
        f"CREATE TABLE _t_gho ({copy}) ENGINE=InnoDB",
        f"INSERT INTO t SELECT {values} FROM ({_NUMBERS}) numbers",
        "INSERT INTO _t_gho SELECT * FROM t",
    )


def plain(place: Place) -> None:
    columns = "id int PRIMARY KEY, name varchar(30)"
    both(place, columns, columns, "i, CONCAT('n', i)")


@pytest.mark.invariant("EN-7")
def test_equal_rows_are_alike_and_counted(place: Place) -> None:
    plain(place)
    assert place.compared() == RowsAlike(compared=ROWS)
    place.run("DELETE FROM t", "DELETE FROM _t_gho")
    assert place.compared() == RowsAlike(compared=0)


@pytest.mark.invariant("EN-7")
def test_rows_that_are_lost_added_or_others_are_told_apart(place: Place) -> None:
    plain(place)
    place.run(
        "DELETE FROM _t_gho WHERE id IN (3, 699, 2499)",
        "UPDATE _t_gho SET name = UPPER(name) WHERE id = 701",
        "UPDATE _t_gho SET name = NULL WHERE id = 702",
        "INSERT INTO _t_gho VALUES (-1, 'x'), (99999, 'x')",
    )
    assert place.compared() == RowsDiffer(compared=ROWS, differing=2, missing=3, extra=2)


@pytest.mark.invariant("EN-7")
def test_a_row_that_a_new_unique_key_took_is_missing(place: Place) -> None:
    place.run(
        "CREATE TABLE t (id int PRIMARY KEY, mail varchar(30))",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'a')",
        "CREATE TABLE _t_gho (id int PRIMARY KEY, mail varchar(30), UNIQUE KEY (mail))",
        "INSERT IGNORE INTO _t_gho SELECT * FROM t",
    )
    assert place.compared() == RowsDiffer(compared=3, differing=0, missing=1, extra=0)


@pytest.mark.invariant("EN-7")
def test_a_value_that_was_cut_differs_though_its_narrowing_was_reviewed(place: Place) -> None:
    place.run(
        "CREATE TABLE t (id int PRIMARY KEY, name varchar(30))",
        "INSERT INTO t VALUES (1, 'short'), (2, 'much too long')",
        "CREATE TABLE _t_gho (id int PRIMARY KEY, name varchar(5))",
        "INSERT INTO _t_gho SELECT id, LEFT(name, 5) FROM t",
    )
    narrowed = Hazard(kind=HazardKind.NARROW_TYPE, object="name", needs_permission=True)
    assert place.compared(narrowed) == RowsDiffer(compared=2, differing=1, missing=0, extra=0)


@pytest.mark.invariant("EN-7")
def test_what_is_meant_to_get_other_values_is_left_out_and_told(place: Place) -> None:
    place.run(
        "CREATE TABLE t (id int PRIMARY KEY, price decimal(10,4), mood int,"
        " twice int AS (id * 2) VIRTUAL)",
        "INSERT INTO t (id, price, mood) VALUES (1, 1.2345, 1), (2, 1.5, 2)",
        "CREATE TABLE _t_gho (id int PRIMARY KEY, price decimal(10,2), mood int,"
        " twice int AS (id * 3) VIRTUAL)",
        "INSERT INTO _t_gho (id, price, mood) SELECT id, price, mood + 1 FROM t",
    )
    hazards = (
        Hazard(kind=HazardKind.NARROW_TYPE, object="price", needs_permission=True),
        Hazard(kind=HazardKind.CHANGE_VALUES, object="mood", needs_permission=True),
    )
    left_out = ("price (is rounded)", "mood (gets other values)", "twice (computed)")
    assert place.compared(*hazards) == RowsAlike(compared=2, left_out=left_out)
    assert isinstance(place.compared(), RowsDiffer)


# As a table may be, and as a change may leave it: the same rows, told by other types.
CHANGES = {
    "wider": (
        "a int, b varchar(9), c int, PRIMARY KEY (b, a)",
        "a bigint, b varchar(90), c bigint unsigned, PRIMARY KEY (b, a)",
        "i, CONCAT('k', i MOD 7), i",
    ),
    "characters": (
        "a varchar(20) CHARACTER SET latin1 PRIMARY KEY, b text CHARACTER SET latin1",
        (
            "a varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,"
            " b longtext CHARACTER SET utf8mb4"
        ),
        "CONCAT('ö', i), IF(i MOD 5 = 0, NULL, 'größe')",
    ),
    "order of members": (
        "id int PRIMARY KEY, e enum('a','b'), s set('x','y'), b bit(9), y year",
        "id int PRIMARY KEY, e enum('b','a'), s set('x','y','z'), b bit(10), y year",
        "i, ELT(1 + i MOD 2, 'a', 'b'), 'x,y', 5, 2001",
    ),
    "another key": (
        "id int PRIMARY KEY, k bigint NOT NULL, t datetime(6), UNIQUE KEY (k)",
        "id int, k bigint NOT NULL PRIMARY KEY, t datetime(6)",
        "i, i * 3, '2026-01-01 00:00:00.5'",
    ),
    "bytes": (
        "id varbinary(16) PRIMARY KEY, j json, g geometry, d double, bl blob",
        "id varbinary(16) PRIMARY KEY, g geometry, j json, d double, bl mediumblob",
        "UNHEX(LPAD(HEX(i), 16, '0')), '{\"a\": [1]}', ST_GeomFromText('POINT(1 2)'), 0.1, 0xff00",
    ),
    "times": (
        (
            "at datetime(3) NOT NULL, n decimal(9,3) NOT NULL, f float, ts timestamp NULL,"
            " PRIMARY KEY (at, n)"
        ),
        (
            "at datetime(6) NOT NULL, n decimal(12,3) NOT NULL, f double, ts datetime NULL,"
            " PRIMARY KEY (at, n)"
        ),
        "TIMESTAMPADD(SECOND, i, '2026-01-01 00:00:00.123'), i + 0.125, 0.1, '2026-01-01'",
    ),
}


@pytest.mark.invariant("EN-7")
@pytest.mark.parametrize("change", CHANGES)
def test_a_type_that_holds_the_same_is_no_difference_and_a_lost_row_is(
    place: Place, change: str
) -> None:
    table, copy, values = CHANGES[change]
    names = "id, j, g, d, bl" if change == "bytes" else "*"
    place.run(
        f"CREATE TABLE t ({table})",
        f"CREATE TABLE _t_gho ({copy})",
        f"INSERT INTO t SELECT {values} FROM ({_NUMBERS}) numbers",
        f"INSERT INTO _t_gho {'' if names == '*' else f'({names})'} SELECT {names} FROM t",
    )
    assert place.compared() == RowsAlike(compared=ROWS)
    place.run("DELETE FROM _t_gho LIMIT 2")
    assert place.compared() == RowsDiffer(compared=ROWS, differing=0, missing=2, extra=0)


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
    ("text", "text", "'a'", "'á'"),
    ("varchar(10) CHARACTER SET latin1", "varchar(10) CHARACTER SET latin1", "'a'", "'a '"),
    ("varchar(10) CHARACTER SET latin1", "varchar(10)", "'a'", "'A'"),
    ("enum('a','b')", "enum('a','b')", "'a'", "'b'"),
    ("int", "tinyint", "1000", "127"),
    ("int", "int", "NULL", "0"),
    ("decimal(10,3)", "decimal(10,2)", "1.005", "1.01"),
    ("double", "float", "0.1", "0.1"),
    ("datetime(6)", "datetime", "'2020-01-01 00:00:00.4'", "'2020-01-01 00:00:00'"),
    ("varbinary(10)", "varbinary(10)", "x'00'", "x'0000'"),
    ("json", "json", "'[1, 2]'", "'[2, 1]'"),
)


@pytest.mark.invariant("EN-7")
def test_values_that_are_kept_are_alike(place: Place) -> None:
    """All of them side by side: whatever a column holds, the other's are not in its way."""
    before = ", ".join(f"c{n} {kind}" for n, (kind, _, _) in enumerate(KEPT))
    after = ", ".join(f"c{n} {kind}" for n, (_, kind, _) in enumerate(KEPT))
    rows = [
        f"INSERT INTO t (c{number}) VALUES ({value})"
        for number, (_, _, values) in enumerate(KEPT)
        for value in values
    ]
    columns = ", ".join(["id", *(f"c{n}" for n in range(len(KEPT)))])
    place.run(
        "SET time_zone = '+00:00'",
        f"CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, {before}, gone int)",
        f"CREATE TABLE _t_gho (id bigint PRIMARY KEY, {after}, new int DEFAULT 5)",
        *rows,
        f"INSERT INTO _t_gho ({columns}) SELECT {columns} FROM t",
    )
    assert place.compared() == RowsAlike(compared=len(rows))


@pytest.mark.invariant("EN-7")
@pytest.mark.parametrize(
    ("before", "after", "value", "copied"), LOST, ids=[f"{b} {v}" for b, _, v, _ in LOST]
)
def test_a_value_that_is_not_kept_differs(
    place: Place, before: str, after: str, value: str, copied: str
) -> None:
    place.run(
        f"CREATE TABLE t (id int PRIMARY KEY, c {before})",
        f"CREATE TABLE _t_gho (id int PRIMARY KEY, c {after})",
        f"INSERT INTO t VALUES (1, {value}), (2, NULL)",
        f"INSERT INTO _t_gho VALUES (1, {copied}), (2, NULL)",
    )
    assert place.compared() == RowsDiffer(compared=2, differing=1, missing=0, extra=0)


@pytest.mark.invariant("EN-7")
@pytest.mark.parametrize("kind", ["utf8mb4", "latin1"])
def test_a_key_that_is_the_same_but_for_its_bytes_differs(place: Place, kind: str) -> None:
    place.run(
        f"CREATE TABLE t (id varchar(9) CHARACTER SET {kind} PRIMARY KEY, c int)",
        "CREATE TABLE _t_gho LIKE t",
        "INSERT INTO t VALUES ('a', 1), ('b', 2)",
        "INSERT INTO _t_gho VALUES ('A', 1), ('b', 2)",
    )
    assert place.compared() == RowsDiffer(compared=2, differing=1, missing=0, extra=0)


@pytest.mark.invariant("EN-7")
def test_rows_that_change_places_differ(place: Place) -> None:
    place.run(
        "CREATE TABLE t (id int PRIMARY KEY, c int)",
        "CREATE TABLE _t_gho LIKE t",
        "INSERT INTO t VALUES (1, 5), (2, 6)",
        "INSERT INTO _t_gho VALUES (1, 6), (2, 5)",
    )
    assert place.compared() == RowsDiffer(compared=2, differing=2, missing=0, extra=0)


@pytest.mark.invariant("EN-7")
@pytest.mark.parametrize("key", ["bigint", "int unsigned", "varchar(20)"])
@pytest.mark.parametrize("rows", [1, 3, 7, 100])
def test_wherever_a_row_differs_it_is_seen(
    place: Place, monkeypatch: pytest.MonkeyPatch, key: str, rows: int
) -> None:
    monkeypatch.setattr(row_check, "ROWS_PER_STRETCH", rows)
    monkeypatch.setattr(row_check, "ROWS_LOOK_AGAIN_S", ())
    values = [3, 5, 6, 7, 1000, 1001, 5000, 70_000]
    both = ", ".join(f"({number}, {number})" for number in values)
    place.run(
        f"CREATE TABLE t (id {key} PRIMARY KEY, c int)",
        "CREATE TABLE _t_gho LIKE t",
        f"INSERT INTO t VALUES {both}",
        f"INSERT INTO _t_gho VALUES {both}",
    )
    assert place.compared() == RowsAlike(compared=len(values))
    for number in values:
        place.run(f"UPDATE _t_gho SET c = c + 1 WHERE id = '{number}'")
        assert isinstance(place.compared(), RowsDiffer)
        place.run(f"UPDATE _t_gho SET c = c - 1 WHERE id = '{number}'")
    for more in (1, 4, 999_999):
        place.run(f"INSERT INTO _t_gho VALUES ('{more}', 1)")
        assert isinstance(place.compared(), RowsDiffer)
        place.run(f"DELETE FROM _t_gho WHERE id = '{more}'")


@pytest.mark.invariant("EN-7")
@pytest.mark.parametrize(
    "columns",
    ["id int, name int", "id int, name int, UNIQUE KEY (id)", "e enum('b','a') PRIMARY KEY, n int"],
)
def test_rows_that_cannot_be_told_apart_are_said_to_be_so(place: Place, columns: str) -> None:
    place.run(f"CREATE TABLE t ({columns})", f"CREATE TABLE _t_gho ({columns})")
    assert isinstance(place.compared(), RowsNotCompared)
    place.run("DROP TABLE _t_gho")
    found = place.compared()
    assert isinstance(found, RowsNotCompared)
    assert "no table `_t_gho`" in found.reason


@pytest.mark.invariant("EN-7")
def test_a_copy_that_follows_a_moment_later_is_alike_while_somebody_writes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A moment is as long as a busy machine makes it: it is looked again for longer then."""
    monkeypatch.setattr(row_check, "ROWS_LOOK_AGAIN_S", (0.05, 0.1, 0.4, 1.5, 5.0, 20.0, 60.0))
    plain(place)
    place.run("CREATE TABLE hot (n int)")
    over = threading.Event()

    def write() -> None:
        with place.cursor() as first, place.cursor() as second:
            number = 0
            while not over.is_set():
                number += 1
                key = number * 37 % ROWS
                changes = [
                    f"UPDATE {{}} SET name = 'w{number}' WHERE id = {key}",
                    f"DELETE FROM {{}} WHERE id = {(key + 11) % ROWS}",
                    f"REPLACE INTO {{}} VALUES ({(key + 5) % ROWS}, 'r{number}')",
                    f"UPDATE {{}} SET name = 'h{number}' WHERE id = 0",
                ]
                for change in changes:
                    first.execute(change.format("t"))
                time.sleep(0.01)
                for change in changes:
                    second.execute(change.format("_t_gho"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(2):
            found = place.compared()
            assert isinstance(found, RowsAlike), found
            assert found.compared > ROWS / 2
    finally:
        over.set()
        writer.join()
    monkeypatch.setattr(row_check, "ROWS_LOOK_AGAIN_S", (0.05,))
    place.run("DELETE FROM _t_gho WHERE id = (SELECT MAX(id) FROM t)")
    assert isinstance(place.compared(), RowsDiffer)


@pytest.mark.invariant("EN-7")
def test_a_bound_that_is_reached_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(place)
    monkeypatch.setattr(row_check, "ROWS_COMPARED_MAX", 1_000)
    assert place.compared() == RowsAlike(compared=1_400, is_whole=False)
    monkeypatch.setattr(row_check, "ROWS_COMPARED_S_MAX", 0.0)
    assert place.compared() == RowsAlike(compared=700, is_whole=False)


@pytest.mark.invariant("EN-7")
def test_a_set_in_another_order_is_left_out_and_told(place: Place) -> None:
    place.run(
        "CREATE TABLE t (id int PRIMARY KEY, s set('x','y'))",
        "CREATE TABLE _t_gho (id int PRIMARY KEY, s set('y','x'))",
        "INSERT INTO t VALUES (1, 'x,y')",
        "INSERT INTO _t_gho SELECT * FROM t",
    )
    left_out = ("s (its members are in another order)",)
    assert place.compared() == RowsAlike(compared=1, left_out=left_out)


@pytest.mark.invariant("EN-7")
def test_names_that_need_quotes_are_compared(place: Place) -> None:
    place.run(
        "CREATE TABLE t (`a``b` int, `%s` int, `select` int, PRIMARY KEY (`a``b`, `%s`))",
        "CREATE TABLE _t_gho LIKE t",
        "INSERT INTO t VALUES (1, 2, 3), (1, 3, 4), (2, 1, 1)",
        "INSERT INTO _t_gho SELECT * FROM t",
    )
    assert place.compared() == RowsAlike(compared=3)
