"""The server's own DDL, where it copies a table while that is written to (MariaDB from 11.2 on)."""

from __future__ import annotations

from functools import partial

import pytest

from reconciler.edges.server.process import RunningServer
from tests.connections import admin_connection
from tests.fleet import Fleet
from tests.integration.engines.test_job import FleetOf, choose, fleet_of, planned
from tests.integration.mysql_edges import admin_cursor
from tests.integration.rollouts import applying
from tests.integration.writer import Writer
from tests.waiting import PATIENCE_S

__all__ = ["fleet_of"]

SHARD = "-80"
ROWS = 300_000  # some seconds' work for a server
FIRST = 1_000_000


@pytest.mark.invariant("EN-13")
def test_a_rebuild_by_the_server_itself_lets_rows_be_written(
    mariadb_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mariadb_server)
    fleet.sql(SHARD, f"INSERT INTO items SELECT {FIRST} + seq, seq FROM seq_1_to_{ROWS}")
    choose(fleet, {"default": "direct"})
    assert "ALGORITHM=COPY, LOCK=NONE" in planned(fleet)
    database = fleet.databases[SHARD][1]
    connect = partial(admin_connection, mariadb_server)
    with (
        Writer(connect, database, "items", columns={"a": int}, rows=rows_of(fleet)) as writer,
        applying(fleet) as process,
    ):
        written = []
        while process.poll() is None:
            if is_copying(mariadb_server, database):
                written.append(writer.written)
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, said
    assert written, "the copy was not seen"
    assert written[-1] - written[0] > 2, "writers waited for it"
    assert writer.errors == []
    assert rows_of(fleet) == writer.rows
    assert "`a` bigint" in fleet.definitions(SHARD)["items"]


def is_copying(server: RunningServer, database: str) -> bool:
    with admin_cursor(server) as cursor:
        cursor.execute(
            "SELECT 1 FROM information_schema.PROCESSLIST"
            " WHERE DB = %s AND INFO LIKE 'ALTER TABLE%%' AND STATE LIKE 'copy to tmp table%%'",
            [database],
        )
        return cursor.fetchone() is not None


def rows_of(fleet: Fleet) -> dict[int, tuple[object, ...]]:
    return {int(n): (a,) for n, a in fleet.sql(SHARD, "SELECT id, a FROM items")}
