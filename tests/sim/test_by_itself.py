"""What nobody asked for goes on, and begins, only where no person has stopped or ended it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from reconciler.controller.model import Place
from reconciler.errors import Refused
from reconciler.flows.apply import ApplyRequest
from reconciler.flows.controller.record import Drivers, read_record
from reconciler.guard.review.git import Review
from reconciler.ledger.reasons import (
    CancelledAlready,
    NothingNewStarts,
    NothingUnfinished,
    Requested,
    TakenUp,
)
from reconciler.ledger.resumes import (
    GoesOn,
    GoesOnOnceReleased,
    NothingToRetry,
    RetryTakenBack,
    WaitsForRelease,
)
from reconciler.ledger.states import ApplyState, Hold, RequestKind, RequestState
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.rollout.behest import Behest, of_wave
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.model import RolloutSpec
from tests.sim.fleet import Fate, SimFleet
from tests.sim.plans import plan_for
from tests.sim.run import Simulation
from tests.sim.test_release import GATED
from tests.sim.test_requests import Meanwhile
from tests.sim.watching import asked, seen

pytestmark = pytest.mark.invariant("RG-50")

PLACE = Place("production", "commerce")
STOPS = 9  # of the moments of a run: its first statement was sent


def fresh() -> Simulation:
    rollout = RolloutSpec(parallel=1)
    plan = plan_for(rollout)
    return Simulation(plan=plan, rollout=rollout, fleet=SimFleet(plan))


def left_behind() -> Simulation:
    sim = fresh()
    assert sim.is_killed(Fate(kill_at=STOPS))
    sim.fleet.clock.sleep(60)
    return sim


def code_of(sim: Simulation, behest: Behest = Behest.NOBODY) -> str:
    """Of the refusal of a run that nobody asked for."""
    before = sent(sim)
    with pytest.raises(Refused) as refused:
        sim.run(behest=behest)
    assert sent(sim) == before
    return refused.value.problems[0].code


def sent(sim: Simulation) -> int:
    return sum(len(shard.sent) for shard in sim.fleet.shards.values())


def state_of(sim: Simulation) -> ApplyState:
    return sim.ledger.applies("production", keyspace="commerce", limit=1)[0].state


@pytest.mark.parametrize("off_s", [0.0, -86_400.0, 86_400.0])
def test_a_stop_holds_until_somebody_resumes_whatever_the_clocks_say(off_s: float) -> None:
    sim = left_behind()
    sim.fleet.clock.off_s = off_s
    assert asked(sim, RequestKind.STOP).state is RequestState.APPLIED
    sim.fleet.clock.off_s = 0.0
    assert [code_of(sim), code_of(sim)] == ["apply-stopped"] * 2
    assert sim.is_killed(Fate(kill_at=4))  # somebody has resumed it
    sim.fleet.clock.sleep(60)
    assert sim.run(behest=Behest.NOBODY).verdict is ApplyVerdict.COMPLETED


def test_a_stop_that_was_never_answered_holds_as_well() -> None:
    """Who drove it died, and who asked has gone."""
    sim = left_behind()
    sim.ledger.ask(1, RequestKind.STOP, asked_by="a person", now_s=0.0)
    assert code_of(sim) == "apply-stopped"


def test_a_stop_whose_driver_died_of_it_holds_as_well() -> None:
    sim = left_behind()
    request = sim.ledger.ask(1, RequestKind.STOP, asked_by="a person", now_s=0.0)
    sim.ledger.answer(request.request_id, RequestState.APPLIED, NothingNewStarts())
    assert state_of(sim) is not ApplyState.STOPPED
    assert code_of(sim) == "apply-stopped"


@pytest.mark.invariant("RG-64")
def test_who_ends_a_run_of_theirs_has_said_stop_and_who_ends_a_machines_has_not() -> None:
    sim = left_behind()
    sim.interrupts = 1
    assert sim.run(is_of_forge=True).verdict is ApplyVerdict.STOPPED
    assert not [one for one in sim.ledger.requests(1) if one.kind is RequestKind.STOP]
    assert sim.run().verdict is ApplyVerdict.STOPPED
    sim.interrupts = 0
    assert code_of(sim) == "apply-stopped"
    assert not sim.ledger.requests(1, RequestState.PENDING)
    asked(sim, RequestKind.RETRY)
    assert sim.run(behest=Behest.NOBODY).verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("RG-64")
@pytest.mark.parametrize("behest", [Behest.SOMEBODY, Behest.NOBODY])
@pytest.mark.parametrize("review", Review)
def test_who_ends_a_process_is_a_person_at_a_terminal_alone(review: Review, behest: Behest) -> None:
    request = ApplyRequest(commit="c" * 40, review=review, holder="me", behest=behest)
    is_of_a_machine = review is Review.GITHUB or behest is Behest.NOBODY
    assert request.ends_as_stop is not is_of_a_machine


def test_a_release_is_no_resume() -> None:
    sim = left_behind()
    asked(sim, RequestKind.STOP)
    asked(sim, RequestKind.RELEASE)
    assert code_of(sim) == "apply-stopped"


@pytest.mark.parametrize("behest", Behest)
@pytest.mark.parametrize("moment", ["record", "operations", "requests"])
def test_a_stop_after_the_lease_was_taken_is_for_the_run_that_took_it(
    moment: str, behest: Behest
) -> None:
    """Between the lease and the moment at which the driver first listens."""
    sim = left_behind()
    ledger, before = sim.ledger, sent(sim)

    class OnceTaken(Meanwhile):
        def __getattr__(self, name: str) -> Any:
            lease = ledger.lease("production", "commerce")
            is_taken = lease is not None and lease.holder == sim.holder
            return super().__getattr__(name) if is_taken else getattr(ledger, name)

    sim.holder = "the next one"
    stop = partial(ledger.ask, 1, RequestKind.STOP, asked_by="a person", now_s=0.0)
    sim.ledger = OnceTaken(ledger, moment, stop)
    assert sim.run(behest=behest).verdict is ApplyVerdict.STOPPED
    assert sent(sim) == before
    states = [one.state for one in ledger.requests(1) if one.kind is RequestKind.STOP]
    assert states == [RequestState.APPLIED]


def test_a_stop_that_is_carried_out_just_then_wins() -> None:
    sim = left_behind()
    ledger = sim.ledger
    sim.ledger = Meanwhile(ledger, "go_on", lambda: asked(sim, RequestKind.STOP, ledger))
    assert code_of(sim) == "apply-stopped"
    assert not ledger.requests(1, RequestState.PENDING)


@pytest.mark.parametrize("moment", ["operations", "go_on"])
def test_a_stop_since_a_person_set_out_to_go_on_wins(moment: str) -> None:
    """Whoever resumed is looking at the shards, which takes a minute, and shows nobody a lease."""
    sim = left_behind()
    ledger, before = sim.ledger, sent(sim)
    sim.ledger = Meanwhile(ledger, moment, lambda: asked(sim, RequestKind.STOP, ledger))
    with pytest.raises(Refused) as refused:
        sim.run()
    assert refused.value.problems[0].code == "apply-stopped"
    assert sent(sim) == before
    assert sim.run().verdict is ApplyVerdict.COMPLETED


def test_a_cancel_since_a_person_set_out_to_go_on_wins() -> None:
    sim = left_behind()
    ledger, before = sim.ledger, sent(sim)
    sim.ledger = Meanwhile(ledger, "requests", lambda: asked(sim, RequestKind.CANCEL, ledger))
    with pytest.raises(Refused) as refused:
        sim.run()
    assert refused.value.problems[0].code == "apply-ended"
    assert (sent(sim), state_of(sim)) == (before, ApplyState.CANCELLED)
    assert sim.run().verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("RG-38")
def test_a_stop_opens_no_gate_whenever_it_comes() -> None:
    """It moves what waits for its wave as well, which is no beginning of the wave."""
    sim = Simulation(plan=plan_for(GATED), rollout=GATED, fleet=SimFleet(plan_for(GATED)))
    assert sim.run().verdict is ApplyVerdict.PAUSED
    ledger, before = sim.ledger, sent(sim)

    def stop_and_retry() -> None:
        asked(sim, RequestKind.STOP, ledger)
        asked(sim, RequestKind.RETRY, ledger)

    sim.ledger = Meanwhile(ledger, "go_on", stop_and_retry)
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert sent(sim) == before


def test_what_a_person_cancelled_is_begun_again_by_a_person_alone() -> None:
    sim = left_behind()
    assert asked(sim, RequestKind.CANCEL).state is RequestState.APPLIED
    assert code_of(sim) == "apply-ended"
    assert sim.run().verdict is ApplyVerdict.COMPLETED


def test_a_cancel_that_was_heard_is_carried_out_by_whoever_comes_next() -> None:
    """Who heard it died before it was written down."""
    for behest in Behest:
        sim = left_behind()
        request = sim.ledger.ask(1, RequestKind.CANCEL, asked_by="a person", now_s=0.0)
        sim.ledger.answer(request.request_id, RequestState.APPLIED, NothingNewStarts())
        before = sent(sim)
        assert sim.run(behest=behest).verdict is ApplyVerdict.CANCELLED
        assert sent(sim) == before


def test_what_a_person_began_again_is_gone_on_with() -> None:
    sim = left_behind()
    asked(sim, RequestKind.CANCEL)
    assert sim.is_killed(Fate(kill_at=STOPS))
    sim.fleet.clock.sleep(60)
    assert sim.run(behest=Behest.NOBODY).verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("RG-56")
@pytest.mark.parametrize("ends", [RequestKind.STOP, RequestKind.CANCEL])
def test_a_retry_lets_it_go_on_by_itself_and_runs_nothing(ends: RequestKind) -> None:
    sim = left_behind()
    asked(sim, ends)
    before = sent(sim)
    answer = asked(sim, RequestKind.RETRY)
    assert (answer.state, answer.answer) == (RequestState.APPLIED, GoesOn())
    assert sent(sim) == before
    assert sim.run(behest=Behest.NOBODY).verdict is ApplyVerdict.COMPLETED
    answer = asked(sim, RequestKind.RETRY)
    assert (answer.state, answer.answer) == (RequestState.REFUSED, NothingToRetry())


@pytest.mark.invariant("RG-56")
def test_a_retry_is_of_one_end_and_of_none_that_comes_later() -> None:
    sim = left_behind()
    asked(sim, RequestKind.CANCEL)
    asked(sim, RequestKind.RETRY)
    sim.interrupts = 1
    assert sim.run(behest=Behest.NOBODY).verdict is ApplyVerdict.STOPPED
    sim.interrupts = 0
    asked(sim, RequestKind.CANCEL)
    assert code_of(sim) == "apply-ended"
    asked(sim, RequestKind.RETRY)
    assert sim.run(behest=Behest.NOBODY).verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("RG-56")
def test_a_retry_of_what_was_begun_again_meanwhile_is_of_no_later_end() -> None:
    sim = left_behind()
    asked(sim, RequestKind.CANCEL)
    ledger = sim.ledger
    begins = Meanwhile(ledger, "applies", lambda: sim.is_killed(Fate(kill_at=STOPS)))
    asked(sim, RequestKind.RETRY, begins)
    assert [one.kind for one in ledger.requests(2)] == [RequestKind.RESUME]
    asked(sim, RequestKind.CANCEL)
    assert code_of(sim) == "apply-ended"


@pytest.mark.invariant("RG-56")
def test_a_retry_of_what_is_being_cancelled_is_told_so() -> None:
    sim = left_behind()
    for kind in (RequestKind.CANCEL, RequestKind.RESUME):  # as a retry is noted
        sim.ledger.ask(1, kind, asked_by="a person", now_s=0.0)
    assert sim.run(behest=Behest.NOBODY).verdict is ApplyVerdict.CANCELLED
    assert sim.ledger.requests(1)[-1].answer == CancelledAlready()


@pytest.mark.invariant("RG-56")
def test_a_retry_opens_no_gate() -> None:
    sim = Simulation(plan=plan_for(GATED), rollout=GATED, fleet=SimFleet(plan_for(GATED)))
    assert sim.run().verdict is ApplyVerdict.PAUSED
    before = sent(sim)
    answer = asked(sim, RequestKind.RETRY)
    assert (answer.state, answer.answer) == (RequestState.REFUSED, WaitsForRelease(Hold.GATE))
    assert sim.run(behest=Behest.NOBODY).verdict is ApplyVerdict.PAUSED
    assert sent(sim) == before
    asked(sim, RequestKind.STOP)
    answer = asked(sim, RequestKind.RETRY)
    assert (answer.state, answer.answer) == (RequestState.APPLIED, GoesOnOnceReleased(Hold.GATE))
    asked(sim, RequestKind.RELEASE)
    answer = asked(sim, RequestKind.RETRY)
    assert (answer.state, answer.answer) == (RequestState.APPLIED, GoesOn())


@pytest.mark.invariant("RG-65")
@pytest.mark.parametrize("ends", [RequestKind.STOP, RequestKind.CANCEL])
@pytest.mark.parametrize("takes_back", [RequestKind.STOP, RequestKind.CANCEL])
def test_a_retry_is_taken_back_by_a_stop_or_a_cancel(
    ends: RequestKind, takes_back: RequestKind
) -> None:
    sim = left_behind()
    asked(sim, ends)
    asked(sim, RequestKind.RETRY)
    answer = asked(sim, takes_back)
    assert answer.state is RequestState.APPLIED
    if ends is RequestKind.CANCEL:
        assert answer.answer == RetryTakenBack()
        assert not read_record(sim.ledger, PLACE, Drivers(sim.fleet.clock)).is_retried
        assert asked(sim, takes_back).answer == NothingUnfinished()
    assert code_of(sim).startswith("apply-")
    asked(sim, RequestKind.RETRY)
    assert sim.run(behest=Behest.NOBODY).verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("RG-65")
def test_a_stop_that_meets_the_beginning_behind_a_retry_is_for_what_has_begun() -> None:
    sim = left_behind()
    asked(sim, RequestKind.CANCEL)
    asked(sim, RequestKind.RETRY)
    ledger = sim.ledger
    begins = Meanwhile(ledger, "ask", lambda: sim.is_killed(Fate(kill_at=STOPS)))
    answer = asked(sim, RequestKind.STOP, begins)
    assert (answer.apply_id, answer.state) == (2, RequestState.APPLIED)
    assert code_of(sim) == "apply-stopped"


def test_who_retried_is_shown_and_who_goes_on_once() -> None:
    sim = left_behind()
    asked(sim, RequestKind.STOP)
    asked(sim, RequestKind.RETRY)
    sim.interrupts = 1
    sim.run(behest=Behest.NOBODY)
    sim.run()
    told = [one.what for one in seen(sim).events]
    assert [one.asked for one in told if isinstance(one, Requested)] == ["stop", "resume", "stop"]
    assert sum(isinstance(one, TakenUp) for one in told) == 2


ORDERS = {
    "the whole of it": (WaveChoice.ALL, None, False),
    "the canary": (WaveChoice.CANARY, None, False),
    "the rest": (WaveChoice.REST, None, True),
    "the first wave": (WaveChoice.ALL, PartOrder(wave=1), False),
    "the next wave": (WaveChoice.ALL, PartOrder(wave=2), True),
    "the next wave once more": (WaveChoice.ALL, PartOrder(wave=2, is_rerun=True), True),
}


@pytest.mark.invariant("RG-63")
@pytest.mark.parametrize(("waves", "part", "is_next"), ORDERS.values(), ids=ORDERS)
def test_which_wave_comes_next_is_nobodys_word(
    waves: WaveChoice, part: PartOrder | None, is_next: bool
) -> None:
    core = plan_for(GATED).core
    found = of_wave(Behest.SOMEBODY, core, waves, part)
    assert found is (Behest.NEXT_WAVE if is_next else Behest.SOMEBODY)
    assert of_wave(Behest.RESUME, core, waves, part) is Behest.RESUME
    assert of_wave(Behest.NOBODY, core, waves, part) is Behest.NOBODY


@pytest.mark.invariant("RG-63")
@pytest.mark.threat("TM-REGION-14")
def test_a_stop_or_a_cancel_between_two_waves_holds_the_next_one() -> None:
    for ends, code in ((RequestKind.STOP, "apply-stopped"), (RequestKind.CANCEL, "apply-ended")):
        sim = Simulation(plan=plan_for(GATED), rollout=GATED, fleet=SimFleet(plan_for(GATED)))
        assert sim.run(waves=WaveChoice.CANARY).verdict is ApplyVerdict.PAUSED
        assert asked(sim, ends).state is RequestState.APPLIED
        assert code_of(sim, Behest.NEXT_WAVE) == code
        asked(sim, RequestKind.RETRY)
        sim.run(waves=WaveChoice.REST, behest=Behest.NEXT_WAVE)
        assert state_of(sim) is ApplyState.COMPLETED


@pytest.mark.invariant("RG-63")
def test_the_next_wave_goes_on_behind_what_was_resumed_from_and_behind_a_failure() -> None:
    sim = left_behind()
    sim.ledger.ask(1, RequestKind.STOP, asked_by="a person", now_s=0.0)  # nobody answered it
    assert sim.is_killed(Fate(kill_at=2))  # who resumed died before the first request was read
    sim.fleet.clock.sleep(60)
    assert sim.run(behest=Behest.NEXT_WAVE).verdict is ApplyVerdict.COMPLETED
    assert Behest.NEXT_WAVE.stays_ended == {ApplyState.CANCELLED}


@pytest.mark.invariant("RG-67")
def test_a_resume_begins_nothing_that_somebody_cancelled() -> None:
    """It may be asked of several keyspaces, of which one was stopped and another was cancelled."""
    sim = left_behind()
    asked(sim, RequestKind.CANCEL)
    assert code_of(sim, Behest.RESUME) == "apply-ended"
    asked(sim, RequestKind.RETRY)
    assert sim.is_killed(Fate(kill_at=STOPS))
    sim.fleet.clock.sleep(60)
    asked(sim, RequestKind.STOP)
    assert sim.run(behest=Behest.RESUME).verdict is ApplyVerdict.COMPLETED
