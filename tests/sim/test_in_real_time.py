"""Real threads, a real clock and a simulated fleet: how soon a running apply hears a request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pytest

from reconciler.drive.control import ask
from reconciler.drive.open import LastLook, RolloutOrder
from reconciler.drive.roll_out import roll_out
from reconciler.drive.shard.task import RolloutWorld
from reconciler.edges.clock import SystemClock
from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.edges.worker_pool import ThreadWorkerPool
from reconciler.ledger.reasons import NothingNewStarts
from reconciler.ledger.states import RequestKind, RequestState
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict, ControlOutcome
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Outcome
from reconciler.spec.model import RolloutSpec
from tests.sim.fleet import Fate, SimFleet, SimLocks, SimSessions, lock_wait
from tests.sim.plans import environment, plan_for

ROLLOUT = RolloutSpec(parallel=2, lock_retries=20)
HEARD_WITHIN_S = 15.0  # a poll is a quarter of a second; the rest is for slow machines
LONG_PAUSE = 40.0  # makes the pause behind the first try one of twenty seconds
PATIENCE_S = 30.0
HEARD = NothingNewStarts()  # says the driver


@dataclass
class WrongClock(SystemClock):
    off_s: float

    def now_s(self) -> float:
        return super().now_s() + self.off_s


@dataclass
class Running:
    """An apply in a thread of its own."""

    fleet: SimFleet
    ledger: SqlLedger
    interrupts: int = 0
    jitter: float = 1.0
    outcome: ApplyOutcome | None = None

    def run(self) -> None:
        world = RolloutWorld(
            sessions=SimSessions(self.fleet, Fate()),
            ledger=self.ledger,
            workers=ThreadWorkerPool(),
            clock=SystemClock(),
            jitter=lambda: self.jitter,
            interrupts=lambda: self.interrupts,
        )
        order = RolloutOrder(
            plan=self.fleet.plan,
            environment=environment(ROLLOUT),
            commit="c" * 40,
            holder="the driver",
            standings=self.fleet.standings(),
            basis=self.fleet.basis(),
            ask_gates=tuple,
            last_look=LastLook,
        )
        locks = SimLocks(self.fleet)
        self.outcome = roll_out(world, order, locks, on_progress=lambda event: None)

    def asked(self, kind: RequestKind, *, clock_is_off_s: float = 0.0) -> ControlOutcome:
        return ask(
            self.ledger,
            WrongClock(clock_is_off_s),
            environment="production",
            keyspace="commerce",
            kind=kind,
            asked_by="a person",
        )


@contextmanager
def running(
    fleet: SimFleet, folder: Path, *, jitter: float = 1.0
) -> Iterator[tuple[Running, Thread]]:
    ledger = open_ledger(None, default_file=folder / "ledger.sqlite")
    apply = Running(fleet, ledger, jitter=jitter)
    thread = Thread(target=apply.run)
    thread.start()
    try:
        yield apply, thread
    finally:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        ledger.close()


@pytest.mark.invariant("ST-8")
def test_a_stop_does_not_wait_for_the_pause_between_two_tries(tmp_path: Path) -> None:
    tried = Event()

    def answer(shard: str, statement: PlannedStatement) -> Outcome:
        tried.set()
        return lock_wait()

    fleet = SimFleet(plan_for(ROLLOUT), answer=answer)
    with running(fleet, tmp_path, jitter=LONG_PAUSE) as (apply, thread):
        assert tried.wait(PATIENCE_S)
        begun_s = time.monotonic()
        answered = apply.asked(RequestKind.STOP)
        thread.join(PATIENCE_S)
        took_s = time.monotonic() - begun_s
    assert answered.state is RequestState.APPLIED
    assert apply.outcome is not None
    assert apply.outcome.verdict is ApplyVerdict.STOPPED
    assert took_s < HEARD_WITHIN_S


@pytest.mark.invariant("ST-4")
@pytest.mark.parametrize("off_s", [3_600.0, -3_600.0])
def test_a_clock_that_is_an_hour_off_does_not_make_a_live_driver_look_dead(
    off_s: float, tmp_path: Path
) -> None:
    begun, go_on = Event(), Event()

    def answer(shard: str, statement: PlannedStatement) -> None:
        begun.set()
        assert go_on.wait(PATIENCE_S)

    fleet = SimFleet(plan_for(ROLLOUT), answer=answer)
    with running(fleet, tmp_path) as (apply, _):
        assert begun.wait(PATIENCE_S)
        answered = apply.asked(RequestKind.STOP, clock_is_off_s=off_s)
        go_on.set()
    assert (answered.state, answered.answer) == (RequestState.APPLIED, HEARD)
    assert apply.outcome is not None
    assert apply.outcome.problem is None
    assert apply.outcome.verdict is ApplyVerdict.STOPPED
