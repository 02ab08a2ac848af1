"""What others see of the VSchema's steps while an apply goes on, and what they can ask of them when
nobody drives it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import Refused
from reconciler.ledger.finalizers import (
    FirstStep,
    ItsShards,
    VSchemaApplied,
    VSchemaFailed,
    VSchemaFailedForNow,
    VSchemaGateClosed,
    VSchemaLost,
    VSchemaSoaks,
)
from reconciler.ledger.reasons import EndOfSoak, ItsTurn, NothingToRelease, ToBeReleased
from reconciler.ledger.states import ApplyState, Hold, OperationState, RequestKind, RequestState
from reconciler.outcomes.apply import ApplyStatus, ApplyVerdict, FinalizerRow
from reconciler.outcomes.progress import (
    FinalizerStarted,
    RolloutWaits,
    ShardEnded,
)
from reconciler.plan.model import Moment, Plan
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.model import RolloutSpec
from tests.sample_vschema import FIRST, LAST
from tests.sim.fleet import Fate, SimFleet
from tests.sim.plans import plan_for
from tests.sim.run import Simulation, file_ledger
from tests.sim.vitess import SimVitess, with_steps
from tests.sim.watching import Watching, asked, seen

S = OperationState
ROLLOUT = RolloutSpec(canary=("-40",), parallel=1, lock_retries=2)


def simulation(rollout: RolloutSpec = ROLLOUT) -> Simulation:
    plan: Plan = with_steps(plan_for(rollout, tables=("users",), each=1), FIRST, LAST)
    fleet = SimFleet(plan)
    return Simulation(plan=plan, rollout=rollout, fleet=fleet, vitess=SimVitess(fleet))


def vitess_of(sim: Simulation) -> SimVitess:
    assert sim.vitess is not None
    return sim.vitess


def steps(status: ApplyStatus) -> dict[Moment, FinalizerRow]:
    return {row.moment: row for row in status.finalizers}


def test_the_last_step_is_seen_waiting_for_so_many_shards() -> None:
    sim = simulation()
    sim.events = watching = Watching(sim, ShardEnded)
    sim.run()
    waits = [steps(status)[Moment.LAST].waits_for for status in watching.looks]
    assert waits == [ItsShards(3), ItsShards(2), ItsShards(1), ItsTurn()]
    assert {steps(status)[Moment.FIRST].state for status in watching.looks} == {S.COMPLETED}
    assert seen(sim).state is ApplyState.COMPLETED
    assert [row.waits_for for row in seen(sim).finalizers] == [None, None]


def test_shards_are_seen_waiting_for_the_first_step() -> None:
    sim = simulation()
    sim.events = watching = Watching(sim, FinalizerStarted)
    sim.run()
    before = watching.looks[0]
    assert {op.waits_for for row in before.shards for op in row.operations} == {FirstStep()}
    assert before.state is ApplyState.PENDING
    assert [event.what for event in seen(sim).events if isinstance(event.what, VSchemaApplied)] == [
        VSchemaApplied(Moment.FIRST),
        VSchemaApplied(Moment.LAST),
    ]


def test_a_soak_before_the_last_step_is_seen_until_when() -> None:
    sim = simulation(replace(ROLLOUT, soak_s=60))
    sim.events = watching = Watching(sim, RolloutWaits)
    sim.run()
    status = watching.looks[-1]
    assert isinstance(status.reason, VSchemaSoaks)
    assert steps(status)[Moment.LAST].waits_for == EndOfSoak()
    assert [wave.soak_until_s for wave in status.waves] == [None, None]


def test_a_gate_before_the_last_step_is_seen_and_released_from_elsewhere() -> None:
    sim = simulation(replace(ROLLOUT, gate=True))
    sim.run()
    assert asked(sim, RequestKind.RELEASE).state is RequestState.APPLIED
    assert sim.run().verdict is ApplyVerdict.PAUSED
    status = seen(sim)
    assert status.reason == VSchemaGateClosed()
    assert steps(status)[Moment.LAST].waits_for == ToBeReleased(Hold.GATE)
    assert asked(sim, RequestKind.RELEASE).state is RequestState.APPLIED
    assert asked(sim, RequestKind.RELEASE).state is RequestState.SUPERSEDED
    assert sim.run().verdict is ApplyVerdict.COMPLETED


def failed_for_now() -> Simulation:
    sim = simulation()

    def away() -> None:
        vitess_of(sim).is_away = all(shard.runs for shard in sim.fleet.shards.values())

    vitess_of(sim).before_look = away
    assert sim.run().verdict is ApplyVerdict.PAUSED
    vitess_of(sim).before_look = lambda: None
    vitess_of(sim).is_away = False
    return sim


@pytest.mark.invariant("FZ-3")
def test_what_failed_for_now_is_seen_with_its_cause_and_nobody_can_release_it() -> None:
    sim = failed_for_now()
    status = seen(sim)
    assert (status.state, status.holder) == (ApplyState.PAUSED, None)
    assert status.reason == VSchemaFailedForNow(Moment.LAST)
    row = steps(status)[Moment.LAST]
    assert (row.state, row.attempts) == (S.FAILED_RETRYABLE, 0)
    assert row.problem is not None
    assert "vtctld does not answer" in row.problem.message
    assert any(isinstance(event.what, VSchemaFailed) for event in status.events)
    answer = asked(sim, RequestKind.RELEASE)
    assert answer.state is RequestState.REFUSED
    assert answer.answer == NothingToRelease(Hold.GUARD, VSchemaFailedForNow(Moment.LAST))


@pytest.mark.invariant("ST-8")
@pytest.mark.parametrize(
    ("kind", "of_step", "of_apply"),
    [
        (RequestKind.STOP, S.STOPPED, ApplyState.PAUSED),
        (RequestKind.CANCEL, S.CANCELLED, ApplyState.CANCELLED),
    ],
)
def test_an_apply_that_nobody_drives_is_ended_from_elsewhere(
    kind: RequestKind, of_step: OperationState, of_apply: ApplyState
) -> None:
    sim = failed_for_now()
    assert asked(sim, kind).state is RequestState.APPLIED
    assert (steps(seen(sim))[Moment.LAST].state, seen(sim).state) == (of_step, of_apply)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    assert vitess_of(sim).text == LAST.document


@pytest.mark.invariant("ST-10")
def test_a_step_that_a_dead_driver_sent_stays_unknown_whoever_stops_the_apply() -> None:
    sim, fate = simulation(), Fate()

    def dies(text: str) -> str | None:
        if text == LAST.document:
            fate.kill_now()
        return None

    vitess_of(sim).answer = dies
    assert sim.is_killed(fate)
    assert steps(seen(sim))[Moment.LAST].state is S.RUNNING
    sim.fleet.clock.sleep(60)
    assert asked(sim, RequestKind.STOP).state is RequestState.APPLIED
    assert steps(seen(sim))[Moment.LAST].state is S.UNKNOWN
    assert seen(sim).state is ApplyState.RUNNING_DEGRADED
    vitess_of(sim).answer = lambda text: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    assert vitess_of(sim).sent.count(LAST.document) == 1


def test_who_insists_leaves_a_step_that_is_on_its_way_as_unknown() -> None:
    sim = simulation()
    sim.side_by_side, sim.ledger = True, file_ledger()

    def insists(text: str) -> None:
        if text == LAST.document:
            sim.interrupts = 2
            sim.fleet.clock.sleep(1.0)

    vitess_of(sim).answer = insists
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.UNKNOWN
    assert [row.state for row in outcome.finalizers] == [S.COMPLETED, S.UNKNOWN]
    sim.interrupts, vitess_of(sim).answer = 0, lambda text: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("ST-10")
def test_an_outcome_that_is_lost_is_told_as_an_event() -> None:
    sim = simulation()
    lost = ["lost-after"]
    vitess_of(sim).answer = lambda text: lost.pop() if lost else None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    told = [event.what for event in sim.ledger.events(1, limit=99)]
    assert [type(what) for what in told if isinstance(what, VSchemaLost | VSchemaApplied)] == [
        VSchemaLost,
        VSchemaApplied,
        VSchemaApplied,
    ]
    assert VSchemaApplied(Moment.FIRST, is_found=True) in told


@pytest.mark.invariant("FZ-2")
@pytest.mark.threat("TM-LEDGER-15")
@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE reconciler_finalizers SET after_fingerprint = 'sha256:0' WHERE moment = 'last'",
        "DELETE FROM reconciler_finalizers WHERE moment = 'last'",
        "DELETE FROM reconciler_finalizers",
    ],
)
def test_a_record_that_was_forged_changes_no_vschema(forged: str) -> None:
    """Whoever may write to the ledger would have the last step left out, or another one run."""
    sim = simulation()
    sim.run(waves=WaveChoice.CANARY)
    _write(sim, forged)
    with pytest.raises(Refused, match="changes the VSchema otherwise than its plan"):
        sim.run()
    assert vitess_of(sim).sent == [FIRST.document]


@pytest.mark.invariant("ST-13")
@pytest.mark.threat("TM-LEDGER-15")
@pytest.mark.parametrize("state", ["completed", "unknown", "running", "failed_retryable"])
def test_what_a_forged_row_says_of_a_step_is_held_against_the_vschema(state: str) -> None:
    """None of them has the last step run before its shards, or left out in silence."""
    sim = simulation()
    sim.run(waves=WaveChoice.CANARY)
    _write(sim, f"UPDATE reconciler_finalizers SET state = '{state}' WHERE moment = 'last'")
    if state == "completed":
        with pytest.raises(Refused, match="has applied the VSchema, and somebody has taken"):
            sim.run()
        assert vitess_of(sim).text == FIRST.document
        return
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    vitess_of(sim).ran_once(sim.plan)
    sim.fleet.everything_ran_once()


def _write(sim: Simulation, sql: str) -> None:
    with sim.ledger._engine.begin() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql(sql)
