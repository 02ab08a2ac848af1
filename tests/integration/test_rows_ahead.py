"""Rows that are compared with those of a copy while the copy goes on, on real servers: what is
counted once counts until somebody writes, and what was written is seen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from reconciler.edges.mysql import row_check, rows_ahead
from reconciler.edges.server.process import RunningServer
from reconciler.edges.shard_session import MysqlShardSession
from reconciler.ports.shards import RowsAlike, RowsDiffer
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    SERVERS,
    admin_cursor,
    connection_to,
    end_session,
    planned,
    sessions,
    shard,
)
from tests.waiting import PATIENCE_S

ROWS = 2_500
STATEMENT = planned("ALTER TABLE `t` ADD COLUMN `x` int")


@dataclass(frozen=True)
class Place:
    server: RunningServer
    database: str

    def run(self, *statements: str) -> None:
        with admin_cursor(self.server, self.database) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def end_sessions(self) -> None:
        with admin_cursor(self.server, self.database) as cursor:
            cursor.execute(
                "SELECT ID FROM information_schema.PROCESSLIST"
                " WHERE DB = DATABASE() AND ID <> CONNECTION_ID()"
            )
            for (number,) in cursor.fetchall():
                end_session(cursor, number)

    @contextmanager
    def session(self) -> Iterator[MysqlShardSession]:
        with sessions().open(shard(connection_to(self.server, self.database))) as session:
            yield session


@pytest.fixture(params=SERVERS)
def place(
    request: pytest.FixtureRequest, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> Place:
    """A copy that has 2,000 of 2,500 rows, of a table that has rested for long enough. Whoever
    compares more than 600 rows at the end is stopped, and says so."""
    monkeypatch.setattr(rows_ahead, "ROWS_PER_STRETCH_AHEAD", 400)
    monkeypatch.setattr(rows_ahead, "ROWS_REST_S_MIN", 1)
    monkeypatch.setattr(rows_ahead, "ROWS_AHEAD_S_MAX", PATIENCE_S)
    monkeypatch.setattr(row_check, "ROWS_PER_STRETCH", 300)
    monkeypatch.setattr(row_check, "ROWS_COMPARED_MAX", 600)
    monkeypatch.setattr(row_check, "ROWS_LOOK_AGAIN_S", (0.05, 0.1, 0.2))
    monkeypatch.setattr(rows_ahead, "ROWS_LOOK_AGAIN_S", (0.05, 0.1, 0.2))
    server: RunningServer = request.getfixturevalue(request.param)
    place = Place(server, fresh_database(server))
    digits = " UNION ALL ".join(f"SELECT {n} n" for n in range(10))
    place.run(
        "CREATE TABLE t (id int PRIMARY KEY, name varchar(30)) ENGINE=InnoDB",
        "CREATE TABLE _t_gho LIKE t",
        "INSERT INTO t SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n i, 'x' FROM"
        f" ({digits}) a, ({digits}) b, ({digits}) c, ({digits}) d HAVING i < {ROWS}",
        "INSERT INTO _t_gho SELECT * FROM t WHERE id < 2000",
    )
    rests(place)
    return place


def rests(place: Place) -> None:
    """Until the table was not written for some seconds: servers tell the second."""
    time.sleep(2.1)


def go_ahead(session: MysqlShardSession, copied: int | None = 2_000, times: int = 1) -> None:
    for _ in range(times):
        session.compare_ahead(STATEMENT, "_t_gho", copied=copied, behind_s=0)


def completed(place: Place) -> None:
    place.run("INSERT IGNORE INTO _t_gho SELECT * FROM t")


@pytest.mark.invariant("EN-50")
def test_rows_that_were_equal_while_nobody_wrote_are_not_read_again(place: Place) -> None:
    with place.session() as session:
        go_ahead(session)
        completed(place)
        assert session.compare_rows(STATEMENT, "_t_gho") == RowsAlike(compared=ROWS)
        # Nothing of it is left for the next time.
        assert session.compare_rows(STATEMENT, "_t_gho") == RowsAlike(compared=600, is_whole=False)


@pytest.mark.invariant("EN-50")
def test_all_of_a_copy_that_waits_is_compared_before_it_is_released(place: Place) -> None:
    completed(place)
    with place.session() as session:
        go_ahead(session, copied=None)
        assert session.compare_rows(STATEMENT, "_t_gho") == RowsAlike(compared=ROWS)


@pytest.mark.invariant("EN-50")
@pytest.mark.parametrize(
    "write",
    [
        "UPDATE t SET name = 'y' WHERE id = 7",
        "DELETE FROM t WHERE id = 7",
        "INSERT INTO t VALUES (-1, 'y')",
    ],
)
def test_a_row_that_is_written_after_it_was_equal_is_compared_again(
    place: Place, write: str
) -> None:
    with place.session() as session:
        go_ahead(session)
        completed(place)
        place.run(write)  # and the copy never follows
        found = session.compare_rows(STATEMENT, "_t_gho")
        assert isinstance(found, RowsDiffer), found


@pytest.mark.invariant("EN-50")
def test_a_copy_that_somebody_writes_to_while_it_waits_is_compared_again(place: Place) -> None:
    completed(place)
    with place.session() as session:
        go_ahead(session, copied=None)
        time.sleep(1.1)  # a server tells the second of a write
        place.run("UPDATE _t_gho SET name = 'y' WHERE id = 7")
        assert isinstance(session.compare_rows(STATEMENT, "_t_gho"), RowsDiffer)


@pytest.mark.invariant("EN-50")
def test_nothing_is_compared_ahead_of_a_table_that_is_written(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    completed(place)
    bounded = RowsAlike(compared=600, is_whole=False)
    with place.session() as session:
        with monkeypatch.context() as patch:  # however long it takes, it has not rested yet
            patch.setattr(rows_ahead, "ROWS_REST_S_MIN", 3_600)
            place.run("UPDATE t SET name = 'x' WHERE id = 7", "INSERT INTO t VALUES (9999, 'x')")
            completed(place)
            go_ahead(session, times=3)
            assert session.compare_rows(STATEMENT, "_t_gho") == bounded
        rests(place)
        session.compare_ahead(STATEMENT, "_t_gho", copied=2_000, behind_s=60)
        assert session.compare_rows(STATEMENT, "_t_gho") == bounded


@pytest.mark.invariant("EN-50")
def test_a_transaction_that_was_open_meanwhile_is_seen_by_its_commit(place: Place) -> None:
    with admin_cursor(place.server, place.database) as cursor, place.session() as session:
        completed(place)
        cursor.execute("BEGIN")
        cursor.execute("UPDATE t SET name = 'y' WHERE id = 7")
        go_ahead(session)
        cursor.execute("COMMIT")
        assert isinstance(session.compare_rows(STATEMENT, "_t_gho"), RowsDiffer)


@pytest.mark.invariant("EN-50")
def test_what_the_copy_does_not_have_is_left_for_the_end_which_tells_it(place: Place) -> None:
    place.run("DELETE FROM _t_gho WHERE id = 500", "UPDATE _t_gho SET name = 'y' WHERE id = 900")
    with place.session() as session:
        go_ahead(session, times=9)
        completed(place)
        place.run("DELETE FROM _t_gho WHERE id = 500")
        found = session.compare_rows(STATEMENT, "_t_gho")
        assert found == RowsDiffer(compared=1_000, differing=1, missing=1, extra=0)


@pytest.mark.invariant("EN-50")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE _t_gho SET name = 'X' WHERE id = 100",
        "UPDATE _t_gho SET name = 'x ' WHERE id = 100",
        "UPDATE _t_gho SET name = NULL WHERE id = 100",
        "DELETE FROM _t_gho WHERE id = 100",
        "INSERT INTO _t_gho VALUES (-1, 'x')",
    ],
)
def test_a_stretch_that_is_not_equal_is_not_behind_it(place: Place, change: str) -> None:
    place.run(change)
    with place.session() as session:
        go_ahead(session)
        completed(place)
        found = session.compare_rows(STATEMENT, "_t_gho")
        is_right_by_now = change.startswith("DELETE")
        assert isinstance(found, RowsAlike if is_right_by_now else RowsDiffer), found
        assert found.compared == 600, "none of it was taken for equal before"


@pytest.mark.invariant("EN-50")
def test_a_lost_connection_begins_again(place: Place) -> None:
    with place.session() as session:
        go_ahead(session)
        place.end_sessions()
        completed(place)
        assert session.compare_rows(STATEMENT, "_t_gho") == RowsAlike(compared=600, is_whole=False)
