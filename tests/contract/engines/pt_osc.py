"""pt-online-schema-change, on a small table."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.contract.engines.direct import read_by_somebody
from tests.contract.engines.stand import CHANGE, REFUSED, Stand, work_of
from tests.integration.mysql_edges import (
    admin_cursor,
    connection_to,
    planned,
    sessions,
    shard,
    wait_until_waiting,
)
from tests.waiting import PATIENCE_S


def pt_osc(server: RunningServer, database: str) -> Stand:
    with admin_cursor(server, database) as cursor:
        cursor.execute("CREATE TABLE users (id INT PRIMARY KEY)")
        cursor.execute("INSERT INTO users VALUES (1), (2), (3)")

    def kill() -> None:
        wait_until_waiting(server, "CREATE TRIGGER")
        os.kill(program_of(database), signal.SIGKILL)

    return Stand(
        engine=EngineName.PT_OSC,
        sessions=sessions(),
        shard=shard(connection_to(server, database)),
        work=work_of(planned(CHANGE, "users")),
        refused=work_of(planned(REFUSED, "users")),
        # Its triggers wait for the table's lock.
        slow=lambda: read_by_somebody(server, database),
        kill=kill,
        outlives=False,
    )


def program_of(database: str) -> int:
    """The process that copies in that database, as the machine lists it."""
    give_up_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s:
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = file.read_bytes().split(b"\0")
            except OSError:
                continue
            is_keeper = b"-I" in words[:3]
            if not is_keeper and any(f",D={database},".encode() in word for word in words):
                return int(file.parent.name)
        time.sleep(0.05)
    raise AssertionError("no program copies there")
