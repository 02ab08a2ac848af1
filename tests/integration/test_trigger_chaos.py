"""A process that swaps a trigger is killed at any moment while writers run: no row goes into the
table without its trigger, and no writer waits longer than the bound."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time

import pymysql
import pytest

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.mysql.limits import SWAP_SILENT_S_MAX
from reconciler.edges.server.process import RunningServer
from tests.connections import admin_connection
from tests.integration.proving import bench_on
from tests.integration.trigger_swaps import BODIES, LOCK_WAIT_S
from tests.waiting import until

KILLS = 5
WRITERS = 3
BOUND_S = LOCK_WAIT_S + SWAP_SILENT_S_MAX
SETUP = (
    "CREATE TABLE t (id bigint PRIMARY KEY AUTO_INCREMENT, a int)",
    "CREATE TABLE audit (id bigint PRIMARY KEY AUTO_INCREMENT, row_id bigint, what varchar(9))",
    f"CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW {BODIES[0]}",
)


class Writer(threading.Thread):
    def __init__(self, server: RunningServer, database: str, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self._connection = admin_connection(server, database)
        self._over = over
        self.rows = 0
        self.longest_s = 0.0
        self.failed: pymysql.Error | None = None

    def run(self) -> None:
        with self._connection, self._connection.cursor() as cursor:
            while not self._over.is_set():
                began_s = time.monotonic()
                try:
                    cursor.execute("INSERT INTO t (a) VALUES (1)")
                except pymysql.Error as error:
                    self.failed = error
                    return
                self.rows += 1
                self.longest_s = max(self.longest_s, time.monotonic() - began_s)


@pytest.mark.invariant("PG-24")
def test_no_write_goes_by_a_table_without_its_trigger(mysql_server: RunningServer) -> None:
    chance = random.Random(20)
    over = threading.Event()
    with bench_on(mysql_server) as bench, bench.database(SETUP) as database:
        writers = [Writer(mysql_server, database, over) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        try:
            for _ in range(KILLS):
                _swap_and_kill(mysql_server, database, chance.uniform(0.0, 0.3))
        finally:
            over.set()
            for writer in writers:
                writer.join()
        assert [writer.failed for writer in writers] == [None] * WRITERS
        assert max(writer.longest_s for writer in writers) < BOUND_S
        until(lambda: _has_trigger(mysql_server, database), "the trigger of the last swap")
        bench.execute(f"USE {quote_identifier(database)}")
        with bench.connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*), (SELECT COUNT(*) FROM audit) FROM t")
            ((rows, audited),) = cursor.fetchall()
            cursor.execute("SELECT COUNT(DISTINCT what) FROM audit")
            ((bodies,),) = cursor.fetchall()
    assert rows == audited == sum(writer.rows for writer in writers)
    assert bodies == len(BODIES), "it was swapped"


def _swap_and_kill(server: RunningServer, database: str, after_s: float) -> None:
    told = {
        "host": server.host,
        "port": server.port,
        "user": server.admin.user,
        "password": server.admin.password,
        "database": database,
        "definer": f"`{server.admin.user}`@`127.0.0.1`",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.trigger_swaps", json.dumps(told)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        process.kill()


def _has_trigger(server: RunningServer, database: str) -> bool:
    with admin_connection(server, database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"
        )
        return cursor.fetchone() == (1,)
