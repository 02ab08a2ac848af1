"""What a rollout does when something fails, when somebody asks, and while it waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, cast

import pytest

from reconciler.drive.open import Releases
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.flows.part import are_failures_released, holds_nothing
from reconciler.guard.health import Vitals
from reconciler.ledger.model import Request, StoredOperation
from reconciler.ledger.neighbours import BlockerEnded
from reconciler.ledger.reasons import ShardFailed
from reconciler.ledger.states import ApplyState, OperationState, RequestKind, RequestState
from reconciler.model.access import ShardAccess
from reconciler.model.object_id import ObjectId
from reconciler.model.server import ServerError
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.part_report import TryAgain, report_of
from reconciler.outcomes.progress import (
    ProgressEvent,
    RolloutWaits,
    ShardEnded,
    ShardStarted,
    StatementStarted,
)
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Failed, Outcome
from reconciler.ports.ledger import Ledger
from reconciler.rollout.course import PartEnd, PartReport
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.model import OnFailure, RolloutSpec, WaveShare
from tests.series import series
from tests.sim.fleet import Answer, SimFleet, lock_wait
from tests.sim.plans import SHARDS, environment, plan_for, statement
from tests.sim.run import Simulation, memory_ledger
from tests.sim.watching import asked

S = OperationState
DUPLICATE = Failed(error=ServerError(number=1062, message="Duplicate entry"), transient=False)


def simulation(rollout: RolloutSpec, answer: Answer | None = None, **plan: Any) -> Simulation:
    made = plan_for(rollout, **plan)
    fleet = SimFleet(made, answer=answer) if answer else SimFleet(made)
    return Simulation(plan=made, rollout=rollout, fleet=fleet)


def failing_on(*shards: str, failed: Failed = DUPLICATE) -> Answer:
    return lambda shard, statement: failed if shard in shards else None


def failing_about(object_id: ObjectId, _: str, statement: PlannedStatement) -> Outcome | None:
    return DUPLICATE if statement.object_id == object_id else None


def statements_of(sim: Simulation) -> tuple[PlannedStatement, ...]:
    (change_set,) = sim.plan.core.change_sets
    return change_set.statements


def states(outcome: ApplyOutcome) -> dict[str, OperationState]:
    return {row.shard: row.state for row in outcome.shards}


def stored_state(sim: Simulation) -> ApplyState:
    return sim.ledger.applies("production", keyspace="commerce", limit=1)[0].state


@pytest.mark.invariant("ST-7")
def test_halt_starts_nothing_new_and_lets_what_runs_settle() -> None:
    sim = simulation(RolloutSpec(parallel=2), failing_on("-40"), tables=("users",))
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert states(outcome)["-40"] is S.FAILED
    assert set(states(outcome).values()) <= {S.FAILED, S.COMPLETED, S.CANCELLED}
    kinds = [type(event) for event in sim.events]
    first_end = next(i for i, e in enumerate(sim.events) if is_end_of(e, "-40"))
    assert ShardStarted not in kinds[first_end:]
    for shard, state in states(outcome).items():
        assert state is not S.CANCELLED or not sim.fleet.shards[shard].sent


@pytest.mark.invariant("ST-7")
def test_a_failure_elsewhere_keeps_a_shard_in_flight_from_beginning_another_table() -> None:
    rollout = RolloutSpec(parallel=4)
    sim = simulation(rollout, failing_on("-40"), each=1)
    sim.run()
    first_end = next(i for i, e in enumerate(sim.events) if is_end_of(e, "-40"))
    later = [e for e in sim.events[first_end:] if isinstance(e, StatementStarted)]
    assert not later


@pytest.mark.invariant("ST-6")
def test_continue_goes_on_degraded_and_ends_failed() -> None:
    sim = simulation(RolloutSpec(parallel=1, on_failure=OnFailure.CONTINUE), failing_on("40-80"))
    seen: list[ApplyState] = []
    watch(sim, lambda: seen.append(stored_state(sim)))
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert states(outcome) == dict.fromkeys(SHARDS, S.COMPLETED) | {"40-80": S.FAILED}
    assert ApplyState.RUNNING_DEGRADED in seen
    assert ApplyState.FAILED not in seen[:-2], "not before the last shard has ended"
    assert stored_state(sim) is ApplyState.FAILED


@pytest.mark.invariant("RG-85")
def test_a_part_with_a_shard_that_failed_is_over_and_the_next_one_goes_on() -> None:
    spec = RolloutSpec(canary=("-40",), on_failure=OnFailure.CONTINUE)
    sim = simulation(spec, failing_on("-40"))
    first = report_of(sim.run(last_wave=1), 1)
    assert isinstance(first, PartReport)
    assert (first.end, first.shard) == (PartEnd.FAILED, "-40")
    outcome = sim.run(last_wave=2)
    assert states(outcome) == dict.fromkeys(SHARDS, S.COMPLETED) | {"-40": S.FAILED}
    assert len(sim.fleet.shards["-40"].sent) == 1
    assert outcome.verdict is ApplyVerdict.FAILED
    second = report_of(outcome, 2)
    assert isinstance(second, PartReport)
    assert second.end is PartEnd.COMPLETED, "what failed was of the wave before"


@pytest.mark.invariant("RG-85")
def test_a_part_names_the_shard_that_failed_in_its_own_wave() -> None:
    spec = RolloutSpec(canary=("-40",), on_failure=OnFailure.CONTINUE)
    sim = simulation(spec, failing_on("-40", "c0-"))
    sim.run(last_wave=1)
    told = report_of(sim.run(last_wave=2), 2)
    assert isinstance(told, PartReport)
    assert (told.end, told.shard, told.problems) == (PartEnd.FAILED, "c0-", 1)


@pytest.mark.invariant("ST-7")
def test_pause_waits_for_a_release_and_the_release_stays() -> None:
    sim = simulation(
        RolloutSpec(parallel=1, on_failure=OnFailure.PAUSE), failing_on("-40", "80-c0")
    )
    paused = sim.run()
    assert paused.verdict is ApplyVerdict.PAUSED
    assert paused.reason == ShardFailed("-40")
    assert sim.run().verdict is ApplyVerdict.PAUSED, "running again releases nothing"
    answer = ask_for(sim, RequestKind.RELEASE)
    assert answer is RequestState.APPLIED
    assert ask_for(sim, RequestKind.RELEASE) is RequestState.SUPERSEDED
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED, "80-c0 failed too, and held nothing up"
    assert states(outcome)["c0-"] is S.COMPLETED


@pytest.mark.invariant("RG-94")
def test_a_failure_with_which_a_region_ends_is_gone_past_once_somebody_has_seen_it() -> None:
    sim = simulation(RolloutSpec(parallel=1, on_failure=OnFailure.PAUSE), failing_on("c0-"))

    def goes_past(outcome: ApplyOutcome, *, goes_on: bool) -> bool:
        released = are_failures_released(outcome, lambda: sim.ledger, goes_on=goes_on)
        told = report_of(outcome, 1, failures_released=released)
        assert isinstance(told, PartReport)
        assert told.end is PartEnd.FAILED
        return told.goes_past

    first = sim.run(last_wave=1)
    assert first.verdict is ApplyVerdict.FAILED, "nothing is left here, and others come behind it"
    assert not goes_past(first, goes_on=False)
    assert not goes_past(first, goes_on=True), "it was held by another region, and had not failed"
    again = sim.run(last_wave=1, releases=Releases.WHAT_HOLDS)
    assert again.apply_id == 2
    assert goes_past(again, goes_on=True)
    assert not goes_past(sim.run(last_wave=1), goes_on=False), "another worker goes on"


@pytest.mark.invariant("RG-94")
def test_what_was_released_in_a_region_stays_so_to_its_end() -> None:
    sim = simulation(RolloutSpec(parallel=1, on_failure=OnFailure.PAUSE), failing_on("-40", "c0-"))
    assert sim.run().verdict is ApplyVerdict.PAUSED
    outcome = sim.run(releases=Releases.WHAT_HOLDS)
    assert outcome.verdict is ApplyVerdict.FAILED
    assert are_failures_released(outcome, lambda: sim.ledger, goes_on=False)


@pytest.mark.invariant("RG-94")
def test_what_nobody_can_read_was_released_by_nobody() -> None:
    sim = simulation(RolloutSpec(parallel=1, on_failure=OnFailure.PAUSE), failing_on("c0-"))
    sim.run()
    outcome = sim.run()
    assert are_failures_released(outcome, lambda: sim.ledger, goes_on=True)

    def away() -> Ledger:
        raise Unavailable(Problem(code="ledger-unavailable", message="", recovery=""))

    assert not are_failures_released(outcome, away, goes_on=True)


def holds_none(sim: Simulation, outcome: ApplyOutcome, wave: int) -> bool:
    """As a job of a graph asks behind its part."""
    where = replace(environment(sim.rollout), region="eu")
    return holds_nothing(outcome, PartOrder(wave=wave), where, lambda: sim.ledger)


@pytest.mark.invariant("RG-94")
@pytest.mark.parametrize("policy", list(OnFailure))
def test_a_graph_goes_past_what_was_released_and_what_the_spec_lets_fail(
    policy: OnFailure,
) -> None:
    spec = RolloutSpec(canary=("-40", "40-80"), parallel=1, on_failure=policy)
    sim = simulation(spec, failing_on("-40"))
    first = sim.run(last_wave=1)
    assert holds_none(sim, first, 1) is (policy is OnFailure.CONTINUE)
    if policy is not OnFailure.PAUSE:
        return
    assert not holds_none(sim, sim.run(last_wave=1), 1), "to run it again is nobody's word"
    assert ask_for(sim, RequestKind.RELEASE) is RequestState.APPLIED
    again = sim.run(last_wave=1)
    assert states(again)["40-80"] is S.COMPLETED
    assert holds_none(sim, again, 1)
    assert holds_none(sim, sim.run(last_wave=2), 2), "what failed was of the wave before"


@pytest.mark.invariant("RG-94")
def test_a_graph_goes_past_what_failed_again_behind_somebodys_retry() -> None:
    sim = simulation(RolloutSpec(parallel=1, on_failure=OnFailure.PAUSE), failing_on("c0-"))
    for _ in range(2):
        ended = sim.run(last_wave=1)
        assert ended.verdict is ApplyVerdict.FAILED, "nothing is left here to be released"
        assert not holds_none(sim, ended, 1)
    assert ask_for(sim, RequestKind.RETRY) is RequestState.APPLIED
    assert holds_none(sim, sim.run(last_wave=1), 1)


@pytest.mark.invariant("RG-94")
def test_a_retry_goes_past_no_failure_of_a_shard_that_had_none() -> None:
    """A cancel ends an apply with a failure and with shards that nobody had tried."""
    sim = simulation(RolloutSpec(parallel=1, on_failure=OnFailure.PAUSE), failing_on("-40"))
    assert sim.run(last_wave=1).verdict is ApplyVerdict.PAUSED
    assert ask_for(sim, RequestKind.CANCEL) is RequestState.APPLIED
    assert stored_state(sim) is ApplyState.FAILED
    for expected in (False, True):
        assert ask_for(sim, RequestKind.RETRY) is RequestState.APPLIED
        sim.fleet.answer = failing_on("c0-")
        again = sim.run(last_wave=1)
        assert states(again)["c0-"] is S.FAILED
        assert holds_none(sim, again, 1) is expected, "somebody has seen it once it was told"
        by_temporal = are_failures_released(again, lambda: sim.ledger, goes_on=True)
        assert by_temporal is expected


@pytest.mark.invariant("RG-94")
def test_a_retry_goes_past_no_failure_of_another_table_of_the_shard() -> None:
    """What a failure kept from being tried has not failed before anybody's eyes."""
    sim = simulation(RolloutSpec(on_failure=OnFailure.PAUSE), shards=("-",), each=1)
    first, second = (statement.object_id for statement in statements_of(sim))
    for fails, expected in ((first, False), (first, True), (second, False), (second, True)):
        sim.fleet.answer = partial(failing_about, fails)
        ended = sim.run(last_wave=1)
        assert ended.verdict is ApplyVerdict.FAILED
        assert holds_none(sim, ended, 1) is expected, (fails, expected)
        assert ask_for(sim, RequestKind.RETRY) is RequestState.APPLIED


