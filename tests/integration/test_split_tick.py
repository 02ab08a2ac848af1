"""A split from its first tick to its end on real servers, beside a writer, and after a crash at
places that a simulation may have understood wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pymysql
import pytest

from reconciler.drive.split.tick import run_tick
from reconciler.drive.split.world import SplitOrder, SplitWorld
from reconciler.edges.server.process import RunningServer
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.batches import Owners
from reconciler.reshard.job import Approval, NewSplitJob, SplitEngine
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import admin_cursor, connection_to, shard
from tests.sim.run import memory_ledger
from tests.sim.split.fate import Fate, FatedServers, ProcessKilled
from tests.sim.split.run import WHERE, SimClock, keyspace_id, range_of
from tests.split_stands import ORDERS, servers, work_for

TARGETS = ("-40", "40-80")


@dataclass
class Writer:
    """Commits a transaction at every moment it is given, and remembers what was committed."""

    server: RunningServer
    database: str
    random: Random
    refused: int = 0

    def step(self, label: str) -> None:
        number = self.random.randrange(1, 40)
        statement = self.random.choice(
            (
                f"REPLACE INTO orders (id, customer, note) VALUES ({number}, {number * 7}, 'r')",
                f"UPDATE orders SET customer = customer + 1 WHERE id = {number}",
                f"UPDATE orders SET id = {number + 1000} WHERE id = {number}",
                f"DELETE FROM orders WHERE id = {number}",
                f"INSERT INTO orders VALUES ({number}, 1, 0, '') ON DUPLICATE KEY UPDATE slot = 0",
            )
        )
        with admin_cursor(self.server, self.database) as cursor:
            try:
                cursor.execute(statement)
            except pymysql.MySQLError as error:
                if error.args[0] not in (1062, 1146, 31017):
                    raise
                self.refused += error.args[0] == 31017


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def server(request: pytest.FixtureRequest) -> RunningServer:
    found: RunningServer = request.getfixturevalue(request.param)
    return found


@pytest.mark.invariant("SP-51")
@pytest.mark.parametrize("killed_at", [None, "take", "forget", "flip", "seal", "retire"])
def test_a_split_ends_with_every_row_on_its_owner(
    server: RunningServer, fresh_database: FreshDatabase, killed_at: str | None
) -> None:
    source, *targets = (fresh_database(server) for _ in range(3))
    writer = Writer(server, source, Random(7))
    with admin_cursor(server, source) as cursor:
        cursor.execute(ORDERS)
        values = ", ".join(f"({n}, {n * 3}, {n})" for n in range(1, 120))
        cursor.execute(f"INSERT INTO orders (id, customer, slot) VALUES {values}")
    ledger, clock = memory_ledger(), SimClock()
    ledger.routes.adopt(
        *WHERE, key_function="binary", shards=("-80", "80-"), by="somebody", now_s=1.0
    )
    job = ledger.split_jobs.open(
        NewSplitJob(
            environment=WHERE[0],
            keyspace=WHERE[1],
            plan_id="p",
            commit="c",
            engine=SplitEngine.TRACKER,
            sources=("-80",),
            targets=TARGETS,
            expected_version=1,
        ),
        holder="opener",
        now_s=1.0,
    )
    for approval in Approval:
        ledger.split_jobs.approve(job.job_id, approval, plan_id="p", by="x", now_s=1.0)
    work = work_for("orders", job=job.job_id)
    order = SplitOrder(
        job_id=job.job_id,
        holder="first",
        identity=work.identity,
        sources=(shard(connection_to(server, source), "-80"),),
        targets=tuple(
            shard(connection_to(server, database), name)
            for name, database in zip(TARGETS, targets, strict=True)
        ),
        tables=work.tables,
        owners=Owners(tuple((name, range_of(name)) for name in TARGETS), all_below_80),
        rows_per_chunk=20,
        fence_budget_s=20.0,
        grace_s=0.0,
        retain_s=0.0,
        approvals=frozenset(Approval),
        runtime_s=600.0,
    )
    fate = Fate(moment=writer.step)
    if killed_at is not None:

        def moment(label: str) -> None:
            if label.endswith(f".{killed_at}") and fate.kill_at is None:
                fate.kill_at = 2 * fate.count + 1

        fate.before_call = moment
    last: dict[int, tuple[object, ...]] = {}

    def read_rows() -> None:
        with admin_cursor(server, source) as cursor:
            cursor.execute("SELECT id, customer, slot, note FROM orders")
            last.clear()
            last.update({row[0]: row for row in cursor.fetchall()})

    def world(using: Fate) -> SplitWorld:
        return SplitWorld(
            jobs=ledger.split_jobs,
            routes=using.wrap(ledger.routes, "routes"),
            servers=FatedServers(servers(), using),
            clock=clock,
            brake=lambda: None,
        )

    if killed_at is not None:
        with pytest.raises(ProcessKilled):
            run_tick(world(fate), order)
    second = Fate(moment=writer.step)
    second.before_call = lambda label: read_rows() if label.endswith(".retire") else None
    if killed_at == "retire":
        last.update(committed(server, f"_reconciler_split_{job.job_id}_retired_1", source))
    result = run_tick(world(second), order)
    assert result.how is TickEnd.DONE, result
    assert writer.refused > 0 or killed_at == "retire"
    held: dict[int, tuple[object, ...]] = {}
    for name, database in zip(TARGETS, targets, strict=True):
        rows = committed(server, "orders", database)
        assert not rows.keys() & held.keys()
        assert all(range_of(name).holds(all_below_80(str(r[1]).encode())) for r in rows.values())
        held.update(rows)
    assert held == last
    with admin_cursor(server, source) as cursor:
        cursor.execute("SHOW TABLES")
        assert cursor.fetchall() == ()


def committed(server: RunningServer, table: str, database: str) -> dict[int, tuple[object, ...]]:
    with admin_cursor(server, database) as cursor:
        cursor.execute(f"SELECT id, customer, slot, note FROM {table}")
        return {row[0]: row for row in cursor.fetchall()}


def all_below_80(value: bytes) -> bytes:
    """Every customer is the source's, whatever a writer makes of it."""
    return bytes([keyspace_id(value)[0] & 0x7F])
