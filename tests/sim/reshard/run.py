"""A Reshard of a simulated keyspace, under writers, driven by ticks that may die."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from reconciler.drive.split.reshard_tick import ReshardOrder, ReshardWorld, run_reshard_tick
from reconciler.drive.split.world import TickResult
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.model.fleet import parse_key_range
from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.job import Approval, JobRequestKind, NewSplitJob, SplitEngine, SplitJob
from reconciler.reshard.phases import ENDED, Phase
from reconciler.spec.model import Connection, VitessCluster, Vtctld
from tests.sim.reshard.vitess import PLANNED, TABLE, Shard, SimVitess
from tests.sim.run import memory_ledger
from tests.sim.split.fate import Fate, ProcessKilled
from tests.sim.split.run import SimClock

PLAN = "sha256:" + "d" * 64
CLUSTER = VitessCluster(vtgate=Connection(), vtctld=Vtctld(address="h:1"), keyspace="shop")
TICKS_MAX = 40
#: Of any step, and more than any has.
PARTS_MAX = 12


@dataclass
class ReshardSimulation:
    """`oracle` is what the application was told is committed; `interrupts` how often somebody asked
    the process to end."""

    random: Random
    sources: tuple[str, ...] = ("-80",)
    targets: tuple[str, ...] = ("-40", "40-80")
    writes: float = 0.5
    clock: SimClock = field(default_factory=SimClock)
    ledger: SqlLedger = field(default_factory=memory_ledger)
    oracle: dict[int, int] = field(default_factory=dict)
    interrupts: int = 0

    def __post_init__(self) -> None:
        serving = {name: Shard(serves=True, writable=True) for name in (*self.sources, "80-")}
        empty = {name: Shard(serves=False, writable=False) for name in self.targets}
        self.vitess = SimVitess({**serving, **empty}, moment=self.moment)
        for one in serving.values():
            one.tables.add(TABLE)
        for key in range(0, 256, 16):
            assert self.vitess.write(key, key)
            self.oracle[key] = key
        new = NewSplitJob(
            environment="production",
            keyspace="shop",
            plan_id=PLAN,
            commit="c" * 40,
            engine=SplitEngine.VITESS_RESHARD,
            sources=self.sources,
            targets=self.targets,
            expected_version=0,
        )
        opened = self.ledger.split_jobs.open(new, holder="opener", now_s=self.clock.now_s())
        self.job_id = opened.job_id

    @property
    def job(self) -> SplitJob:
        found = self.ledger.split_jobs.job(self.job_id)
        assert found is not None
        return found

    def moment(self) -> None:
        """Somebody writes, and no key has two owners that take writes."""
        self.clock.time_s += 0.01
        for key in range(0, 256, 8):
            assert len(self.vitess.writers_at(key)) <= 1, f"two shards take writes of {key}"
        if self.random.random() < self.writes:
            key, value = self.random.randrange(256), self.random.randrange(10**6)
            if self.vitess.write(key, value):
                self.oracle[key] = value

    def run(
        self, fate: Fate | None = None, *, holder: str = "me", runtime_s: float = 200.0
    ) -> TickResult | None:
        """None: the process was killed."""
        fate = fate or Fate()
        world = ReshardWorld(
            jobs=fate.wrap(self.ledger.split_jobs, "jobs"),
            reshards=fate.wrap(self.vitess, "vitess"),
            clock=self.clock,
            interrupts=lambda: self.interrupts,
        )
        order = ReshardOrder(
            job_id=self.job_id,
            holder=holder,
            identity=PLAN.removeprefix("sha256:"),
            cluster=CLUSTER,
            definitions={TABLE: PLANNED},
            switch_s=5,
            grace_s=0.0,
            retain_s=0.0,
            approvals=frozenset(Approval),
            runtime_s=runtime_s,
        )
        try:
            return run_reshard_tick(world, order)
        except ProcessKilled:
            return None

    def approve(self, *approvals: Approval) -> None:
        for one in approvals or tuple(Approval):
            self.ledger.split_jobs.approve(
                self.job_id, one, plan_id=PLAN, by="ada", now_s=self.clock.now_s()
            )

    def ask(self, kind: JobRequestKind) -> None:
        now_s = self.clock.now_s()
        self.ledger.split_jobs.ask(self.job_id, kind, asked_by="ada", now_s=now_s)

    def cut(
        self, step: ReshardStep, parts: int, *, then: Callable[[], None] = lambda: None
    ) -> None:
        """The first time that it is sent, so many of its parts are done, and nobody answers."""
        vitess, send = self.vitess, self.vitess.carry_out

        def carry_out(*args: object, **options: object) -> object:
            if args[2] is step and step not in vitess.sent:
                vitess.cut_after = parts
                then()
            return send(*args, **options)  # type: ignore[arg-type]

        vitess.carry_out = carry_out  # type: ignore[method-assign, assignment]

    def ended(self) -> Phase:
        """By ticks that nothing happens to."""
        for number in range(TICKS_MAX):
            if self.job.phase in ENDED:
                self.check()
                return self.job.phase
            if self.job.phase is Phase.FAILED:
                self.ask(JobRequestKind.RETRY)
            self.run(holder=f"tick {number}")
        raise AssertionError(f"no end in {TICKS_MAX} ticks: {self.job}")

    def check(self) -> None:
        """Each row is on the shard that serves it, as the application was told, and nothing that
        this job made is left but what serves."""
        done = self.job.phase is Phase.DONE
        serving = {name for name, one in self.vitess.shards.items() if one.serves}
        assert serving == {*(self.targets if done else self.sources), "80-"}
        assert not self.vitess.forward
        assert not self.vitess.back
        for name in serving:
            found = self.vitess.shards[name]
            assert found.writable
            wanted = {
                key: value for key, value in self.oracle.items() if name in _owners(serving, key)
            }
            assert found.rows == wanted, name
        if not done:
            left = [self.vitess.shards[name] for name in self.targets if name in self.vitess.shards]
            assert not any(one.tables for one in left)


def _owners(serving: set[str], key: int) -> list[str]:
    return [
        name
        for name in serving
        if (found := parse_key_range(name)) is not None and found.holds(bytes([key]))
    ]
