"""A split on real servers from its first tick to its end, and what must be true of it then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pymysql
from pymysql.cursors import Cursor

from reconciler.drive.split.planned import planned_digest
from reconciler.drive.split.world import SplitOrder, SplitWorld
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.edges.server.process import RunningServer
from reconciler.reshard.batches import Owners
from reconciler.reshard.job import Approval, JobRequestKind, NewSplitJob, SplitEngine
from reconciler.reshard.triggers import FENCED_ERROR
from tests.connections import admin_connection
from tests.integration.mysql_edges import admin_cursor, connection_to, shard
from tests.sim.run import memory_ledger
from tests.sim.split.fate import Fate, FatedServers
from tests.sim.split.run import WHERE, SimClock, keyspace_id, range_of
from tests.split_stands import ORDERS, servers, work_for

SOURCE, TARGETS = "-80", ("-40", "40-80")
PLAN = "p"
_DUPLICATE, _NO_SUCH_TABLE = 1062, 1146

Rows = dict[int, tuple[object, ...]]


@dataclass
class Writer:
    """Commits a transaction at every moment it is given, as long as the source takes it. Moments
    are many: all are over one connection, and `close` ends it."""

    server: RunningServer
    database: str
    random: Random
    refused: int = 0
    _connection: pymysql.Connection[Cursor] | None = None

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
        if self._connection is None:
            self._connection = admin_connection(self.server, self.database)
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(statement)
            except pymysql.MySQLError as error:
                if error.args[0] not in (_DUPLICATE, _NO_SUCH_TABLE, FENCED_ERROR):
                    raise
                self.refused += error.args[0] == FENCED_ERROR

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass
class SplitStage:
    """`last` is what the source had when its table was retired: no later write can be in it. The
    targets are `elsewhere`, or where the source is."""

    server: RunningServer
    source: str
    targets: tuple[str, ...]
    elsewhere: RunningServer | None = None
    ledger: SqlLedger = field(default_factory=memory_ledger)
    clock: SimClock = field(default_factory=SimClock)
    last: Rows = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.writer = Writer(self.server, self.source, Random(7))
        with admin_cursor(self.server, self.source) as cursor:
            cursor.execute(ORDERS)
            values = ", ".join(f"({n}, {n * 3}, {n})" for n in range(1, 120))
            cursor.execute(f"INSERT INTO orders (id, customer, slot) VALUES {values}")
        self.ledger.routes.adopt(
            *WHERE, key_function="binary", shards=(SOURCE, "80-"), by="somebody", now_s=1.0
        )
        self.job_id = self._opened()
        self.planned = self._planned()

    def order(self, holder: str) -> SplitOrder:
        work = work_for("orders", job=self.job_id)
        return SplitOrder(
            job_id=self.job_id,
            holder=holder,
            identity=work.identity,
            sources=(shard(connection_to(self.server, self.source), SOURCE),),
            targets=tuple(
                shard(connection_to(self._server_of(database), database), name)
                for name, database in zip(TARGETS, self.targets, strict=True)
            ),
            tables=work.tables,
            staying=frozenset(),
            definitions=self.planned,
            owners=Owners(tuple((name, range_of(name)) for name in TARGETS), all_below_80),
            rows_per_chunk=20,
            fence_budget_s=20.0,
            grace_s=0.0,
            retain_s=0.0,
            approvals=frozenset(Approval),
            runtime_s=600.0,
        )

    def _planned(self) -> dict[str, str]:
        """As a plan has them that is made now."""
        place = shard(connection_to(self.server, self.source), SOURCE)
        with servers().source(place, work_for("orders")) as source:
            return {"orders": planned_digest(source, source.definition("orders"))}

    def world(self, then: Callable[[str, Fate], None] = lambda label, fate: None) -> SplitWorld:
        """`then` is called before every durable call, and may decide what becomes of it."""
        fate = Fate(moment=self.writer.step)

        def before(label: str) -> None:
            if label.endswith(".retire"):
                self.last = self.rows("orders", self.source) or self.last
            then(label, fate)

        fate.before_call = before
        return SplitWorld(
            jobs=fate.wrap(self.ledger.split_jobs, "jobs"),
            routes=fate.wrap(self.ledger.routes, "routes"),
            servers=FatedServers(servers(), fate),
            clock=self.clock,
            brake=lambda: None,
        )

    def held(self) -> Rows:
        """By all targets together."""
        return {k: row for name in self.targets for k, row in self.rows("orders", name).items()}

    def on_source(self, statement: str) -> None:
        with admin_cursor(self.server, self.source) as cursor:
            cursor.execute(statement)

    def retry(self) -> None:
        self.ledger.split_jobs.ask(
            self.job_id, JobRequestKind.RETRY, asked_by="somebody", now_s=1.0
        )

    def check_done(self) -> None:
        """Every row is on its owner, once, and nothing else is left."""
        held: Rows = {}
        for name, database in zip(TARGETS, self.targets, strict=True):
            rows = self.rows("orders", database)
            assert not rows.keys() & held.keys()
            for row in rows.values():
                assert range_of(name).holds(all_below_80(str(row[1]).encode()))
            held.update(rows)
            assert self._tables(database) == {"orders"}
        assert held == self.last
        assert self._tables(self.source) == set()

    def _opened(self) -> int:
        jobs = self.ledger.split_jobs
        new = NewSplitJob(
            environment=WHERE[0],
            keyspace=WHERE[1],
            plan_id=PLAN,
            commit="c",
            engine=SplitEngine.TRACKER,
            sources=(SOURCE,),
            targets=TARGETS,
            expected_version=1,
        )
        job_id = jobs.open(new, holder="opener", now_s=1.0).job_id
        for approval in Approval:
            jobs.approve(job_id, approval, plan_id=PLAN, by="x", now_s=1.0)
        return job_id

    def _server_of(self, database: str) -> RunningServer:
        is_target = database in self.targets
        return self.elsewhere if self.elsewhere is not None and is_target else self.server

    def _tables(self, database: str) -> set[str]:
        with admin_cursor(self._server_of(database), database) as cursor:
            cursor.execute("SHOW TABLES")
            return {str(name) for (name,) in cursor.fetchall()}

    def rows(self, table: str, database: str) -> Rows:
        """None of a table that is not there."""
        if table not in self._tables(database):
            return {}
        with admin_cursor(self._server_of(database), database) as cursor:
            cursor.execute(f"SELECT id, customer, slot, note FROM {table}")
            return {row[0]: row for row in cursor.fetchall()}


def all_below_80(value: bytes) -> bytes:
    """Every customer is the source's, whatever a writer makes of it."""
    return bytes([keyspace_id(value)[0] & 0x7F])
