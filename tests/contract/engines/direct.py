"""The server's own DDL."""

from __future__ import annotations

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
    wait_until_waiting,
)


@contextmanager
def read_by_somebody(server: RunningServer, database: str) -> Iterator[None]:
    """Somebody reads the table, so that a statement that changes it waits for its lock."""
    with admin_cursor(server, database) as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM users")
        yield


def direct(server: RunningServer, database: str) -> Stand:
    with admin_cursor(server, database) as cursor:
        cursor.execute("CREATE TABLE users (id INT PRIMARY KEY)")

    def kill() -> None:
        wait_until_waiting(server, CHANGE)
        with admin_cursor(server) as cursor:
            cursor.execute("SHOW FULL PROCESSLIST")
            for number in [row[0] for row in cursor.fetchall() if row[7] == CHANGE]:
                cursor.execute(f"KILL {number}")

    return Stand(
        engine=EngineName.DIRECT,
        sessions=sessions(),
        shard=shard(connection_to(server, database)),
        work=work_of(planned(CHANGE, "users")),
        refused=work_of(planned(REFUSED, "users")),
        slow=lambda: read_by_somebody(server, database),
        kill=kill,
    )
