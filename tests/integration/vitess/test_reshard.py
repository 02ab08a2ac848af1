"""A shard of a real keyspace is split by Vitess, driven by ticks, under writers."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pymysql
import pytest

from reconciler.drive.split.reshard_tick import ReshardOrder, ReshardWorld, run_reshard_tick
from reconciler.drive.split.world import TickResult
from reconciler.edges.clock import SystemClock
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import new_logins
from reconciler.edges.vitess.local.cluster import ClusterPlan, LocalCluster, boot_cluster
from reconciler.edges.vitess.local.layout import ClusterKeyspace
from reconciler.edges.vitess.reshards import VitessReshards
from reconciler.model.fleet import parse_key_range
from reconciler.model.key_function import KeyFunctionName
from reconciler.model.server import Flavor
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import Approval, JobRequestKind, NewSplitJob, SplitEngine, SplitJob
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS
from reconciler.reshard.phases import Phase
from tests.sim.run import memory_ledger
from tests.sim.split.fate import Fate, ProcessKilled
from tests.vitess import Vitess, cluster_of

pytestmark = pytest.mark.vitess

KEYSPACE = "shop"
SOURCES, TARGETS = ("-80",), ("-40", "40-80")
TABLES = ("items", "orders")
PLAN = "sha256:" + "e" * 64
VSCHEMA = json.dumps(
    {
        "sharded": True,
        "vindexes": {"by_customer": {"type": "xxhash"}},
        "tables": {
            name: {"column_vindexes": [{"column": "customer_id", "name": "by_customer"}]}
            for name in TABLES
        },
    }
)
SHOP = ClusterKeyspace(name=KEYSPACE, shards=("-80", "80-"), vschema=VSCHEMA)
KILLS_MAX = 40


@pytest.fixture
def resharding() -> Iterator[Vitess]:
    """A cluster of its own: what is resharded cannot be tidied up for the next test."""
    plan = ClusterPlan(
        binary=find_server(Flavor.MYSQL),
        servers=2,
        keyspaces=(SHOP,),
        logins=new_logins(),
    )
    with boot_cluster(plan) as cluster:
        yield _filled(cluster)


def _filled(cluster: LocalCluster) -> Vitess:
    vitess = Vitess(cluster, "reshard")
    vitess.sql(
        KEYSPACE,
        *(
            f"CREATE TABLE {name} (id bigint PRIMARY KEY, customer_id bigint NOT NULL, v int)"
            for name in TABLES
        ),
    )
    cluster.add_shards(SHOP, TARGETS)
    return vitess


@dataclass
class Writer:
    """An application over vtgate. What was not answered is said again until it is, so that
    `oracle` is what is committed: by id, the customer and the value."""

    vitess: Vitess
    oracle: dict[int, tuple[int, int]] = field(default_factory=dict)
    refused: int = 0
    _ends: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Writer:
        self.chance = random.Random(7)
        self._thread = threading.Thread(target=self._work)
        for _ in range(60):
            self._write()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ends.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ends.is_set():
            self._write()

    def _write(self) -> None:
        row = self.chance.randrange(10**6)
        if self.oracle and self.chance.random() < 0.5:
            row = self.chance.choice(list(self.oracle))
        customer, value = row * 31 + 7, self.chance.randrange(10**6)
        statement = (
            f"INSERT INTO orders (id, customer_id, v) VALUES ({row}, {customer}, {value})"
            f" ON DUPLICATE KEY UPDATE v = {value}"
        )
        while True:
            try:
                self.vitess.sql(KEYSPACE, statement)
            except (pymysql.MySQLError, OSError):
                self.refused += 1
                continue
            self.oracle[row] = (customer, value)
            return


@dataclass
class Driver:
    vitess: Vitess
    ledger: SqlLedger = field(default_factory=memory_ledger)

    def __post_init__(self) -> None:
        new = NewSplitJob(
            environment="production",
            keyspace=KEYSPACE,
            plan_id=PLAN,
            commit="c" * 40,
            engine=SplitEngine.VITESS_RESHARD,
            sources=SOURCES,
            targets=TARGETS,
            expected_version=0,
        )
        self.job_id = self.ledger.split_jobs.open(new, holder="opener", now_s=1.0).job_id

    @property
    def job(self) -> SplitJob:
        found = self.ledger.split_jobs.job(self.job_id)
        assert found is not None
        return found

    def approve(self, *approvals: Approval) -> None:
        for one in approvals:
            jobs = self.ledger.split_jobs
            jobs.approve(self.job_id, one, plan_id=PLAN, by="ada", now_s=2.0)

    def tick(self, fate: Fate | None = None, holder: str = "me") -> TickResult | None:
        fate = fate or Fate()
        reshards = VitessReshards(environ=os.environ, root=Path("/"))
        world = ReshardWorld(
            jobs=fate.wrap(self.ledger.split_jobs, "jobs"),
            reshards=fate.wrap(reshards, "vitess"),
            clock=SystemClock(),
        )
        order = ReshardOrder(
            job_id=self.job_id,
            holder=holder,
            identity=PLAN.removeprefix("sha256:"),
            cluster=cluster_of(self.vitess, KEYSPACE),
            tables=TABLES,
            switch_s=10,
            grace_s=0.0,
            retain_s=0.0,
            approvals=frozenset(Approval),
            runtime_s=240.0,
        )
        try:
            return run_reshard_tick(world, order)
        except ProcessKilled:
            return None


def ended_as(result: TickResult | None) -> TickEnd:
    assert result is not None
    return result.how


@pytest.mark.invariant("SP-91")
def test_rows_are_on_their_owners_though_the_driver_dies_at_every_durable_call(
    resharding: Vitess,
) -> None:
    """Each tick is killed a little further on, before a call or behind it."""
    driver = Driver(resharding)
    driver.approve(*Approval)
    with Writer(resharding) as writer:
        for number in range(KILLS_MAX):
            driver.tick(Fate(kill_at=4 + number % 4), holder=f"tick {number}")
            if driver.job.phase is Phase.DONE:
                break
        else:
            assert ended_as(driver.tick()) is TickEnd.DONE
    found: dict[int, tuple[int, int]] = {}
    for shard in (*TARGETS, "80-"):
        key_range = parse_key_range(shard)
        assert key_range is not None
        rows = resharding.on_server(KEYSPACE, shard, "SELECT id, customer_id, v FROM orders")
        for row, customer, value in rows:
            assert row not in found, "on one shard"
            assert key_range.holds(_key(customer)), "on its owner"
            found[row] = (customer, value)
    assert found == writer.oracle
    shards = {row[0] for row in resharding.sql(KEYSPACE, "show vitess_shards")}
    assert shards == {f"{KEYSPACE}/{shard}" for shard in (*TARGETS, "80-")}
    assert json.loads(resharding.ask("GetWorkflows", "--show-all", KEYSPACE))["workflows"] == []


@pytest.mark.invariant("SP-95")
def test_a_split_that_was_switched_goes_back_with_what_was_written_since(
    resharding: Vitess,
) -> None:
    driver = Driver(resharding)
    with Writer(resharding) as writer:
        driver.approve(Approval.START)
        result = driver.tick()
        assert ended_as(result) is TickEnd.AWAITS_CUTOVER
        assert result is not None
        assert any("IsPrimaryServing will be set to true" in line for line in result.foreseen)
        driver.approve(Approval.CUTOVER)
        assert ended_as(driver.tick()) is TickEnd.AWAITS_CLEANUP
        before = len(writer.oracle)
        while len(writer.oracle) < before + 5:
            assert writer._thread.is_alive()
        driver.ledger.split_jobs.ask(
            driver.job_id, JobRequestKind.ABANDON, asked_by="ada", now_s=3.0
        )
        assert ended_as(driver.tick()) is TickEnd.ABANDONED
    found = {
        row: (customer, value)
        for shard in (*SOURCES, "80-")
        for row, customer, value in resharding.on_server(
            KEYSPACE, shard, "SELECT id, customer_id, v FROM orders"
        )
    }
    assert found == writer.oracle
    for target in TARGETS:
        assert resharding.on_server(KEYSPACE, target, "SHOW TABLES") == ()


def _key(customer: int) -> bytes:
    return KEY_FUNCTIONS[KeyFunctionName.XXHASH].key(str(customer).encode())
