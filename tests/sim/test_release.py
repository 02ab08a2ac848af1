"""What a release opens: the gate that an apply waits at, and never one that is still to come."""

from __future__ import annotations

import itertools

import pytest

from reconciler.drive.open import Releases
from reconciler.ledger.model import Request
from reconciler.ledger.reasons import NothingToRelease
from reconciler.ledger.states import Hold, RequestKind, RequestState
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.plan.model import PlannedStatement
from reconciler.report.reason_words import answer_words
from reconciler.spec.model import RolloutSpec, WaveShare
from tests.series import series
from tests.sim.fleet import SimFleet
from tests.sim.plans import SHARDS, plan_for
from tests.sim.run import Simulation
from tests.sim.watching import asked, touched

GATED = RolloutSpec(
    canary=("-40",),
    waves=(WaveShare(percent=50), WaveShare(percent=100)),
    parallel=1,
    gate=True,
)
FIRST, SECOND = {"-40"}, {"-40", "40-80"}


def simulation() -> Simulation:
    plan = plan_for(GATED)
    return Simulation(plan=plan, rollout=GATED, fleet=SimFleet(plan))


def waves_begun(sim: Simulation) -> int:
    return sum(1 for wave in sim.plan.core.waves if touched(sim) & set(wave))


def stopped_in_the_first_wave() -> Simulation:
    sim = simulation()
    sim.fleet.answer = lambda shard, statement: setattr(sim, "interrupts", 1)
    assert sim.run().verdict is ApplyVerdict.STOPPED
    assert touched(sim) == FIRST
    sim.interrupts = 0
    sim.fleet.answer = lambda shard, statement: None
    return sim


@pytest.mark.invariant("GT-3")
def test_a_release_of_a_stopped_apply_is_refused_and_says_what_goes_on() -> None:
    sim = stopped_in_the_first_wave()
    answer = asked(sim, RequestKind.RELEASE)
    assert answer.state is RequestState.REFUSED
    assert answer.answer == NothingToRelease(Hold.NONE)
    assert "waits at no gate; `reconciler resume` goes on" in answer_words(answer.answer)
    assert sim.run(releases=Releases.WHAT_HOLDS).verdict is ApplyVerdict.PAUSED
    assert touched(sim) == FIRST


@pytest.mark.invariant("GT-3")
def test_a_release_while_it_runs_is_refused_by_the_driver() -> None:
    sim = simulation()
    requests: list[Request] = []

    def answer(shard: str, statement: PlannedStatement) -> None:
        if not requests:
            kind = RequestKind.RELEASE
            requests.append(sim.ledger.ask(1, kind, asked_by="a person", now_s=0.0))

    sim.fleet.answer = answer
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert touched(sim) == FIRST
    (request,) = sim.ledger.requests(1)
    assert request.state is RequestState.REFUSED
    assert request.answer == NothingToRelease(Hold.NONE, is_driven=True)


@pytest.mark.invariant("GT-3")
def test_a_stop_at_a_gate_and_two_releases_open_that_gate_alone() -> None:
    sim = simulation()
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert asked(sim, RequestKind.STOP).state is RequestState.APPLIED
    assert asked(sim, RequestKind.RELEASE).state is RequestState.APPLIED
    assert asked(sim, RequestKind.RELEASE).state is RequestState.SUPERSEDED
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert touched(sim) == SECOND


@pytest.mark.invariant("GT-3")
@pytest.mark.parametrize(
    "order",
    series(
        (order,)
        for order in sorted(
            set(itertools.permutations(("stop", "release", "stop", "release", "run")))
        )
    ),
)
def test_no_order_of_stops_releases_and_runs_passes_a_gate_that_was_not_waited_at(
    order: tuple[str, ...],
) -> None:
    """From the first gate on: each that is passed was released while the apply waited at it."""
    sim = simulation()
    sim.run()
    released = False
    for step in (*order, "run"):
        waiting = waves_begun(sim)
        match step:
            case "run":
                sim.run()
                assert waves_begun(sim) - waiting == int(released)
                released = False
            case "release":
                answer = asked(sim, RequestKind.RELEASE)
                assert (answer.state is RequestState.APPLIED) == (not released)
                released = True
            case _:
                asked(sim, RequestKind.STOP)
        if touched(sim) == set(SHARDS):
            return


@pytest.mark.invariant("GT-3")
def test_stop_release_resume_in_a_running_wave_meets_the_next_gate() -> None:
    sim = stopped_in_the_first_wave()
    for _ in range(3):
        asked(sim, RequestKind.RELEASE)
        asked(sim, RequestKind.STOP)
    assert sim.run(releases=Releases.WHAT_HOLDS).verdict is ApplyVerdict.PAUSED
    assert touched(sim) == FIRST
    assert sim.run(releases=Releases.WHAT_HOLDS).verdict is ApplyVerdict.PAUSED
    assert touched(sim) == SECOND
