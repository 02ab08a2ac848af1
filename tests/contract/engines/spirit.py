"""Spirit. What makes it slow is somebody who reads the table: it compares rows under its lock."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.contract.engines.stand import CHANGE, REFUSED, Stand, work_of
from tests.integration.mysql_edges import (
    admin_cursor,
    connection_to,
    planned,
    sessions,
    shard,
)
from tests.waiting import until

_PIDS = """
SELECT DISTINCT pid.ATTR_VALUE FROM performance_schema.session_connect_attrs AS pid
  JOIN information_schema.PROCESSLIST AS session ON session.ID = pid.PROCESSLIST_ID
  JOIN performance_schema.session_connect_attrs AS driver USING (PROCESSLIST_ID)
 WHERE session.DB = %s AND pid.ATTR_NAME = '_pid'
   AND driver.ATTR_NAME = '_client_name' AND driver.ATTR_VALUE = 'Go-MySQL-Driver'
"""


def spirit(server: RunningServer, database: str) -> Stand:
    with admin_cursor(server, database) as cursor:
        cursor.execute("CREATE TABLE users (id INT PRIMARY KEY)")
        cursor.execute("INSERT INTO users VALUES (1), (2), (3)")

    @contextmanager
    def slow() -> Iterator[None]:
        with admin_cursor(server, database) as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT * FROM users")
            yield

    return Stand(
        engine=EngineName.SPIRIT,
        sessions=sessions(),
        shard=shard(connection_to(server, database)),
        work=work_of(planned(CHANGE, "users")),
        refused=work_of(planned(REFUSED, "users")),
        slow=slow,
        kill=lambda: kill_spirit(server, database),
        outlives=False,
    )


def kill_spirit(server: RunningServer, database: str) -> None:
    """As soon as it has connected."""
    until(lambda: pids_of_spirit(server, database), "Spirit to connect")
    for pid in pids_of_spirit(server, database):
        os.kill(pid, signal.SIGKILL)


def pids_of_spirit(server: RunningServer, database: str) -> list[int]:
    with admin_cursor(server) as cursor:
        cursor.execute(_PIDS, [database])
        return [int(row[0]) for row in cursor.fetchall()]