@pytest.mark.invariant("ST-8")
@pytest.mark.parametrize("policy", list(OnFailure))
def test_stop_keeps_what_has_not_started_for_a_resume(policy: OnFailure) -> None:
    sim = simulation(
        RolloutSpec(parallel=2, on_failure=policy), shards=("-40", "40-80", "80-a0", "a0-c0", "c0-")
    )
    sim.fleet.answer = stopping_after(sim, 3)
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.STOPPED
    sent = sum(len(shard.sent) for shard in sim.fleet.shards.values())
    assert sent <= 4, "a stop is honoured within one statement of each shard in flight"
    assert S.STOPPED in states(outcome).values()
    assert stored_state(sim) is ApplyState.STOPPED
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("ST-8")
def test_a_stopped_apply_keeps_its_keyspace_from_another_plan() -> None:
    sim = simulation(RolloutSpec(parallel=1))
    sim.fleet.answer = stopping_after(sim, 1)
    sim.run()
    other = simulation(RolloutSpec(parallel=1), tables=("orders",))
    other.ledger = sim.ledger
    with pytest.raises(Refused, match="apply 1 of commerce is stopped"):
        other.run()
    assert not any(shard.sent for shard in other.fleet.shards.values())


def test_cancel_ends_it_for_good_and_the_same_plan_can_be_applied_anew() -> None:
    sim = simulation(RolloutSpec(parallel=1))
    sim.fleet.answer = stopping_after(sim, 3)
    sim.run()
    assert ask_for(sim, RequestKind.CANCEL) is RequestState.APPLIED
    assert stored_state(sim) is ApplyState.CANCELLED
    assert ask_for(sim, RequestKind.CANCEL) is RequestState.REFUSED
    assert sim.run().apply_id == 2
    sim.fleet.everything_ran_once()


