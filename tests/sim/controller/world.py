"""Replicas of a controller over one ledger, and applies that take time and can be killed.

What an apply is here is as little as its neighbours can tell of it: a lock that ends with its
process, a lease and rows in the real ledger, statements that take effect once because each looks
first. Whether the real one is safe is asked in other simulations; here it is asked what is begun.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import cast

from reconciler.controller.model import Place
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.flows.controller.loop import Controller
from reconciler.flows.controller.wanted import wanted_of
from reconciler.flows.controller.world import ControllerWorld
from reconciler.flows.keyspaces import Loaded
from reconciler.ledger.model import (
    EventEntry,
    Lease,
    NewApply,
    NewOperation,
    OperationEntry,
    StoredApply,
)
from reconciler.ledger.reasons import Begun, NothingNewStarts, TakenUp
from reconciler.ledger.states import (
    FINISHED,
    ApplyState,
    Hold,
    OperationState,
    RequestKind,
    RequestState,
)
from reconciler.model.object_id import table_id
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.controller import ControllerEvent, Snapshot
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.ports.clock import WorkEnded, WorkerPoolNews
from reconciler.ports.controller import ControllerLease
from reconciler.ports.ledger import Ledger
from reconciler.rollout.hold import release
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.model import Environment
from tests.offline_fleet import Files, repository
from tests.sim.run import memory_ledger

SHARDS = ("-40", "40-80", "80-c0", "c0-")
SPEC = """\
version: 1
keyspace: {keyspace}
schema: schemas/shop
environments:
  staging:
    connection: {{host: "stage-{keyspace}-{{shard}}", database: d, user: u}}
    shards: {{count: 2}}
  production:
    connection: {{host: "db-{keyspace}-{{shard}}", database: d, user: u}}
    shards: {{count: 2}}
    drift: {{every: 10m}}
"""

Steps = Generator[None, None, ApplyOutcome | KeyspaceFailed]


def files(definition: str, *keyspaces: str) -> Files:
    made = repository(definition, spec=SPEC.format(keyspace="shop"))
    for keyspace in keyspaces:
        made.content[f"specs/{keyspace}.yaml"] = SPEC.format(keyspace=keyspace).encode()
    return made


@dataclass
class SimWorld:
    """`runs` counts what took effect, `attempts` are the applies that were begun, by place. `gated`
    holds each apply after its first statement, for a person; `is_shut`, until a window opens;
    `broken` refuses it. Specs of keyspaces that are `unreviewed` open no ledger."""

    random: Random
    ledger: SqlLedger = field(default_factory=memory_ledger)
    now_s: float = 1_000_000.0
    commit: str = "1" * 40
    trees: dict[str, Files] = field(default_factory=dict)
    runs: Counter[tuple[Place, str, str]] = field(default_factory=Counter)
    locks: dict[Place, Replica] = field(default_factory=dict)
    attempts: Counter[Place] = field(default_factory=Counter)
    looks: Counter[Place] = field(default_factory=Counter)
    crowded: int = 0
    gated: bool = False
    is_shut: bool = False
    broken: set[Place] = field(default_factory=set)
    is_remote_down: bool = False
    remote_fault: Exception | None = None
    ledger_fault: Exception | None = None
    unreviewed: set[str] = field(default_factory=set)
    replicas: list[Replica] = field(default_factory=list)

    def start(self, *, off_s: float = 0.0) -> Replica:
        replica = Replica(self, f"replica {len(self.replicas)}", off_s)
        self.replicas.append(replica)
        return replica

    def merge(self, definition: str, *keyspaces: str) -> None:
        self.commit = f"{len(self.trees) + 1:040x}"
        self.trees[self.commit] = files(definition, *keyspaces)

    def pass_by(self, seconds: int) -> None:
        for _ in range(seconds):
            for replica in self.replicas:
                if replica.is_alive:
                    replica.step()
            self.now_s += 1.0

    def passes_until(self, holds: Callable[[], bool], *, within_s: int) -> int:
        """After how many seconds."""
        for second in range(within_s):
            if holds():
                return second
            self.pass_by(1)
        raise AssertionError(f"did not come true within {within_s} s")

    @property
    def leaders(self) -> list[Replica]:
        return [one for one in self.replicas if one.is_alive and one.seen and one.seen.led]

    def latest(self, place: Place) -> StoredApply:
        return self.ledger.applies(place.environment, keyspace=place.keyspace, limit=1)[0]

    def is_done(self, *places: Place) -> bool:
        found = (
            self.ledger.applies(place.environment, keyspace=place.keyspace, limit=1)
            for place in places
        )
        return all(rows and rows[0].state is ApplyState.COMPLETED for rows in found)

    def latest_is(self, place: Place, state: ApplyState) -> bool:
        found = self.ledger.applies(place.environment, keyspace=place.keyspace, limit=1)
        return bool(found) and found[0].state is state

    def is_settled(self, places: tuple[Place, ...]) -> bool:
        """What the last commit asks for has run on every shard, and is recorded as done."""
        leading = [one.seen for one in self.leaders if one.seen and one.seen.commit == self.commit]
        works = {view.wanted.place: view.wanted.work for seen in leading for view in seen.places}
        return self.is_done(*places) and all(
            works.get(place) == self.latest(place).plan_id for place in places
        )

    def ask(self, place: Place, kind: RequestKind) -> None:
        """As a person does; where nobody drives, who asks carries it out."""
        stored = self.latest(place)
        request = self.ledger.ask(stored.apply_id, kind, asked_by="me", now_s=self.now_s)
        if place in self.locks:
            return
        if kind is RequestKind.RELEASE:
            lease = self.ledger.take_over(stored.apply_id, holder="me", now_s=self.now_s)
            after = release(stored, self.ledger.operations(stored.apply_id))
            assert after is not None
            self.ledger.settle(lease, after)
            self.ledger.give_up(lease, now_s=self.now_s)
        self.ledger.answer(request.request_id, RequestState.APPLIED, NothingNewStarts())


@dataclass
class SimClockOf:
    """A replica's clock: its time of day is wrong by `off_s`."""

    world: SimWorld
    off_s: float

    def now_s(self) -> float:
        return self.world.now_s + self.off_s

    def monotonic_s(self) -> float:
        return self.world.now_s

    def sleep(self, seconds: float) -> None:
        raise AssertionError("the loop waits for news, and sleeps never")


