"""Every gate is asked again right before each wave, and what it says then is what counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.drive.open import Releases
from reconciler.errors import Problem, Refused
from reconciler.guard.model import Refusal
from reconciler.ledger.reasons import WaveRefused
from reconciler.ledger.states import ApplyState, Hold
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.outcomes.progress import RolloutWaits
from reconciler.spec.model import RolloutSpec, WaveShare
from tests.sim.fleet import SimFleet
from tests.sim.plans import SHARDS, plan_for
from tests.sim.run import Simulation
from tests.sim.watching import touched

THREE_WAVES = (WaveShare(percent=50), WaveShare(percent=100))
LEFT_MAIN = Refusal(code="superseded", message="the plan left main", recovery="look")
WITHDRAWN = Refusal(code="changes-requested", message="ben asks for changes", recovery="ask ben")


def simulation(gates: Callable[[], tuple[Refusal, ...]], soak_s: int = 0) -> Simulation:
    rollout = RolloutSpec(canary=("-40",), waves=THREE_WAVES, parallel=2, soak_s=soak_s)
    plan = plan_for(rollout)
    return Simulation(plan=plan, rollout=rollout, fleet=SimFleet(plan), gates=gates)


@pytest.mark.invariant("GT-2")
def test_each_wave_is_asked_for_once_and_never_a_shard_before_it() -> None:
    seen: list[set[str]] = []

    def gates() -> tuple[Refusal, ...]:
        seen.append(touched(sim))
        return ()

    sim = simulation(gates)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    assert seen == [set(), {"-40"}, {"-40", "40-80"}]


@pytest.mark.invariant("GT-2")
@pytest.mark.parametrize("soak_s", [0, 60])
def test_an_approval_that_is_taken_back_between_waves_holds_and_goes_on_when_it_is_given_again(
    soak_s: int,
) -> None:
    def gates() -> tuple[Refusal, ...]:
        return (LEFT_MAIN, WITHDRAWN) if touched(sim) and withdrawn else ()

    withdrawn = True
    sim = simulation(gates, soak_s)
    held = sim.run()
    assert held.verdict is ApplyVerdict.PAUSED
    assert held.refusals == (LEFT_MAIN, WITHDRAWN)
    assert held.reason == WaveRefused(2, "the plan left main", 1)
    assert touched(sim) == {"-40"}
    (stored,) = sim.ledger.applies("production", keyspace="commerce", limit=9)
    assert (stored.state, stored.hold, stored.reason) == (
        ApplyState.PAUSED,
        Hold.GUARD,
        held.reason,
    )
    again = sim.run(releases=Releases.WHAT_HOLDS)
    assert again.verdict is ApplyVerdict.PAUSED, "a person's resume does not open it either"
    assert touched(sim) == {"-40"}
    withdrawn = False
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("GT-2")
def test_the_gates_are_asked_after_the_soak_and_not_before_it() -> None:
    asked_s: list[float] = []

    def gates() -> tuple[Refusal, ...]:
        asked_s.append(sim.fleet.clock.now)
        return ()

    sim = simulation(gates, soak_s=60)
    sim.run()
    ends = [event.until_s or 0 for event in sim.events if isinstance(event, RolloutWaits)]
    assert [asked >= end for asked, end in zip(asked_s[1:], ends, strict=True)] == [True, True]


@pytest.mark.invariant("GT-2")
@pytest.mark.parametrize("broken", [True, False])
def test_a_gate_that_cannot_be_asked_holds(broken: bool) -> None:
    def gates() -> tuple[Refusal, ...]:
        if not touched(sim) or not down:
            return ()
        if broken:
            raise ZeroDivisionError("a bug")
        raise Refused(Problem(code="forge-failing", message="it fails", recovery="wait"))

    down = True
    sim = simulation(gates)
    held = sim.run()
    assert held.verdict is ApplyVerdict.PAUSED
    assert [found.code for found in held.refusals] == [
        "gate-crashed" if broken else "forge-failing"
    ]
    assert touched(sim) == {"-40"}
    down = False
    assert sim.run().verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("GT-2")
def test_a_run_that_takes_an_apply_up_within_a_wave_asks_first() -> None:
    answers = [(), (LEFT_MAIN,), (), (), ()]
    sim = simulation(lambda: answers.pop(0))
    sim.fleet.answer = lambda shard, statement: setattr(sim, "interrupts", 1)
    assert sim.run().verdict is ApplyVerdict.STOPPED
    sent = len(sim.fleet.shards["-40"].sent)
    sim.interrupts = 0
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert len(sim.fleet.shards["-40"].sent) == sent
    sim.fleet.answer = lambda shard, statement: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    assert touched(sim) == set(SHARDS)


@pytest.mark.invariant("GT-2")
def test_a_stop_that_comes_while_gates_are_asked_is_heard_before_anything_starts() -> None:
    def gates() -> tuple[Refusal, ...]:
        sim.interrupts = 1
        return ()

    sim = simulation(gates)
    assert sim.run().verdict is ApplyVerdict.STOPPED
    assert touched(sim) == set()


@pytest.mark.invariant("ST-21")
def test_a_shard_whose_server_has_other_settings_by_then_is_sent_nothing() -> None:
    """Somebody takes strict mode out while a wave soaks: what was to be refused would be cut."""
    sim = simulation(lambda: (), soak_s=60)
    proven = sim.fleet.settings

    def gates() -> tuple[Refusal, ...]:
        if touched(sim):
            sim.fleet.settings = replace(proven, variables=(("sql_mode", ""),))
        return ()

    sim.gates = gates
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert touched(sim) == {"-40"}
    sim.gates = lambda: ()
    assert sim.run().verdict is ApplyVerdict.COMPLETED, "planned and proven anew"
    sim.fleet.everything_ran_once()
