"""A shard of a real keyspace is split by Vitess, driven by ticks, under writers."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

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
from reconciler.model.server import Flavor
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import Approval, JobRequestKind, NewSplitJob, SplitEngine, SplitJob
from reconciler.reshard.phases import Phase
from reconciler.reshard.vitess.work import ReshardWork
from tests.integration.chaos.vitess_stage import CrashableCluster, crashable_cluster
from tests.integration.vitess.reshard_writer import Writer, check_orders
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
SERVERS_KILLED = 3


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
        work = ReshardWork(job=0, identity="", sources=SOURCES, targets=TARGETS, tables=TABLES)
        reshards = VitessReshards(environ=os.environ, root=Path("/"))
        seen = reshards.look(cluster_of(self.vitess, KEYSPACE), work, comparison=None)
        self.definitions = {one.table: one.columns for one in seen.ground}
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

    def ask(self, kind: JobRequestKind) -> None:
        self.ledger.split_jobs.ask(self.job_id, kind, asked_by="ada", now_s=3.0)

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
            definitions=self.definitions,
            switch_s=60,
            grace_s=0.0,
            retain_s=0.0,
            approvals=frozenset(Approval),
            runtime_s=1_200.0,
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
    with Writer(resharding, KEYSPACE) as writer:
        for number in range(KILLS_MAX):
            driver.tick(Fate(kill_at=4 + number % 4), holder=f"tick {number}")
            if driver.job.phase is Phase.DONE:
                break
        else:
            assert ended_as(driver.tick()) is TickEnd.DONE
    check_orders(resharding, KEYSPACE, (*TARGETS, "80-"), writer.oracle)
    shards = {row[0] for row in resharding.sql(KEYSPACE, "show vitess_shards")}
    assert shards == {f"{KEYSPACE}/{shard}" for shard in (*TARGETS, "80-")}
    assert json.loads(resharding.ask("GetWorkflows", "--show-all", KEYSPACE))["workflows"] == []


def retried_behind_a_vschema_that_was_changed(driver: Driver) -> None:
    """Between the opening of the job and its first step, and back."""
    changed = VSCHEMA.replace("xxhash", "reverse_bits")
    driver.vitess.ask("ApplyVSchema", f"--vschema={changed}", KEYSPACE)
    for _ in range(2):
        assert ended_as(driver.tick()) is TickEnd.FAILED
        assert driver.job.problem is not None
        assert driver.job.problem.code == "reshard-definition-changed"
        driver.ask(JobRequestKind.RETRY)
    driver.vitess.ask("ApplyVSchema", f"--vschema={VSCHEMA}", KEYSPACE)


@pytest.mark.invariant("SP-95")
@pytest.mark.invariant("SP-102")
def test_a_split_that_was_switched_goes_back_with_what_was_written_since(
    resharding: Vitess,
) -> None:
    driver = Driver(resharding)
    driver.approve(Approval.START)
    retried_behind_a_vschema_that_was_changed(driver)
    with Writer(resharding, KEYSPACE) as writer:
        result = driver.tick()
        assert ended_as(result) is TickEnd.AWAITS_CUTOVER
        assert result is not None
        assert any("IsPrimaryServing will be set to true" in line for line in result.foreseen)
        driver.approve(Approval.CUTOVER)
        assert ended_as(driver.tick()) is TickEnd.AWAITS_CLEANUP
        before = len(writer.oracle)
        while len(writer.oracle) < before + 5:
            assert writer.is_writing
        driver.ask(JobRequestKind.ABANDON)
        assert ended_as(driver.tick()) is TickEnd.ABANDONED
    check_orders(resharding, KEYSPACE, (*SOURCES, "80-"), writer.oracle)
    for target in TARGETS:
        assert resharding.on_server(KEYSPACE, target, "SHOW TABLES") == ()


@dataclass
class ServerKiller:
    """Servers by chance, each while the driver goes on, and away for one of its calls."""

    cluster: CrashableCluster
    chance: Random
    calls_left: int = 2
    killed: int = 0
    down: int | None = None

    def __call__(self, label: str) -> None:
        """Before each call of a driver."""
        if not label.startswith("vitess."):
            return
        self.calls_left -= 1
        if self.down is not None:
            self.bring_back()
        elif self.killed < SERVERS_KILLED and self.calls_left <= 0:
            time.sleep(self.chance.random())
            self.killed += 1
            self.calls_left = self.chance.randint(2, 16)
            self.down = self.chance.choice(sorted(self.cluster.crashable))
            self.cluster.crashable[self.down].kill()

    def bring_back(self) -> None:
        if self.down is not None:
            self.cluster.crashable[self.down].start()
            self.down = None


@pytest.mark.invariant("SP-91")
def test_rows_are_on_their_owners_though_servers_behind_tablets_are_killed() -> None:
    """What Vitess gives up for it, a person has tried again."""
    with crashable_cluster(2) as cluster:
        cluster.add_keyspace(SHOP)
        vitess = _filled(cluster)
        driver, killer = Driver(vitess), ServerKiller(cluster, Random(13))
        driver.approve(*Approval)
        with Writer(vitess, KEYSPACE) as writer:
            for number in range(KILLS_MAX):
                result = driver.tick(Fate(moment=killer), holder=f"tick {number}")
                killer.bring_back()
                if driver.job.phase is Phase.DONE:
                    break
                if ended_as(result) is TickEnd.FAILED:
                    driver.ask(JobRequestKind.RETRY)
            else:
                raise AssertionError(f"it never ends: {driver.job}")
        assert killer.killed
        check_orders(vitess, KEYSPACE, (*TARGETS, "80-"), writer.oracle)