def test_a_cancel_while_it_runs_is_answered_by_the_driver() -> None:
    sim = simulation(RolloutSpec(parallel=1))
    apply_id = 1
    requests: list[Request] = []

    def answer(shard: str, statement: PlannedStatement) -> None:
        if not requests:
            asked = sim.ledger.ask(apply_id, RequestKind.CANCEL, asked_by="me", now_s=0.0)
            requests.append(asked)

    sim.fleet.answer = answer
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.CANCELLED
    assert [r.state for r in sim.ledger.requests(apply_id)] == [RequestState.APPLIED]
    assert outcome.statements_run <= 4


def test_an_interrupt_finishes_what_runs_and_a_second_one_leaves_it_unknown() -> None:
    sim = simulation(RolloutSpec(parallel=2))
    sim.fleet.answer = lambda shard, statement: setattr(sim, "interrupts", 1)
    assert sim.run().verdict is ApplyVerdict.STOPPED
    sim.interrupts = 0
    sim.fleet.answer = lambda shard, statement: setattr(sim, "interrupts", 2)
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.UNKNOWN
    sim.interrupts = 0
    sim.fleet.answer = lambda shard, statement: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


def test_a_gate_waits_for_a_person_and_a_rerun_is_none() -> None:
    sim = simulation(
        RolloutSpec(canary=("c0-",), waves=(WaveShare(percent=50),), parallel=4, gate=True)
    )
    assert [sim.run().verdict for _ in range(2)] == [ApplyVerdict.PAUSED] * 2
    assert done(sim) == {"c0-"}
    assert sim.run(releases=Releases.WHAT_HOLDS).verdict is ApplyVerdict.PAUSED
    assert done(sim) == {"c0-", "-40"}
    assert ask_for(sim, RequestKind.RELEASE) is RequestState.APPLIED
    assert ask_for(sim, RequestKind.RELEASE) is RequestState.SUPERSEDED
    assert sim.run().verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("GD-9")