@dataclass
class SimPool:
    """Each wait is a second, in which every piece of work does a step."""

    news: list[WorkerPoolNews] = field(default_factory=list)
    steps: dict[str, Steps] = field(default_factory=dict)

    def start(self, name: str, work: Callable[[], object]) -> None:
        try:
            value = work()
        except Exception as error:
            self.news.append(WorkEnded(name=name, error=error))
            return
        if isinstance(value, Generator):
            self.steps[name] = value
        else:
            self.news.append(WorkEnded(name=name, value=value))

    def tell(self, event: object) -> None:
        raise AssertionError("errands have their own way to tell")

    def wait(self, timeout_s: float) -> list[WorkerPoolNews]:
        for name, steps in list(self.steps.items()):
            try:
                next(steps)
            except StopIteration as ended:
                del self.steps[name]
                self.news.append(WorkEnded(name=name, value=ended.value))
        told, self.news = self.news, []
        return told


class Replica:
    """One process. `kill` leaves everything as it is, but what ends with its connections."""

    def __init__(self, world: SimWorld, name: str, off_s: float) -> None:
        self.world, self.name = world, name
        self.interrupts = 0
        self.is_alive = True
        self.is_nudged = False
        self.seen: Snapshot | None = None
        self.events: list[ControllerEvent] = []
        self.clock = SimClockOf(world, off_s)
        self.controller = Controller(
            ControllerWorld(
                remote=self,
                tip=lambda: world.commit,
                load=self._load,
                ledgers=self,
                errands=self,
                pool=SimPool(),
                clock=self.clock,
                chance=world.random.random,
                interrupts=lambda: self.interrupts,
                nudged=self._nudged,
                publish=self._publish,
                tell=self.events.append,
                holder=name,
            )
        )

    def step(self) -> None:
        self.controller.step()
        if self.controller.has_ended:
            self.controller.run()  # nothing is left but to say good-bye
            self.is_alive = False

    def kill(self) -> None:
        self.is_alive = False
        for place in [p for p, holder in self.world.locks.items() if holder is self]:
            del self.world.locks[place]

    def _load(self, commit: str) -> Loaded:
        tree = self.world.trees[commit]
        return Loaded(root=Path(), tree=tree, keyspaces=load_repository(tree))

    def _nudged(self) -> bool:
        was, self.is_nudged = self.is_nudged, False
        return was

    def _publish(self, snapshot: Snapshot) -> None:
        self.seen = snapshot

    # --- Remote, Ledgers ---

    def fetch(self) -> None:
        if self.world.remote_fault is not None:
            raise self.world.remote_fault
        if self.world.is_remote_down:
            raise Unavailable(Problem(code="fetch-failed", message="down", recovery="wait"))

    def key(self, environment: Environment) -> str:
        return ""

    def open(
        self, files: DesiredFiles, environment: Environment, commit: str
    ) -> tuple[Ledger, ControllerLease]:
        if self.world.ledger_fault is not None:
            raise self.world.ledger_fault
        if files.spec.keyspace in self.world.unreviewed:
            raise Refused(Problem(code="not-approved", message="nobody", recovery="ask somebody"))
        return self.world.ledger, self.world.ledger.controller_lease

    # --- Errands ---

    def apply(self, place: Place, commit: str, *, is_again: bool) -> ApplyOutcome:
        self.world.attempts[place] += 1
        wanted = wanted_of(self._load(commit), commit)
        work = next(one.work for one in wanted if one.place == place)
        # Steps in place of an outcome: the pool goes through them.
        return cast(ApplyOutcome, _apply(self, place, work))

    def look_for_drift(
        self, place: Place, commit: str, every: frozenset[Place]
    ) -> DriftOutcome | KeyspaceFailed:
        self.world.looks[place] += 1
        return DriftOutcome(environment=place.environment, keyspace=place.keyspace, groups=())


