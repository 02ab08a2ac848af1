"""A split by the driver itself, from the first row to the catalog: rows of about 200 bytes.

    python bench/moving.py [rows] [writes a second]

Starts the newest MySQL and MariaDB at hand, one server each for shards and ledger, and prints how
many rows a second a tick copies and how many it compares, without writers; then, with as many
writes a second as asked for, how long it took from the fence to the catalog.
"""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pymysql

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.splitting import ROWS, fill
from reconciler.drive.split.planned import planned_digest
from reconciler.drive.split.tick import run_tick
from reconciler.drive.split.world import SplitOrder, SplitWorld
from reconciler.edges.clock import SystemClock
from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.edges.server.find import find_servers
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.fleet import parse_key_range
from reconciler.model.server import Flavor
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.batches import Owners
from reconciler.reshard.job import Approval, NewSplitJob, SplitEngine
from reconciler.reshard.phases import Phase
from reconciler.reshard.triggers import FENCED_ERROR
from reconciler.spec.model import ReshardSpec
from tests.connections import admin_connection
from tests.integration.mysql_edges import admin_cursor, connection_to, shard
from tests.split_stands import servers, work_for

WRITES_PER_S = 500
WARM_UP_S = 3.0  # of writers, before the cutover is allowed
SOURCE, TARGETS = "-", ("-80", "80-")
PLAN = "plan"
_NO_SUCH_TABLE = 1146


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    writes_per_s = int(sys.argv[2]) if len(sys.argv) > 2 else WRITES_PER_S
    for flavor in Flavor:
        found = [one for one in find_servers() if one.version.flavor is flavor]
        with start_server(max(found, key=lambda one: one.version)) as server:
            measure(server, rows, writes_per_s)


def measure(server: RunningServer, rows: int, writes_per_s: int) -> None:
    fill(server, rows)
    with admin_cursor(server) as cursor:
        cursor.execute("CREATE DATABASE ledger")
    login = f"{server.admin.user}:{server.admin.password}"
    url = f"mysql+pymysql://{login}@{server.host}:{server.port}/ledger"
    with closing(open_ledger(url, default_file=Path("unused"))) as ledger:
        move = Move(server, ledger)
        move.approve(Approval.START)
        assert move.tick() is TickEnd.AWAITS_CUTOVER
        copied_s = move.spent_s()[Phase.BACKFILL]
        told = ledger.split_jobs.progress(move.job_id)
        compared = 0.0 if told is None else told.compared_per_s or 0.0
        print(f"{server.version}: {rows / copied_s:,.0f} rows/s copied, {compared:,.0f} compared")
        with written(server, rows, writes_per_s) as writer:
            time.sleep(WARM_UP_S)
            move.approve(Approval.CUTOVER)
            assert move.tick() is TickEnd.AWAITS_CLEANUP
        spent = move.spent_s()
        fenced_s = spent[Phase.FENCE] + spent[Phase.DELTA_COPY] + spent[Phase.CUTOVER]
        print(
            f"  {fenced_s:.2f} s from the fence to the catalog; {writer.made / writer.for_s:,.0f}"
            f" writes/s before it, {writer.refused} refused"
        )


class Move:
    """From one source to two targets that are made already."""

    def __init__(self, server: RunningServer, ledger: SqlLedger) -> None:
        self._server, self._ledger = server, ledger
        where = "production", "shop"
        ledger.routes.adopt(
            *where, key_function="binary_md5", shards=(SOURCE,), by="bench", now_s=time.time()
        )
        new = NewSplitJob(
            environment=where[0],
            keyspace=where[1],
            plan_id=PLAN,
            commit="c",
            engine=SplitEngine.TRACKER,
            sources=(SOURCE,),
            targets=TARGETS,
            expected_version=1,
        )
        self.job_id = ledger.split_jobs.open(new, holder="bench", now_s=time.time()).job_id
        work, terms = work_for("orders", job=self.job_id), ReshardSpec()
        place = shard(connection_to(server, "source"), SOURCE)
        with servers().source(place, work) as source:
            definitions = {"orders": planned_digest(source, source.definition("orders"))}
        self._order = SplitOrder(
            job_id=self.job_id,
            holder="bench",
            identity=work.identity,
            sources=(place,),
            targets=tuple(shard(connection_to(server, name), name) for name in TARGETS),
            tables=work.tables,
            staying=frozenset(),
            definitions=definitions,
            owners=Owners(
                tuple((name, found) for name in TARGETS if (found := parse_key_range(name))),
                lambda value: hashlib.md5(value).digest(),
            ),
            rows_per_chunk=terms.rows_per_chunk,
            fence_budget_s=terms.fence_budget_s,
            grace_s=terms.grace_s,
            retain_s=terms.retain_s,
            approvals=frozenset(Approval),
            runtime_s=3_600.0,
        )

    def approve(self, approval: Approval) -> None:
        self._ledger.split_jobs.approve(
            self.job_id, approval, plan_id=PLAN, by="bench", now_s=time.time()
        )

    def tick(self) -> TickEnd:
        world = SplitWorld(
            jobs=self._ledger.split_jobs,
            routes=self._ledger.routes,
            servers=servers(),
            clock=SystemClock(),
            brake=lambda: None,
        )
        result = run_tick(world, self._order)
        assert result.problem is None, result.problem
        return result.how

    def spent_s(self) -> dict[Phase, float]:
        """In each phase, the last time that it was gone through."""
        path = self._ledger.split_jobs.path(self.job_id)
        return {one.after: after.at_s - one.at_s for one, after in pairwise(path)}


@dataclass
class Written:
    made: int = 0
    refused: int = 0
    for_s: float = 0.0


@contextmanager
def written(server: RunningServer, rows: int, per_s: int) -> Iterator[Written]:
    """One UPDATE of a row after the other, each a transaction, until the table is gone."""
    told, stop = Written(), threading.Event()

    def work() -> None:
        begun_s = time.monotonic()
        connection = admin_connection(server, "source")
        with connection, connection.cursor() as cursor:
            for number in range(10**9):
                wait_s = begun_s + number / per_s - time.monotonic()
                if stop.wait(max(wait_s, 0.0)):
                    return
                key = number * 7_919 % rows + 1
                try:
                    cursor.execute(f"UPDATE orders SET total = total + 1 WHERE id = {key}")
                except pymysql.MySQLError as error:
                    if error.args[0] == _NO_SUCH_TABLE:
                        return
                    if error.args[0] != FENCED_ERROR:
                        raise
                    told.refused += 1
                else:
                    told.made += 1
                    told.for_s = time.monotonic() - begun_s

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    main()
