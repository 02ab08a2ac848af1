"""A step of the VSchema on a real Vitess: applied once, wherever vtctld dies meanwhile."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reconciler.drive.finalizer.run import run_finalizer
from reconciler.drive.finalizer.settle import settle_finalizer
from reconciler.drive.finalizer.task import FinalizerResult, FinalizerTask
from reconciler.drive.shard.task import RolloutWorld, StopSignal
from reconciler.edges.clock import SystemClock
from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.edges.vitess.keyspaces import VitessKeyspaces
from reconciler.edges.worker_pool import ThreadWorkerPool
from reconciler.edges.workers import ThreadWorkers
from reconciler.errors import Problem, Unavailable
from reconciler.ledger.model import Lease, NewApply, NewFinalizer, StoredFinalizer
from reconciler.ledger.states import OperationState
from reconciler.plan.model import VSchemaStep
from reconciler.plan.vschema_steps import vschema_steps
from reconciler.ports.keyspaces import VSchemas
from reconciler.spec.model import Connection, RolloutSpec, VitessCluster, Vtctld
from reconciler.vschema.live import live_vschema
from tests.vitess import Vitess

pytestmark = [pytest.mark.vitess, pytest.mark.invariant("FZ-8")]

S = OperationState
BY_HASH = {"column_vindexes": [{"columns": ["id"], "name": "by_hash"}]}


def routed(*tables: str) -> str:
    vindexes = {"by_hash": {"type": "xxhash"}}
    return json.dumps(
        {"sharded": True, "vindexes": vindexes, "tables": dict.fromkeys(tables, BY_HASH)}
    )


class QuickClock(SystemClock):
    """Its seconds last a tenth: what nobody does any more is not waited for in full."""

    def monotonic_s(self) -> float:
        return super().monotonic_s() * 10

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / 10)


@dataclass
class Held:
    """The locks of the apply: all there."""

    def is_held(self, shard: str) -> bool:
        return True


@dataclass
class Between:
    """The real port; right before and behind what is sent, something happens."""

    real: VSchemas
    before: Callable[[], None] = lambda: None
    behind: Callable[[], None] = lambda: None

    def vschema(self, cluster: VitessCluster) -> str:
        return self.real.vschema(cluster)

    def try_vschema(self, cluster: VitessCluster, text: str) -> str | Problem:
        return self.real.try_vschema(cluster, text)

    def apply_vschema(self, cluster: VitessCluster, text: str) -> None:
        self.before()
        self.real.apply_vschema(cluster, text)
        self.behind()


class Stage:
    """One keyspace of its own with one table, and a step that adds a second."""

    def __init__(self, vitess: Vitess, ledger: SqlLedger, root: Path) -> None:
        self.vitess = vitess
        self.ledger = ledger
        self.keyspace = vitess.keyspace(vschema=routed("orders"))
        login = vitess.cluster.logins.admin
        self.cluster = VitessCluster(
            vtgate=Connection(
                host="127.0.0.1",
                port=str(vitess.cluster.vtgate_port),
                user=login.user,
                password=login.password,
            ),
            vtctld=Vtctld(address=vitess.cluster.vtctld_address),
            keyspace=self.keyspace,
        )
        self.real = VitessKeyspaces(environ={}, root=root, workers=ThreadWorkers())
        before = live_vschema(self.real.vschema(self.cluster))
        (self.step,) = vschema_steps(before, live_vschema(routed("orders", "users")))
        self.lease = self._begun(self.step)

    def _begun(self, step: VSchemaStep) -> Lease:
        new = NewFinalizer(moment=step.moment, before=step.before, after=step.after)
        return self.ledger.begin(
            NewApply(
                environment="production",
                keyspace=self.keyspace,
                plan_id="sha256:1",
                commit="c" * 40,
                waves=(),
                operations=(),
                finalizers=(new,),
            ),
            holder="tests",
            now_s=1.0,
        )

    @property
    def row(self) -> StoredFinalizer:
        (row,) = self.ledger.finalizers(self.lease.apply_id)
        return row

    @property
    def live(self) -> str:
        return live_vschema(self.real.vschema(self.cluster)).fingerprint

    def task(self, vschemas: VSchemas | None = None) -> FinalizerTask:
        return FinalizerTask(
            step=self.step,
            row=self.row,
            vschemas=vschemas or self.real,
            cluster=self.cluster,
            keyspace=self.keyspace,
            shards=("-80", "80-"),
            rollout=RolloutSpec(lock_retries=0),
        )

    def world(self) -> RolloutWorld:
        return RolloutWorld(
            sessions=None,  # type: ignore[arg-type]  # no shard is looked at
            ledger=self.ledger,
            workers=ThreadWorkerPool(),
            clock=QuickClock(),
            jitter=random.random,
            interrupts=lambda: 0,
        )

    def run(self, vschemas: VSchemas | None = None) -> FinalizerResult:
        return run_finalizer(self.world(), self.task(vschemas), self.lease, Held(), StopSignal())

    def settle(self) -> FinalizerResult:
        return settle_finalizer(self.world(), self.task(), self.lease, StopSignal(), times=1)


@pytest.fixture
def stage(vitess: Vitess, tmp_path: Path) -> Iterator[Stage]:
    ledger = open_ledger(None, default_file=tmp_path / "ledger.sqlite")
    yield Stage(vitess, ledger, tmp_path)
    ledger.close()


def test_it_is_applied_and_routes(stage: Stage) -> None:
    assert stage.run().row.state is S.COMPLETED
    assert stage.live == stage.step.after
    assert (stage.row.state, stage.row.attempts) == (S.COMPLETED, 1)
    stage.vitess.sql(stage.keyspace, "CREATE TABLE users (id bigint NOT NULL PRIMARY KEY)")
    stage.vitess.sql(stage.keyspace, "INSERT INTO users (id) VALUES (1), (2), (3), (4)")
    assert stage.vitess.sql(stage.keyspace, "SELECT count(*) FROM users") == ((4,),)


def test_one_that_is_in_effect_is_not_sent(stage: Stage) -> None:
    stage.vitess.ask("ApplyVSchema", f"--vschema={routed('orders', 'users')}", stage.keyspace)

    def fails() -> None:
        raise AssertionError("it was sent")

    assert stage.run(Between(stage.real, before=fails)).row.state is S.COMPLETED
    assert stage.row.attempts == 0


def test_somebodys_change_stands_and_nothing_is_sent(stage: Stage) -> None:
    stage.vitess.ask("ApplyVSchema", f"--vschema={routed('orders', 'strangers')}", stage.keyspace)
    result = stage.run()
    assert result.row.state is S.FAILED
    assert result.row.problem is not None
    assert result.row.problem.code == "vschema-drift"
    assert stage.live == live_vschema(routed("orders", "strangers")).fingerprint


@pytest.mark.invariant("FZ-3")
def test_without_vtctld_it_stays_open_and_goes_on_when_that_is_back(stage: Stage) -> None:
    stage.vitess.kill("vtctld")
    result = stage.run(Impatient(stage.real))
    assert result.row.state is S.FAILED_RETRYABLE
    stage.vitess.start_again("vtctld")
    assert stage.run().row.state is S.COMPLETED
    assert stage.live == stage.step.after


@dataclass
class Impatient:
    """As the port when nobody answers, without the minute that it waits for it."""

    real: VSchemas

    def vschema(self, cluster: VitessCluster) -> str:
        raise Unavailable(Problem(code="x", message="vtctld does not answer", recovery="start it"))

    def try_vschema(self, cluster: VitessCluster, text: str) -> str | Problem:
        return self.real.try_vschema(cluster, text)

    def apply_vschema(self, cluster: VitessCluster, text: str) -> None:
        self.real.apply_vschema(cluster, text)


@pytest.mark.invariant("FZ-9")
@pytest.mark.invariant("ST-10")
@pytest.mark.parametrize("dies", ["before", "behind"])
def test_what_is_sent_when_vtctld_dies_is_settled_by_looking(stage: Stage, dies: str) -> None:
    """Behind it: written, and the answer is lost. Before it: never there."""

    def kill() -> None:
        stage.vitess.kill("vtctld")
        if dies == "behind":
            raise Unavailable(Problem(code="x", message="the answer was lost", recovery="y"))

    between = Between(stage.real, **{dies: kill})
    result = stage.run(between)
    assert result.row.state is S.UNKNOWN
    stage.vitess.start_again("vtctld")
    was_applied = stage.live == stage.step.after
    assert was_applied == (dies == "behind")
    settled = stage.settle().row
    assert settled.state is (S.COMPLETED if was_applied else S.PENDING)
    if not was_applied:
        assert stage.run().row.state is S.COMPLETED
    assert stage.live == stage.step.after
    assert stage.row.attempts == (1 if was_applied else 2)


@pytest.mark.invariant("FZ-6")
def test_what_vitess_refuses_is_told_in_its_words_and_never_sent(stage: Stage) -> None:
    stage.step = replace(stage.step, document=routed("orders").replace("xxhash", "hush"))
    result = stage.run()
    assert result.row.state is S.FAILED
    assert result.row.problem is not None
    assert "hush" in result.row.problem.message
    assert stage.live == stage.step.before