def test_canaries_and_the_rest_in_two_jobs() -> None:
    sim = simulation(RolloutSpec(canary=("c0-",), gate=True))
    with pytest.raises(Refused, match="first wave"):
        sim.run(waves=WaveChoice.REST)
    assert sim.run(waves=WaveChoice.CANARY).verdict is ApplyVerdict.PAUSED
    assert done(sim) == {"c0-"}
    assert sim.run(waves=WaveChoice.REST).verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


def test_the_next_wave_waits_for_the_soak() -> None:
    sim = simulation(RolloutSpec(canary=("-40",), soak_s=60))
    sim.run()
    waits = [event for event in sim.events if isinstance(event, RolloutWaits)]
    assert len(waits) == 1
    ends = {event.shard: event.at_s for event in sim.events if isinstance(event, ShardEnded)}
    assert min(ends[shard] for shard in SHARDS[1:]) - ends["-40"] >= 60


@pytest.mark.invariant("RG-23")
@pytest.mark.threat("TM-REGION-5")
def test_a_soak_of_which_the_ledger_was_lost_is_counted_again() -> None:
    """The shards say that the canary is done, and not since when."""
    sim = simulation(RolloutSpec(canary=("-40",), soak_s=60))
    assert sim.run(waves=WaveChoice.CANARY).verdict is ApplyVerdict.PAUSED
    sim.ledger, lost_s = memory_ledger(), sim.fleet.clock.now
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    ends = {event.shard: event.at_s for event in sim.events if isinstance(event, ShardEnded)}
    assert min(ends[shard] for shard in SHARDS[1:]) - lost_s >= 60
    sim.fleet.everything_ran_once()


