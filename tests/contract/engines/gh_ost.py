"""gh-ost, on a small table."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.contract.engines.stand import CHANGE, REFUSED, Stand, work_of
from tests.integration.mysql_edges import admin_cursor, connection_to, planned, sessions, shard

ROWS = 50


def gh_ost(server: RunningServer, database: str) -> Stand:
    show_waiting_locks(server)
    with admin_cursor(server, database) as cursor:
        cursor.execute("CREATE TABLE users (id INT PRIMARY KEY)")
        cursor.executemany("INSERT INTO users VALUES (%s)", [(n,) for n in range(ROWS)])

    @contextmanager
    def slow() -> Iterator[None]:
        """Somebody has locked a row, so that the copy waits for it."""
        with admin_cursor(server, database) as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT * FROM users WHERE id = 1 FOR UPDATE")
            yield

    return Stand(
        engine=EngineName.GH_OST,
        sessions=sessions(),
        shard=shard(connection_to(server, database)),
        work=work_of(planned(CHANGE, "users")),
        refused=work_of(planned(REFUSED, "users")),
        slow=slow,
        kill=lambda: kill_programs(database),
        outlives=False,
    )


def show_waiting_locks(server: RunningServer, enabled: str = "YES") -> None:
    """MariaDB does not unless it is told to."""
    with admin_cursor(server) as cursor:
        cursor.execute(
            "UPDATE performance_schema.setup_instruments SET ENABLED = %s, TIMED = %s"
            " WHERE NAME = 'wait/lock/metadata/sql/mdl'",
            [enabled, enabled],
        )


def kill_programs(database: str) -> None:
    """As the kernel does it that has no memory left."""
    pids = pids_of(database)
    assert pids, "none runs"
    for pid in pids:
        with suppress(ProcessLookupError):  # it has come to its end
            os.kill(pid, signal.SIGKILL)
    while set(pids_of(database)) & set(pids):
        time.sleep(0.01)


def tell(database: str, command: str) -> str:
    """What it answers over its socket; '' while it has none."""
    option, answer = "--serve-socket-file=", b""
    for arguments in _programs(database).values():
        path = next(one.removeprefix(option) for one in arguments if one.startswith(option))
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(path)
            client.sendall(f"{command}\n".encode())
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(4_096):
                answer += part
    return answer.decode()


def pids_of(database: str) -> list[int]:
    return list(_programs(database))


def _programs(database: str) -> dict[int, list[str]]:
    """Those at work on a database of the tests, whose names are nobody else's."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            arguments = (folder / "cmdline").read_bytes().decode().split("\0")
            if arguments[0].endswith("/gh-ost") and f"--database={database}" in arguments:
                found[int(folder.name)] = arguments
    return found
