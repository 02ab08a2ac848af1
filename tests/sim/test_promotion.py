"""A wave begins where what the spec measures holds on the shards before it, and not otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.drive.control import ask
from reconciler.drive.open import Releases
from reconciler.drive.status import is_released
from reconciler.ledger.promotions import PromotionAwaited, PromotionFailed, PromotionUnmeasured
from reconciler.ledger.reasons import GateClosed, NothingToRelease, Released
from reconciler.ledger.states import ApplyState, Hold, OperationState, RequestKind, RequestState
from reconciler.outcomes.apply import ApplyVerdict, ControlOutcome
from reconciler.outcomes.progress import RolloutWaits
from reconciler.rollout.limits import UNMEASURED_S_MAX
from reconciler.rollout.promotion import CheckAnswer, Measured, Unmeasured
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.model import OnFailure, RolloutSpec, WaveShare
from reconciler.spec.promotion import Expected, PromotionCheck, ShardQuery
from tests.sim.fleet import Fate, SimFleet
from tests.sim.plans import SHARDS, plan_for
from tests.sim.run import Simulation
from tests.sim.watching import touched

WAVES = (WaveShare(percent=50), WaveShare(percent=100))
CHECK = PromotionCheck(
    name="orders", asks=ShardQuery("SELECT 1"), expected=Expected(at_least=1), every_s=10
)
Asked = list[tuple[float, tuple[str, ...]]]


def simulation(
    value: Callable[[float], float | None],
    *,
    soak_s: int = 60,
    failures: int = 0,
    on_failure: OnFailure = OnFailure.HALT,
    gate: bool = False,
) -> tuple[Simulation, Asked]:
    """`value` of a time of day is what every shard answers then; None: it cannot be measured."""
    rollout = RolloutSpec(
        canary=("-40",),
        waves=WAVES,
        parallel=2,
        soak_s=soak_s,
        promote_if=(replace(CHECK, failures=failures),),
        on_failure=on_failure,
        gate=gate,
    )
    plan, asked = plan_for(rollout), Asked()

    def ask(_check: PromotionCheck, shards: tuple[str, ...]) -> tuple[CheckAnswer, ...]:
        now = sim.fleet.clock.now
        asked.append((now, shards))
        found = value(now)
        if found is None:
            return tuple(Unmeasured("it is away", shard) for shard in shards)
        return tuple(Measured(found, shard) for shard in shards)

    sim = Simulation(plan=plan, rollout=rollout, fleet=SimFleet(plan), checks=ask)
    return sim, asked


@pytest.mark.invariant("RG-70")
@pytest.mark.parametrize("soak_s", [0, 60])
def test_a_check_is_asked_through_the_soak_of_the_shards_before_and_once_more_behind_it(
    soak_s: int,
) -> None:
    sim, asked = simulation(lambda _: 1.0, soak_s=soak_s)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    assert {frozenset(shards) for _, shards in asked} == {
        frozenset({"-40"}),
        frozenset({"-40", "40-80"}),
    }
    of_second = [at for at, shards in asked if set(shards) == {"-40"}]
    ends = [e.until_s or 0 for e in sim.events if isinstance(e, RolloutWaits) and e.until_s]
    if soak_s:
        assert len(of_second) >= soak_s // CHECK.every_s
        assert of_second[-1] >= ends[0]
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("RG-71")
@pytest.mark.parametrize("failures", [0, 2])
def test_a_check_that_fails_ends_the_apply_as_a_shard_that_failed_would(failures: int) -> None:
    sim, asked = simulation(lambda _: 0.0, failures=failures)
    began = sim.fleet.clock.now
    ended = sim.run()
    assert ended.verdict is ApplyVerdict.FAILED
    assert ended.problem is not None
    assert ended.problem.code == "promotion-failed"
    assert "'orders' of promote_if" in ended.problem.message
    assert "on shard -40;" in ended.problem.message
    assert len(asked) == failures + 1
    assert sim.fleet.clock.now - began < 60, "the rest of the soak is not waited for"
    assert touched(sim) == {"-40"}
    (stored,) = sim.ledger.applies("production", keyspace="commerce", limit=9)
    assert stored.state is ApplyState.FAILED
    assert stored.problem == ended.problem
    left = {row.state for row in ended.shards if row.shard != "-40"}
    assert left == {OperationState.FAILED, OperationState.CANCELLED}


@pytest.mark.invariant("RG-71")
def test_fewer_failures_than_the_spec_allows_hold_the_wave_until_the_check_holds() -> None:
    sim, asked = simulation(lambda _: 0.0 if len(asked) < 3 else 1.0, soak_s=0, failures=2)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    told = [e.reason for e in sim.events if isinstance(e, RolloutWaits)]
    assert PromotionAwaited(2, "orders") in told


@pytest.mark.invariant("RG-70")
def test_what_cannot_be_measured_holds_the_wave_and_says_so_by_name() -> None:
    sim, asked = simulation(lambda _: None if len(asked) < 8 else 1.0)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    told = [e.reason for e in sim.events if isinstance(e, RolloutWaits)]
    assert PromotionUnmeasured(2, "orders", "it is away", "-40") in told


@pytest.mark.invariant("RG-70")
def test_what_cannot_be_measured_for_long_ends_the_run_and_the_next_one_asks_again() -> None:
    sim, _ = simulation(lambda _: None if away else 1.0)
    away = True
    began = sim.fleet.clock.now
    held = sim.run()
    assert held.verdict is ApplyVerdict.PAUSED
    assert held.reason == PromotionUnmeasured(2, "orders", "it is away", "-40")
    assert UNMEASURED_S_MAX <= sim.fleet.clock.now - began - 60 < UNMEASURED_S_MAX + 60
    (stored,) = sim.ledger.applies("production", keyspace="commerce", limit=9)
    assert (stored.hold, stored.reason) == (Hold.GUARD, held.reason)
    assert touched(sim) == {"-40"}
    away = False
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("RG-70")
def test_nobody_to_ask_is_nothing_that_holds() -> None:
    sim, _ = simulation(lambda _: 1.0)
    sim.checks = lambda _check, _shards: ()
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert touched(sim) == {"-40"}


@pytest.mark.invariant("RG-70")
def test_a_fault_of_ours_is_nothing_that_holds() -> None:
    def ask(_check: PromotionCheck, _shards: tuple[str, ...]) -> tuple[CheckAnswer, ...]:
        raise ZeroDivisionError("a bug")

    sim, _ = simulation(lambda _: 1.0)
    sim.checks = ask
    held = sim.run()
    assert held.reason == PromotionUnmeasured(
        2, "orders", "it could not be asked (ZeroDivisionError)"
    )


@pytest.mark.invariant("RG-71")
def test_where_failures_pause_a_person_has_the_check_asked_anew_and_cannot_leave_it_out() -> None:
    sim, _ = simulation(lambda _: good, on_failure=OnFailure.PAUSE)
    good = 0.0
    held = sim.run()
    assert held.verdict is ApplyVerdict.PAUSED
    assert held.reason == PromotionFailed(2, "orders", "-40")
    (stored,) = sim.ledger.applies("production", keyspace="commerce", limit=9)
    assert stored.hold is Hold.GATE
    assert sim.run(releases=Releases.WHAT_HOLDS).verdict is ApplyVerdict.PAUSED
    assert touched(sim) == {"-40"}
    good = 1.0
    assert sim.run(releases=Releases.WHAT_HOLDS).verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("RG-71")
def test_each_failure_of_a_check_waits_for_a_release_of_its_own() -> None:
    sim, _ = simulation(lambda _: 0.0, on_failure=OnFailure.PAUSE)
    for _ in range(2):
        assert sim.run().reason == PromotionFailed(2, "orders", "-40")
        assert controller_goes_on(sim) is False
        assert released(sim).answer == Released()
        assert controller_goes_on(sim) is True
        again = released(sim)
        assert (again.state, again.answer) == (RequestState.REFUSED, NothingToRelease(Hold.NONE))
    assert touched(sim) == {"-40"}


@pytest.mark.invariant("RG-71")
@pytest.mark.parametrize("by_resume", [False, True])
def test_who_has_a_check_asked_anew_has_opened_no_gate(*, by_resume: bool) -> None:
    sim, _ = simulation(lambda _: good, on_failure=OnFailure.PAUSE, gate=True)
    good = 0.0
    assert sim.run().reason == PromotionFailed(2, "orders", "-40")
    good = 1.0
    if by_resume:
        held = sim.run(releases=Releases.WHAT_HOLDS)
    else:
        assert released(sim).answer == Released()
        held = sim.run()
    assert held.reason == GateClosed(2)
    assert touched(sim) == {"-40"}
    assert released(sim).answer == Released()
    assert sim.run().reason == GateClosed(3)
    assert touched(sim) == {"-40", "40-80"}


def released(sim: Simulation) -> ControlOutcome:
    return ask(
        sim.ledger,
        sim.fleet.clock,
        environment="production",
        keyspace="commerce",
        kind=RequestKind.RELEASE,
        asked_by="ann",
    )


def controller_goes_on(sim: Simulation) -> bool:
    """As far as the ledger alone tells."""
    (stored,) = sim.ledger.applies("production", keyspace="commerce", limit=9)
    is_held = stored.hold is not Hold.NONE
    return not is_held or is_released(stored, sim.ledger.operations(stored.apply_id))


@pytest.mark.invariant("RG-70")
def test_a_stop_is_heard_while_a_check_keeps_the_wave_waiting() -> None:
    sim, asked = simulation(lambda _: None, soak_s=0)
    look = sim.checks

    def ask(check: PromotionCheck, shards: tuple[str, ...]) -> tuple[CheckAnswer, ...]:
        if len(asked) == 2:
            (stored,) = sim.ledger.applies("production", keyspace="commerce", limit=9)
            now_s = sim.fleet.clock.now
            sim.ledger.ask(stored.apply_id, RequestKind.STOP, asked_by="ann", now_s=now_s)
        return look(check, shards)

    sim.checks = ask
    assert sim.run().verdict is ApplyVerdict.STOPPED
    assert len(asked) <= 4
    sim.checks = lambda _check, shards: tuple(Measured(0.0, shard) for shard in shards)
    ended = sim.run()
    assert ended.verdict is ApplyVerdict.FAILED, "what rests is not begun either"


@pytest.mark.invariant("RG-71")
def test_of_a_wave_that_is_half_way_it_is_not_said_that_nothing_was_sent() -> None:
    told = []
    for effects in range(20, 60, 3):
        sim, _ = simulation(lambda _: 1.0, soak_s=0)
        sim.is_killed(Fate(effects))
        if touched(sim) != {"-40", "40-80"}:
            continue
        sim.checks = lambda _check, shards: tuple(Measured(0.0, shard) for shard in shards)
        if (problem := sim.run().problem) is not None:
            told.append(problem.message)
    assert not [said for said in told if "wave 2 was not begun" in said]
    half_way = [said for said in told if "wave 2 does not go on" in said]
    assert half_way
    assert not [said for said in half_way if "nothing was sent" in said]


@pytest.mark.invariant("RG-70")
def test_a_run_that_takes_the_apply_up_asks_every_check_itself() -> None:
    sim, asked = simulation(lambda _: 1.0)
    for _ in range(9):
        sim.is_killed(Fate(9))
    assert sim.run().verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    assert touched(sim) == set(SHARDS)
    waves = {frozenset(shards) for _, shards in asked}
    assert waves == {frozenset({"-40"}), frozenset({"-40", "40-80"})}
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("RG-70")
def test_a_part_asks_at_its_beginning_and_for_no_wave_behind_its_own() -> None:
    sim, asked = simulation(lambda _: good, soak_s=0)
    good: float | None = 1.0
    assert sim.run(last_wave=1).verdict is ApplyVerdict.PAUSED
    assert asked == []
    assert touched(sim) == {"-40"}
    good = None
    held = sim.run(last_wave=2)
    assert held.reason == PromotionUnmeasured(2, "orders", "it is away", "-40")
    assert touched(sim) == {"-40"}
    good = 1.0
    assert sim.run(last_wave=2).verdict is ApplyVerdict.PAUSED
    assert {shards for _, shards in asked} == {("-40",)}
    assert touched(sim) == {"-40", "40-80"}
    assert sim.run(last_wave=3).verdict is ApplyVerdict.COMPLETED
    assert asked[-1][1] == ("-40", "40-80")
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("RG-71")
def test_no_order_of_a_part_and_no_choice_of_waves_leaves_a_check_out() -> None:
    for rest in ({"last_wave": 2}, {"waves": WaveChoice.REST}):
        sim, _ = simulation(lambda _: 0.0, soak_s=0)
        assert sim.run(last_wave=1).verdict is ApplyVerdict.PAUSED
        assert sim.run(**rest).verdict is ApplyVerdict.FAILED
        assert touched(sim) == {"-40"}