@pytest.mark.parametrize("off_s", [90.0, -90.0])
def test_a_clock_that_is_set_during_the_soak_makes_it_no_shorter(off_s: float) -> None:
    sim = simulation(RolloutSpec(canary=("-40",), soak_s=60), tables=("users",))
    started: dict[str, float] = {}

    class Watching(list[ProgressEvent]):
        def append(self, event: ProgressEvent) -> None:
            if isinstance(event, RolloutWaits):
                sim.fleet.clock.off_s = off_s
                started["soak"] = sim.fleet.clock.now
            if isinstance(event, ShardStarted):
                started[event.shard] = sim.fleet.clock.now
            super().append(event)

    sim.events = Watching()
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    assert started["40-80"] - started["soak"] >= 59


@pytest.mark.parametrize(("per_host", "most"), [(None, 3), (1, 2)])
def test_no_more_at_once_than_the_spec_allows(per_host: int | None, most: int) -> None:
    rollout = RolloutSpec(parallel=3, parallel_per_host=per_host)
    sim = simulation(rollout)
    hosts = {"-40": "a", "40-80": "a", "80-c0": "b", "c0-": "b"}
    specs = environment(rollout).shards
    placed = tuple(
        replace(spec, connection=replace(spec.connection, host=hosts[spec.name])) for spec in specs
    )
    sim.place = placed
    sim.run()
    assert sim.workers is not None
    assert sim.workers.most_at_once == most


@pytest.mark.invariant("ST-15")
def test_a_fault_in_one_shards_work_is_contained_and_not_tried_again() -> None:
    def answer(shard: str, statement: PlannedStatement) -> None:
        if shard == "40-80":
            raise ZeroDivisionError("a bug")

    sim = simulation(RolloutSpec(parallel=1, on_failure=OnFailure.CONTINUE), answer)
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert states(outcome) == dict.fromkeys(SHARDS, S.COMPLETED) | {"40-80": S.FAILED}
    assert len(sim.fleet.shards["40-80"].sent) == 1
    assert outcome.problem is not None
    assert outcome.problem.code == "shard-crashed"


@pytest.mark.invariant("ST-5")
def test_the_error_on_top_is_the_first_in_rollout_order() -> None:
    def answer(shard: str, statement: PlannedStatement) -> Outcome | None:
        if shard in ("-40", "80-c0"):
            error = ServerError(number=1062, message=f"Duplicate entry on {shard}")
            return Failed(error=error, transient=False)
        return None

    sim = simulation(RolloutSpec(parallel=4, on_failure=OnFailure.CONTINUE), answer)
    outcome = sim.run()
    stored = sim.ledger.apply(1)
    assert outcome.problem is not None
    assert stored is not None
    assert "on -40" in outcome.problem.message
    assert stored.problem == outcome.problem
    settled = [row.settled_s for row in sim.ledger.operations(1) if row.settled_s]
    assert stored.completed_s == max(settled)


@pytest.mark.invariant("ST-17")
@pytest.mark.parametrize(
    ("failed", "times", "verdict"),
    [
        (lock_wait(), 2, ApplyVerdict.COMPLETED),
        (lock_wait(), 9, ApplyVerdict.FAILED),
        (DUPLICATE, 1, ApplyVerdict.FAILED),
    ],
)
def test_only_transient_errors_are_tried_again_and_not_for_ever(
    failed: Failed, times: int, verdict: ApplyVerdict
) -> None:
    left = [times]

    def answer(shard: str, statement: PlannedStatement) -> Outcome | None:
        left[0] -= 1
        return failed if left[0] >= 0 else None

    sim = simulation(RolloutSpec(parallel=1, lock_retries=3), answer)
    begun_s = sim.fleet.clock.now
    outcome = sim.run()
    assert outcome.verdict is verdict
    sent = sim.fleet.shards["-40"].sent
    tries = sent.count(sent[0])
    assert tries == min(times, 3) + 1 if failed.transient else tries == 1
    if failed.transient:
        assert sim.fleet.clock.now - begun_s >= 1.5, "paced"


