"""A split of a simulated fleet, under writers, from its beginning to its end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from reconciler.drive.split.tick import run_tick
from reconciler.drive.split.world import SplitOrder, SplitWorld, TickResult
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Unavailable
from reconciler.model.fleet import KeyRange, parse_key_range
from reconciler.ports.split_servers import TableToMove
from reconciler.reshard.batches import Owners
from reconciler.reshard.catalog import RouteState
from reconciler.reshard.helper_tables import GuardState
from reconciler.reshard.job import Approval, JobRequestKind, NewSplitJob, SplitEngine, SplitJob
from reconciler.spec.model import Connection, ShardSpec
from tests.sim.run import memory_ledger
from tests.sim.split.database import COUNTRIES, ORDERS, Database, Transaction, WriteRefused
from tests.sim.split.fate import Fate, FatedServers, ProcessKilled
from tests.sim.split.servers import SimSource, planned_definitions
from tests.sim.split.sessions import SimServers

WHERE = "production", "shop"
CALL_S = 0.002
BUDGET_S = 6.0
TICK_S = 120.0
TABLES = (
    TableToMove(number=1, name=ORDERS, shard_by="customer"),
    TableToMove(number=2, name=COUNTRIES, shard_by=None),
)


def keyspace_id(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()[:8]


def range_of(shard: str) -> KeyRange:
    found = parse_key_range(shard)
    assert found is not None
    return found


@dataclass
class SimClock:
    time_s: float = 1_000.0
    passing: Callable[[], None] = lambda: None

    def now_s(self) -> float:
        return self.time_s

    def monotonic_s(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds
        self.passing()


@dataclass
class SplitSimulation:
    """`oracle` is what the application was told is committed. `violations` name every moment at
    which something held that must never hold."""

    random: Random
    sources: tuple[str, ...] = ("-80",)
    targets: tuple[str, ...] = ("-40", "40-80")
    rows: int = 24
    writes: float = 0.25
    clock: SimClock = field(default_factory=SimClock)
    ledger: SqlLedger = field(default_factory=memory_ledger)
    violations: list[str] = field(default_factory=list)
    oracle: dict[str, dict[int, tuple[bytes | None, ...]]] = field(default_factory=dict)
    jumps: float = 0.0
    uses_xa: bool = True
    source_kind: type[SimSource] = SimSource

    def __post_init__(self) -> None:
        self._sources = {name: Database(self.clock.now_s) for name in self.sources}
        self._targets = {name: Database(self.clock.now_s) for name in self.targets}
        self.servers = SimServers(self._sources, self._targets, self.source_kind)
        self.clock.passing = lambda: self.moment("sleep")
        self.next_id = 1
        for database in (*self._sources.values(), *self._targets.values()):
            database.committed = self._told
        for database in self._sources.values():
            database.add_table(ORDERS)
            database.add_table(COUNTRIES)
        self.oracle = {ORDERS: {}, COUNTRIES: {}}
        for number in range(self.rows):
            self._load(number)
        others = () if "-" in self.sources else ("80-",)
        self.ledger.routes.adopt(
            *WHERE,
            key_function="binary",
            shards=(*self.sources, *others),
            by="somebody",
            now_s=self.clock.now_s(),
        )
        self._catalog = self.ledger.routes.read(*WHERE)
        self._last_label = ""
        self.planned = planned_definitions(next(iter(self._sources.values())), TABLES)
        self.job_id = self.ledger.split_jobs.open(
            NewSplitJob(
                environment=WHERE[0],
                keyspace=WHERE[1],
                plan_id="p" * 64,
                commit="c" * 40,
                engine=SplitEngine.TRACKER,
                sources=self.sources,
                targets=self.targets,
                expected_version=1,
            ),
            holder="opener",
            now_s=self.clock.now_s(),
        ).job_id

    # The process

    def order(self, holder: str = "first", *, runtime_s: float = TICK_S) -> SplitOrder:
        return SplitOrder(
            job_id=self.job_id,
            holder=holder,
            identity="identity",
            sources=tuple(map(_shard, self.sources)),
            targets=tuple(map(_shard, self.targets)),
            tables=TABLES,
            definitions=self.planned,
            staying=frozenset(["drafts"]),
            owners=Owners(tuple((name, range_of(name)) for name in self.targets), keyspace_id),
            rows_per_chunk=5,
            fence_budget_s=BUDGET_S,
            grace_s=0.0,
            retain_s=0.0,
            approvals=frozenset(Approval),
            runtime_s=runtime_s,
        )

    def world(self, fate: Fate) -> SplitWorld:
        fate.moment = self.moment
        return SplitWorld(
            jobs=fate.wrap(self.ledger.split_jobs, "jobs"),
            routes=fate.wrap(self.ledger.routes, "routes"),
            servers=FatedServers(self.servers, fate),
            clock=self.clock,
            brake=lambda: None,
        )

    def run(
        self, fate: Fate | None = None, *, holder: str = "first", runtime_s: float = TICK_S
    ) -> TickResult | None:
        """None: the process was killed, or never got as far as the job."""
        try:
            return run_tick(self.world(fate or Fate()), self.order(holder, runtime_s=runtime_s))
        except (ProcessKilled, Unavailable):
            return None

    def approve(self, *approvals: Approval) -> None:
        for approval in approvals or tuple(Approval):
            self.ledger.split_jobs.approve(
                self.job_id, approval, plan_id="p" * 64, by="x", now_s=self.clock.now_s()
            )

    def ask(self, kind: JobRequestKind) -> None:
        self.ledger.split_jobs.ask(self.job_id, kind, asked_by="somebody", now_s=self.clock.now_s())

    @property
    def job(self) -> SplitJob:
        found = self.ledger.split_jobs.job(self.job_id)
        assert found is not None
        return found

    def fate_at(self, label: str, then: Callable[[], None]) -> Fate:
        """Something happens there, and the process is dead."""
        fate = Fate()

        def moment(called: str) -> None:
            fate.nested_at = fate.kill_at = None
            if f"behind {called}" == label:
                fate.nested_at = fate.kill_at = 2 * fate.count + 1

        fate.before_call, fate.nested = moment, then
        return fate

    def meddle(self, how: str) -> None:
        """Somebody does to the orders, or to what was made for them, what a split cannot
        follow."""
        (database,) = self._sources.values()
        table = database.tables[ORDERS]
        match how:
            case "truncated":
                table.rows.clear()
                self.oracle[ORDERS].clear()
                table.table_id = database.next_table_id = database.next_table_id + 1
            case "altered" | "altered back":
                table.definition = "d2" if how == "altered" else "d1"
                table.table_id = database.next_table_id = database.next_table_id + 1
            case "without its key":
                table.definition, table.has_key = "d3", False
                table.table_id = database.next_table_id = database.next_table_id + 1
            case "untracked":
                table.tracker = None
            case "tracked again":
                table.tracker = "made later"
            case "queue dropped":
                del database.queues[ORDERS]
            case "all helpers dropped":
                database.queues.clear()
                database.fence = database.identity = None
            case "copy dropped":
                del self._targets[self.targets[0]].tables[ORDERS]
            case "copy altered":
                self._targets[self.targets[0]].tables[ORDERS].definition = "d2"

    def source_takes_writes(self) -> bool:
        return all(database.takes_writes() for database in self._sources.values())

    # The application

    def moment(self, label: str) -> None:
        """Between any two calls of the process."""
        if self._last_label in ("routes.cut_over", "routes.open_targets"):
            self._catalog = self.ledger.routes.read(*WHERE)
        self._last_label = label
        self.clock.time_s += CALL_S
        self._check(label)
        if self.jumps and self.random.random() < self.jumps:
            self.clock.time_s += BUDGET_S * self.random.random() * 1.5
        while self.random.random() < self.writes:
            self._writer_step()
        self._check(label)

    def settle_writers(self) -> None:
        """All that is open is ended, so that what was committed is what stands."""
        for database in (*self._sources.values(), *self._targets.values()):
            for transaction in tuple(database.open):
                transaction.commit()

    def _writer_step(self) -> None:
        if len(self._sources) > 1 and self.random.random() < 0.15:
            self._move_between_sources()
            return
        database = self._routed()
        waiting = [one for one in database.open if one.changes or one.is_prepared]
        choice = self.random.random()
        if waiting and choice < 0.6:
            self._end(self.random.choice(waiting))
        elif len(database.open) < 4:
            transaction = database.begin()
            try:
                for _ in range(self.random.choice((1, 1, 2))):
                    self._statement(database, transaction)
            except WriteRefused:
                transaction.rollback()
                return
            if self.random.random() < 0.5:
                self._end(transaction)

    def _move_between_sources(self) -> None:
        """A customer moves: the row keeps its key, and another shard has it."""
        left, right = self.random.sample(sorted(self._sources), 2)
        leaving, coming = self._sources[left].begin(), self._sources[right].begin()
        try:
            key, row = self.random.choice(sorted(leaving.database.tables[ORDERS].rows.items()))
            leaving.write(ORDERS, key, None)
            coming.write(ORDERS, key, (row[0], self._customer(coming.database), *row[2:]))
        except (WriteRefused, Unavailable, IndexError):
            leaving.rollback()
            coming.rollback()
            return
        leaving.commit()
        coming.commit()

    def _end(self, transaction: Transaction) -> None:
        choice = self.random.random()
        if transaction.is_prepared or choice < 0.75:
            transaction.commit()
        elif choice < 0.85 and self.uses_xa:
            transaction.is_prepared, transaction.passed_fence = True, False
        else:
            transaction.rollback()

    def _told(self, transaction: Transaction) -> None:
        for (table, key), row in transaction.changes.items():
            if row is None:
                self.oracle[table].pop(key, None)
            else:
                self.oracle[table][key] = row

    def _routed(self) -> Database:
        """By an old version of the routes as often as by the one that holds."""
        catalog = self._catalog
        assert catalog is not None
        active = [
            self._targets[route.shard]
            for route in catalog.routes
            if route.job_id == self.job_id and route.state is RouteState.ACTIVE
        ]
        return self.random.choice([*self._sources.values(), *active])

    def _statement(self, database: Database, transaction: Transaction) -> None:
        rows = {**database.tables[ORDERS].rows} if ORDERS in database.tables else {}
        rows.update({k: v for (t, k), v in transaction.changes.items() if t == ORDERS and v})
        for (table, key), value in transaction.changes.items():
            if table == ORDERS and value is None:
                rows.pop(key, None)
        kind = self.random.choice(("insert", "note", "customer", "id", "delete", "swap", "country"))
        if kind == "country" and len(self._sources) == 1 and database in self._sources.values():
            transaction.write(COUNTRIES, 1, self._country())
        elif kind == "insert" or not rows:
            self.next_id += 1
            row = self._order(self.next_id, database)
            transaction.write(ORDERS, self.next_id, row)
        elif kind == "id":
            key = self.random.choice(sorted(rows))
            self.next_id += 1
            transaction.write(ORDERS, key, None)
            row = (str(self.next_id).encode(), *rows[key][1:])
            transaction.write(ORDERS, self.next_id, row)
        elif kind == "delete" and len(rows) > 5:
            transaction.write(ORDERS, self.random.choice(sorted(rows)), None)
        elif kind == "swap" and len(rows) > 1:
            one, other = self.random.sample(sorted(rows), 2)
            first, second = rows[one], rows[other]
            transaction.write(ORDERS, one, (*first[:2], second[2], first[3]))
            transaction.write(ORDERS, other, (*second[:2], first[2], second[3]))
        elif kind == "customer":
            key = self.random.choice(sorted(rows))
            customer = self._customer(database)
            transaction.write(ORDERS, key, (rows[key][0], customer, *rows[key][2:]))
        else:
            key = self.random.choice(sorted(rows))
            transaction.write(ORDERS, key, (*rows[key][:3], self._word()))

    def _load(self, number: int) -> None:
        for database in self._sources.values():
            self.next_id += 1
            row = self._order(self.next_id, database)
            database.tables[ORDERS].rows[self.next_id] = row
            self.oracle[ORDERS][self.next_id] = row
            if number < 3:
                country = (str(number).encode(), b"", None, b"country")
                database.tables[COUNTRIES].rows[number] = country
                self.oracle[COUNTRIES][number] = country

    def _order(self, key: int, database: Database) -> tuple[bytes | None, ...]:
        number = str(key).encode()
        return (number, self._customer(database), number, self._word())

    def _customer(self, database: Database) -> bytes:
        """One whose rows are this shard's."""
        mine = [
            range_of(name)
            for name, one in (*self._sources.items(), *self._targets.items())
            if one is database
        ]
        while True:
            customer = str(self.random.randrange(1_000)).encode()
            if mine[0].holds(keyspace_id(customer)):
                return customer

    def _country(self) -> tuple[bytes | None, ...]:
        return (b"1", b"", None, self._word())

    def _word(self) -> bytes:
        return str(self.random.randrange(10**6)).encode()

    # What must hold

    def _check(self, label: str) -> None:
        source_takes = any(one.takes_writes() for one in self._sources.values())
        if not source_takes:
            return
        catalog = self._catalog
        if catalog is not None and any(route.job_id == self.job_id for route in catalog.routes):
            self.violations.append(f"at {label} the targets own the range, and the source writes")
        if any(
            one.guard is GuardState.OPEN and one.takes_writes() for one in self._targets.values()
        ):
            self.violations.append(f"at {label} both take writes")

    def check_done(self) -> None:
        assert self.violations == []
        self.settle_writers()
        held: dict[int, tuple[bytes | None, ...]] = {}
        for name, database in self._targets.items():
            for key, row in database.tables[ORDERS].rows.items():
                assert key not in held, "a row is on two shards"
                assert row[1] is not None
                assert range_of(name).holds(keyspace_id(row[1])), "a row is not on its owner"
                held[key] = row
            if len(self._sources) == 1:
                assert database.tables[COUNTRIES].rows == self.oracle[COUNTRIES]
            assert (database.identity, database.guard, database.acks) == (None, None, {})
            assert not any(table.guard for table in database.tables.values())
        assert held == self.oracle[ORDERS]
        for database in self._sources.values():
            assert (database.tables, database.retired, database.queues) == ({}, {}, {})
            assert database.fence is None

    def check_abandoned(self) -> None:
        assert self.violations == []
        self.settle_writers()
        held = {}
        for database in self._sources.values():
            assert database.retired == {}
            assert (database.identity, database.fence, database.queues) == (None, None, {})
            for table in database.tables.values():
                assert (table.tracker, table.fence, table.guard) == (None, None, False)
            held.update(database.tables[ORDERS].rows)
        assert held == self.oracle[ORDERS]
        for database in self._targets.values():
            assert (database.tables, database.identity, database.acks) == ({}, None, {})
        catalog = self.ledger.routes.read(*WHERE)
        assert catalog is not None
        assert catalog.version == 1


def _shard(name: str) -> ShardSpec:
    return ShardSpec(name=name, connection=Connection())