def _apply(replica: Replica, place: Place, work: str) -> Steps:
    world = replica.world
    ended = partial(ApplyOutcome, environment=place.environment, keyspace=place.keyspace)
    yield
    if place in world.locks or place in world.broken:
        world.crowded += place in world.locks
        return ended(verdict=ApplyVerdict.REFUSED)
    ledger = world.ledger
    stored = ledger.unfinished(place.environment, place.keyspace)
    if stored is not None and stored.plan_id != work:
        return ended(verdict=ApplyVerdict.REFUSED)
    if stored is None and all(world.runs[place, work, shard] for shard in SHARDS):
        return ended(verdict=ApplyVerdict.NOTHING_TO_DO)
    try:
        lease = _lease(replica, place, work, stored)
    except Refused:  # a person has stopped or ended it
        return ended(verdict=ApplyVerdict.REFUSED)
    world.locks[place] = replica
    for shard in SHARDS:
        row = next(r for r in ledger.operations(lease.apply_id) if r.shard == shard)
        if row.state is OperationState.COMPLETED:
            continue
        if (verdict := _held(replica, lease, shard)) is not None:
            ledger.give_up(lease, now_s=replica.clock.now_s())
            del world.locks[place]
            return ended(verdict=verdict)
        ledger.record(lease, [OperationEntry(row=replace(row, state=OperationState.RUNNING))])
        for _ in range(world.random.randrange(1, 4)):
            ledger.heartbeat(lease, now_s=replica.clock.now_s())
            yield
        if not world.runs[place, work, shard]:  # as the look before each statement finds
            world.runs[place, work, shard] += 1
        yield
        row = next(r for r in ledger.operations(lease.apply_id) if r.shard == shard)
        done = replace(row, state=OperationState.COMPLETED, statements_done=1)
        ledger.record(lease, [OperationEntry(row=done)])
    _settle(world, lease, state=ApplyState.COMPLETED, hold=Hold.NONE)
    ledger.give_up(lease, now_s=replica.clock.now_s())
    del world.locks[place]
    return ended(verdict=ApplyVerdict.COMPLETED)


def _lease(replica: Replica, place: Place, work: str, stored: StoredApply | None) -> Lease:
    ledger, now_s = replica.world.ledger, replica.clock.now_s()
    if stored is None:
        new = _new_apply(place, work)
        lease = ledger.begin(new, holder=replica.name, now_s=now_s, stays_ended=FINISHED)
        ledger.record(lease, [EventEntry(at_s=now_s, what=Begun(replica.name))])
    else:
        taken = ledger.go_on(stored.apply_id, holder=replica.name, now_s=now_s, asked_by=None)
        lease = taken.lease
        ledger.record(lease, [EventEntry(at_s=now_s, what=TakenUp(replica.name))])
    _settle(replica.world, lease, state=ApplyState.RUNNING, hold=Hold.NONE)
    return lease


def _held(replica: Replica, lease: Lease, shard: str) -> ApplyVerdict | None:
    """Why nothing new is begun."""
    world = replica.world
    for request in world.ledger.requests(lease.apply_id, RequestState.PENDING):
        assert request.kind is RequestKind.STOP
        answer = NothingNewStarts()
        world.ledger.answer(request.request_id, RequestState.APPLIED, answer)
        _settle(world, lease, state=ApplyState.STOPPED, hold=Hold.NONE)
        return ApplyVerdict.STOPPED
    if replica.interrupts:
        _settle(world, lease, state=ApplyState.STOPPED, hold=Hold.NONE)
        return ApplyVerdict.STOPPED
    if world.is_shut and shard != SHARDS[0]:
        _settle(world, lease, state=ApplyState.PAUSED, hold=Hold.GUARD)
        return ApplyVerdict.PAUSED
    stored = world.ledger.apply(lease.apply_id)
    assert stored is not None
    if world.gated and shard != SHARDS[0] and not stored.gates_open:
        _settle(world, lease, state=ApplyState.PAUSED, hold=Hold.GATE)
        return ApplyVerdict.PAUSED
    return None


def _settle(world: SimWorld, lease: Lease, *, state: ApplyState, hold: Hold) -> None:
    stored = world.ledger.apply(lease.apply_id)
    assert stored is not None
    world.ledger.settle(lease, replace(stored, state=state, hold=hold))


def _new_apply(place: Place, work: str) -> NewApply:
    return NewApply(
        environment=place.environment,
        keyspace=place.keyspace,
        plan_id=work,
        commit="c" * 40,
        waves=(SHARDS[:1], SHARDS[1:]),
        operations=tuple(
            NewOperation(
                shard=shard,
                object_id=table_id("users"),
                wave=1 + bool(number),
                position=number,
                statements=1,
            )
            for number, shard in enumerate(SHARDS)
        ),
    )