@pytest.mark.parametrize(("after_s", "cleared"), [(None, False), (3, True), (3_600, False)])
def test_what_is_in_the_way_is_ended_only_where_the_spec_says_so_and_when(
    after_s: int | None, cleared: bool
) -> None:
    rollout = RolloutSpec(parallel=1, lock_retries=6, kill_blockers_after_s=after_s)
    sim = simulation(rollout)
    sim.fleet.answer = lambda shard, statement: (
        lock_wait() if shard == "-40" and shard not in sim.fleet.cleared else None
    )
    outcome = sim.run()
    assert (outcome.verdict is ApplyVerdict.COMPLETED) == cleared
    assert bool(sim.fleet.cleared) == cleared
    told = [event.what for event in sim.ledger.events(1, limit=99)]
    assert any(isinstance(what, BlockerEnded) for what in told) == cleared


@pytest.mark.invariant("TM-11")
@pytest.mark.invariant("ST-16")
def test_losing_the_lock_stops_the_run_before_the_next_statement() -> None:
    sim = simulation(RolloutSpec(parallel=1))
    sim.fleet.answer = lambda shard, statement: setattr(sim.fleet, "is_locked", False)
    outcome = sim.run()
    assert sum(len(shard.sent) for shard in sim.fleet.shards.values()) == 1
    assert outcome.problem is not None
    assert outcome.problem.code == "lock-lost"
    assert report_of(outcome, 1) == TryAgain(code="lock-lost"), "nobody has said stop"
    sim.fleet.is_locked = True
    sim.fleet.answer = lambda shard, statement: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("ST-16")
def test_a_server_that_took_over_since_the_look_is_sent_nothing() -> None:
    """The locks are held on the one that was looked at, which may live on behind another address;
    what the new one has missed was seen on no shard."""
    sim = simulation(RolloutSpec(parallel=1))
    sim.servers = dict.fromkeys(sim.plan.core.shards, sim.fleet.server)
    first = sim.plan.core.change_sets[0].shards[0]
    sim.fleet.answer = lambda shard, statement: setattr(sim.fleet, "server", "another")
    outcome = sim.run()
    assert [shard for shard, seen in sim.fleet.shards.items() if seen.sent] == [first]
    assert outcome.verdict is ApplyVerdict.FAILED


@pytest.mark.invariant("GD-4")
@pytest.mark.parametrize("later", [False, True])
def test_a_table_that_moved_since_the_look_is_refused_on_that_shard(later: bool) -> None:
    sim = simulation(RolloutSpec(parallel=1, on_failure=OnFailure.CONTINUE))
    looks = []

    def somebody_else(shard: str, table: str) -> None:
        looks.append(shard)
        if shard == "80-c0" and (not later or looks.count(shard) > 2):
            sim.fleet.shards[shard].tables["users"] = "users by hand"

    sim.fleet.before_look = somebody_else
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert states(outcome) == dict.fromkeys(SHARDS, S.COMPLETED) | {"80-c0": S.FAILED}
    assert outcome.problem is not None
    assert outcome.problem.code in ("drift", "read-back")
    if outcome.problem.code == "drift":
        assert "observed: users by hand" in outcome.problem.message
    assert not any("users" in sql for sql in sim.fleet.shards["80-c0"].sent)


@pytest.mark.invariant("GD-4")
def test_a_result_that_reads_back_different_fails_that_shard() -> None:
    sim = simulation(RolloutSpec(parallel=1))

    def answer(shard: str, statement: PlannedStatement) -> Outcome | None:
        sim.fleet.take_effect(shard, statement)
        sim.fleet.shards[shard].tables[statement.object_id.name] = "something else"
        return DUPLICATE

    sim.fleet.answer = answer
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == "read-back"
    assert outcome.statements_run == 0


@pytest.mark.invariant("GD-5")
def test_rows_that_cannot_be_counted_are_over_the_ceiling() -> None:
    for rows, code in ((None, "rows-unmeasured"), (1_001, "row-ceiling")):
        only = (statement("users", 0, row_ceiling=1_000),)
        sim = simulation(RolloutSpec(), tables=("users",), statements=only)
        sim.fleet.rows = rows
        outcome = sim.run()
        assert outcome.problem is not None
        assert outcome.problem.code == code
        assert not any(shard.sent for shard in sim.fleet.shards.values())


@pytest.mark.invariant("GD-10")
@pytest.mark.parametrize(
    ("vitals", "code"),
    [(Vitals(), "threads-running-unmeasured"), (Vitals(threads_running=99), "threads-running")],
)
def test_an_armed_guard_that_cannot_measure_holds_the_rollout(vitals: Vitals, code: str) -> None:
    sim = simulation(RolloutSpec(threads_running_max=50))
    sim.fleet.vitals = vitals
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert [refusal.code for refusal in outcome.refusals] == [code]
    assert not any(shard.sent for shard in sim.fleet.shards.values())
    sim.fleet.vitals = Vitals(threads_running=3)
    assert sim.run().verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("GD-10")
def test_load_that_goes_down_is_waited_for_and_what_stays_holds_the_rollout() -> None:
    sim = simulation(RolloutSpec(threads_running_max=50, parallel=1))
    sim.fleet.vitals = Vitals(threads_running=99)
    begun_s = sim.fleet.clock.now
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert sim.fleet.clock.now - begun_s > 600, "it was given time"
    assert not any(shard.sent for shard in sim.fleet.shards.values())
    begun_s = sim.fleet.clock.now

    def until_it_is_quiet(seconds: float) -> None:
        sim.fleet.clock.pass_by(seconds)
        if sim.fleet.clock.now > begun_s + 60:
            sim.fleet.vitals = Vitals(threads_running=3)

    sim.fleet.clock.asleep = until_it_is_quiet
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("GD-4")
def test_what_changed_while_load_was_waited_for_is_seen() -> None:
    sim = simulation(RolloutSpec(threads_running_max=50), tables=("users",))
    sim.fleet.vitals = Vitals(threads_running=99)

    def somebody_else(seconds: float) -> None:
        sim.fleet.clock.pass_by(seconds)
        if sim.fleet.clock.now > 1_000_005:
            sim.fleet.shards["-40"].tables["users"] = "users by hand"
            sim.fleet.vitals = Vitals(threads_running=3)

    sim.fleet.clock.asleep = somebody_else
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == "drift"
    assert not sim.fleet.shards["-40"].sent


def test_outside_its_window_nothing_starts_and_inside_it_goes_on() -> None:
    sim = simulation(RolloutSpec(windows=("02:00-05:00 UTC",)))
    sim.fleet.clock.now = 12 * 3600.0
    assert sim.run().verdict is ApplyVerdict.PAUSED
    sim.fleet.clock.now += 15 * 3600.0
    assert sim.run().verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("PG-14")
@pytest.mark.parametrize("held_by", ["window", "load"])
def test_what_was_dropped_to_be_made_again_is_made_whatever_holds_meanwhile(held_by: str) -> None:
    drop, create, later = (statement("orders", version) for version in range(3))
    chain = (
        replace(drop, effects=(replace(drop.effects[0], after=None),)),
        replace(create, effects=(replace(create.effects[0], before=None),)),
        later,
    )
    rollout = RolloutSpec(windows=("02:00-05:00 UTC",), threads_running_max=10)
    sim = simulation(rollout, None, statements=chain, tables=("orders",), shards=("-",))
    sim.fleet.clock.now = 3 * 3600.0
    sim.fleet.vitals = Vitals(threads_running=1)

    def hold(shard: str, sent: PlannedStatement) -> None:
        if sent.sql != drop.sql:
            return
        if held_by == "window":
            sim.fleet.clock.now = 6 * 3600.0
        else:
            sim.fleet.vitals = Vitals(threads_running=100)

    sim.fleet.answer = hold
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert sim.fleet.shards["-"].sent == [drop.sql, create.sql]


@pytest.mark.invariant("ST-18")
def test_a_finished_apply_stays_finished() -> None:
    sim = simulation(RolloutSpec())
    sim.run()
    sent = [list(shard.sent) for shard in sim.fleet.shards.values()]
    assert sim.run().verdict is ApplyVerdict.NOTHING_TO_DO
    assert [list(shard.sent) for shard in sim.fleet.shards.values()] == sent
    assert len(sim.ledger.applies("production", keyspace="commerce", limit=9)) == 1


@pytest.mark.invariant("PL-2")
def test_shards_that_match_have_no_operation() -> None:
    sim = simulation(RolloutSpec(), matching=("40-80",))
    outcome = sim.run()
    assert "40-80" not in states(outcome)
    assert not sim.fleet.shards["40-80"].sent


@pytest.mark.invariant("ST-2")
def test_no_end_is_written_while_the_operations_cannot_be_read() -> None:
    sim = simulation(RolloutSpec(parallel=1))
    whole = sim.ledger
    sim.ledger = cast(Ledger, Unreadable(whole, from_call=2))
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == "ledger-unavailable"
    sim.ledger = whole
    assert stored_state(sim) is ApplyState.RUNNING
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("ST-14")
def test_a_record_that_was_read_in_part_is_refused() -> None:
    sim = simulation(RolloutSpec(parallel=1))
    sim.fleet.answer = stopping_after(sim, 1)
    sim.run()
    sim.ledger = cast(Ledger, Truncated(sim.ledger))
    with pytest.raises(Refused, match="other operations than its plan"):
        sim.run()


@pytest.mark.invariant("ST-9")
@pytest.mark.parametrize("from_call", series(range(2, 22)))
def test_without_a_ledger_nothing_is_sent(from_call: int) -> None:
    """The first call is the record's beginning; each later one is an intent or an outcome."""
    sim = simulation(RolloutSpec(parallel=1))
    whole = sim.ledger
    sim.ledger = cast(Ledger, FullDisk(whole, from_call=from_call))
    outcome = sim.run()
    assert outcome.verdict is not ApplyVerdict.COMPLETED
    assert outcome.problem is not None
    assert outcome.problem.code == "ledger-unavailable"
    intended = len(whole.statements(1))
    sent = sum(len(shard.sent) for shard in sim.fleet.shards.values())
    assert sent == intended
    sim.ledger = whole
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("ST-11")
def test_a_completed_table_that_somebody_took_back_refuses_the_resume() -> None:
    sim = simulation(RolloutSpec(parallel=1))
    sim.fleet.answer = stopping_after(sim, 5)
    sim.run()
    first = sim.fleet.shards["-40"]
    first.tables = dict(sim.fleet.shards["c0-"].tables)
    with pytest.raises(Refused, match="taken"):
        sim.run()


def is_end_of(event: ProgressEvent, shard: str) -> bool:
    return isinstance(event, ShardEnded) and event.shard == shard


def stopping_after(sim: Simulation, statements: int) -> Answer:
    """Somebody stops the apply from another process while its n-th statement runs."""
    count = [0]

    def answer(shard: str, statement: PlannedStatement) -> None:
        count[0] += 1
        if count[0] == statements:
            found = sim.ledger.unfinished("production", "commerce")
            assert found is not None
            sim.ledger.ask(found.apply_id, RequestKind.STOP, asked_by="me", now_s=0.0)

    return answer


def ask_for(sim: Simulation, kind: RequestKind) -> RequestState:
    """From another process, while nobody drives the apply."""
    return asked(sim, kind).state


def watch(sim: Simulation, look: Callable[[], None]) -> None:
    """Look whenever something is told."""

    class Watching(list[ProgressEvent]):
        def append(self, event: ProgressEvent) -> None:
            super().append(event)
            look()

    sim.events = Watching()


def done(sim: Simulation) -> set[str]:
    return {row.shard for row in sim.ledger.operations(1) if row.state is S.COMPLETED}


class Broken:
    """The ledger, one of whose methods fails from its n-th call on."""

    method = ""

    def __init__(self, ledger: Ledger, from_call: int = 1) -> None:
        self._ledger = ledger
        self._calls_left = from_call

    def __getattr__(self, name: str) -> object:
        found = getattr(self._ledger, name)
        if name != self.method:
            return found

        def call(*args: object, **kwargs: object) -> object:
            self._calls_left -= 1
            if self._calls_left <= 0:
                raise Unavailable(
                    Problem(code="ledger-unavailable", message="disk full", recovery="fix it")
                )
            return found(*args, **kwargs)

        return call


class Unreadable(Broken):
    method = "operations"


class FullDisk(Broken):
    method = "record"


class Truncated(Broken):
    def operations(self, apply_id: int) -> tuple[StoredOperation, ...]:
        return self._ledger.operations(apply_id)[:-1]


@pytest.mark.invariant("GD-13")
def test_a_server_that_turns_read_only_meanwhile_is_sent_nothing_more_until_it_is_not() -> None:
    """A failover, say: the address leads to a replica from then on."""

    def answer(shard: str, statement: PlannedStatement) -> None:
        sim.fleet.access = ShardAccess(database="d", privileges=None, read_only=("read_only",))

    sim = simulation(RolloutSpec(parallel=1), answer, each=1)
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert [refusal.code for refusal in outcome.refusals] == ["server-read-only"]
    assert sum(len(shard.sent) for shard in sim.fleet.shards.values()) == 1
    sim.fleet.access = ShardAccess(database="d", privileges=None)
    sim.fleet.answer = lambda shard, statement: None
    assert sim.run(releases=Releases.WHAT_HOLDS).verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()
