"""The VSchema's steps: before the first shard, behind the last one, once each, wherever it dies."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from random import Random

import pytest

from reconciler.drive.open import Releases
from reconciler.errors import Problem
from reconciler.guard.model import Refusal
from reconciler.ledger.finalizers import (
    VSchemaFailedForNow,
    VSchemaGateClosed,
    VSchemaHalted,
    VSchemaNotAsked,
    VSchemaRefused,
    VSchemaUnseen,
)
from reconciler.ledger.states import ApplyState, Hold, OperationState, RequestKind
from reconciler.model.server import ServerError
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.ends import apply_end
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.part_report import report_of
from reconciler.outcomes.progress import FinalizerEnded, FinalizerStarted
from reconciler.plan.model import Moment, Plan, PlannedStatement
from reconciler.ports.engine import Failed, Outcome
from reconciler.rollout.course import PartReport
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.model import OnFailure, RolloutSpec
from tests.sample_vschema import EMPTY, FIRST, LAST, SHARDED, routed, vschema_step
from tests.series import series
from tests.sim.fleet import Answer, Fate, SimFleet
from tests.sim.plans import plan_for
from tests.sim.run import Simulation, memory_ledger
from tests.sim.vitess import SimVitess, steps_alone, with_steps

S = OperationState
ROLLOUT = RolloutSpec(canary=("40-80",), parallel=2, lock_retries=2)
SHARDS = plan_for(ROLLOUT, shards=("-40", "40-80", "80-"), each=1)
ONLY_LAST = vschema_step(Moment.LAST, EMPTY, routed("users"))
BOTH = with_steps(SHARDS, FIRST, LAST)
BEHIND = with_steps(SHARDS, ONLY_LAST)
ALONE = steps_alone(SHARDS, FIRST, LAST)
PLANS = {"both": BOTH, "last": BEHIND, "alone": ALONE}
RUNS_MAX = 30
BROKEN = Failed(error=ServerError(number=1062, message="Duplicate entry"), transient=False)


def simulation(
    plan: Plan = BOTH,
    rollout: RolloutSpec = ROLLOUT,
    answer: Answer = lambda shard, statement: None,
) -> Simulation:
    fleet = SimFleet(plan, answer=answer)
    return Simulation(plan=plan, rollout=rollout, fleet=fleet, vitess=SimVitess(fleet))


def vitess_of(sim: Simulation) -> SimVitess:
    assert sim.vitess is not None
    return sim.vitess


def everything_ran_once(sim: Simulation) -> None:
    sim.fleet.everything_ran_once()
    vitess_of(sim).ran_once(sim.plan)


def check_agreement(sim: Simulation) -> None:
    everything_ran_once(sim)
    (apply, *_) = sim.ledger.applies("production", keyspace="commerce", limit=1)
    assert apply.state is ApplyState.COMPLETED
    rows = sim.ledger.finalizers(apply.apply_id)
    assert [row.moment for row in rows] == [step.moment for step in sim.plan.core.vschema]
    assert {row.state for row in rows} == {S.COMPLETED}
    assert apply.completed_s == max(row.settled_s or 0.0 for row in rows)


def states(outcome: ApplyOutcome) -> list[OperationState]:
    return [row.state for row in outcome.finalizers]


@pytest.mark.invariant("FZ-7")
@pytest.mark.invariant("FZ-4")
@pytest.mark.invariant("FZ-1")
@pytest.mark.invariant("FZ-3")
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_the_steps_are_the_first_and_the_last_that_is_sent(plan: Plan) -> None:
    sim = simulation(plan)
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.COMPLETED
    assert states(outcome) == [S.COMPLETED] * len(plan.core.vschema)
    assert [row.attempts for row in outcome.finalizers] == [1] * len(plan.core.vschema)
    check_agreement(sim)
    started = [name for name in sim.workers.started if name != "(gates)"] if sim.workers else []
    wanted = ["(vschema)"] if Moment.FIRST in [s.moment for s in plan.core.vschema] else []
    assert started == [*wanted, *started[len(wanted) : -1], "(vschema)"]
    told = [type(e) for e in sim.events if isinstance(e, FinalizerStarted | FinalizerEnded)]
    assert told == [FinalizerStarted, FinalizerEnded] * len(plan.core.vschema)


@pytest.mark.invariant("ST-18")
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_what_is_done_is_nothing_to_do(plan: Plan) -> None:
    sim = simulation(plan)
    sim.run()
    sent = [*vitess_of(sim).sent]
    assert sim.run().verdict is ApplyVerdict.NOTHING_TO_DO
    assert vitess_of(sim).sent == sent


@pytest.mark.invariant("FZ-2")
def test_a_step_has_no_shard_and_no_statement_and_sends_the_plans_document() -> None:
    sim = simulation()
    outcome = sim.run()
    assert vitess_of(sim).sent == [FIRST.document, LAST.document]
    rows = sim.ledger.finalizers(outcome.apply_id or 0)
    assert [(r.moment, r.before, r.after) for r in rows] == [
        (step.moment, step.before, step.after) for step in (FIRST, LAST)
    ]
    fields = {field.name for row in rows for field in dataclasses.fields(row)}
    assert not {"shard", "sql", "object_id", "statements"} & fields


def moments_of_a_whole_run(plan: Plan) -> int:
    fate = Fate()
    simulation(plan).run(fate=fate)
    return fate.moments


KILLS = [
    (name, at)
    for name, plan in {"both": BOTH, "alone": ALONE}.items()
    for at in range(moments_of_a_whole_run(plan))
]


@pytest.mark.invariant("ST-9")
@pytest.mark.invariant("FZ-1")
@pytest.mark.parametrize(("name", "moment"), series(KILLS))
def test_a_kill_before_or_after_any_effect_still_runs_everything_once(
    name: str, moment: int
) -> None:
    sim = simulation(PLANS[name])
    assert sim.is_killed(Fate(kill_at=moment))
    assert sim.run().verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    check_agreement(sim)


@pytest.mark.invariant("ST-13")
@pytest.mark.parametrize(("name", "moment"), series(KILLS))
def test_with_the_ledger_lost_at_any_moment_nothing_is_run_twice_or_skipped(
    name: str, moment: int
) -> None:
    sim = simulation(PLANS[name])
    assert sim.is_killed(Fate(kill_at=moment))
    sim.ledger = memory_ledger()
    assert sim.run().verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    everything_ran_once(sim)


@pytest.mark.invariant("FZ-9")
@pytest.mark.invariant("ST-10")
@pytest.mark.parametrize("document", [FIRST.document, LAST.document])
@pytest.mark.parametrize(
    ("answer", "times"),
    [("lost-before", 2), ("lost-after", 1), ("late", 1), ("refused-after", 1)],
)
def test_what_was_not_answered_is_settled_by_looking(
    document: str, answer: str, times: int
) -> None:
    sim = simulation()
    left = [answer]
    vitess_of(sim).answer = lambda text: left.pop() if left and text == document else None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)
    assert vitess_of(sim).sent.count(document) == times


@pytest.mark.invariant("FZ-9")
@pytest.mark.invariant("ST-10")
@pytest.mark.invariant("ST-13")
@pytest.mark.parametrize("document", [FIRST.document, LAST.document])
@pytest.mark.parametrize("has_ledger", [True, False])
def test_what_a_dead_run_sent_and_is_on_its_way_is_waited_for(
    document: str, has_ledger: bool
) -> None:
    sim, fate = simulation(), Fate()

    def answer(text: str) -> str | None:
        if text != document:
            return None
        fate.kill_now()
        return "late"

    vitess_of(sim).answer = answer
    assert sim.is_killed(fate)
    if not has_ledger:
        sim.ledger = memory_ledger()
    vitess_of(sim).answer = lambda text: None
    assert sim.run().verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    assert vitess_of(sim).text == LAST.document
    assert vitess_of(sim).effects[document] == 1
    if has_ledger:  # nothing else tells that somebody has sent it
        assert vitess_of(sim).sent.count(document) == 1


@pytest.mark.invariant("FZ-5")
def test_all_shards_green_and_the_vschema_refused_is_a_failed_apply_with_its_error_on_top() -> None:
    sim = simulation()
    vitess_of(sim).answer = lambda text: "refused" if text == LAST.document else None
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert {row.state for row in outcome.shards} == {S.COMPLETED}
    assert states(outcome) == [S.COMPLETED, S.FAILED]
    assert outcome.problem is not None
    assert "unknown vindex type: hush" in outcome.problem.message
    assert apply_end(outcome, WaveChoice.ALL).code is ExitCode.PARTIAL
    told = report_of(outcome, max(row.wave for row in outcome.shards), failures_released=True)
    assert isinstance(told, PartReport)
    assert not told.goes_past, "what a spec lets fail, and somebody releases, are shards"
    stored = sim.ledger.apply(outcome.apply_id or 0)
    assert stored is not None
    assert (stored.state, stored.problem) == (ApplyState.FAILED, outcome.problem)
    vitess_of(sim).answer = lambda text: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED, "a new apply of what is left"
    everything_ran_once(sim)


@pytest.mark.invariant("FZ-7")
@pytest.mark.invariant("FZ-5")
@pytest.mark.parametrize("on_failure", OnFailure)
def test_no_shard_is_changed_behind_a_first_step_that_failed(on_failure: OnFailure) -> None:
    sim = simulation(rollout=replace(ROLLOUT, on_failure=on_failure))
    vitess_of(sim).answer = lambda text: "refused"
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert outcome.reason == VSchemaHalted()
    assert outcome.statements_run == 0
    assert {row.state for row in outcome.shards} == {S.CANCELLED}
    assert states(outcome) == [S.FAILED, S.CANCELLED]
    assert apply_end(outcome, WaveChoice.ALL).code is ExitCode.ERROR, "nothing has taken effect"


@pytest.mark.invariant("FZ-1")
@pytest.mark.parametrize("on_failure", OnFailure)
def test_behind_a_shard_that_failed_the_last_step_never_runs(on_failure: OnFailure) -> None:
    def answer(shard: str, statement: PlannedStatement) -> Outcome | None:
        return BROKEN if shard == "80-" else None

    sim = simulation(BEHIND, replace(ROLLOUT, on_failure=on_failure), answer)
    outcome = sim.run()
    if outcome.verdict is ApplyVerdict.PAUSED:
        outcome = sim.run(releases=Releases.WHAT_HOLDS)
    assert outcome.verdict is ApplyVerdict.FAILED
    assert states(outcome) == [S.CANCELLED]
    assert vitess_of(sim).sent == []
    assert outcome.problem is not None
    assert "shard 80-" in outcome.problem.message
    sim.fleet.answer = lambda shard, statement: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    everything_ran_once(sim)


@pytest.mark.invariant("FZ-3")
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("who", ["somebody", "another machine"])
def test_what_fails_for_now_stays_open_and_anybody_drives_it_on(plan: Plan, who: str) -> None:
    sim = simulation(plan)
    vitess_of(sim).is_away = True
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert isinstance(outcome.reason, VSchemaFailedForNow)
    failed = [row for row in outcome.finalizers if row.problem]
    assert ["vtctld does not answer" in str(row.problem) for row in failed] == [True]
    assert [row.state for row in failed] == [S.FAILED_RETRYABLE]
    assert vitess_of(sim).looks == ROLLOUT.lock_retries + 1, "bounded (ST-17)"
    assert apply_end(outcome, WaveChoice.ALL).code is ExitCode.PARTIAL
    stored = sim.ledger.unfinished("production", "commerce")
    assert stored is not None
    assert (stored.state, stored.hold) == (ApplyState.PAUSED, Hold.GUARD)
    vitess_of(sim).is_away = False
    sim.holder = who
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


@pytest.mark.invariant("ST-10")
def test_what_nobody_can_see_stays_unknown_and_ends_nothing() -> None:
    sim = simulation()

    def answer(text: str) -> str | None:
        vitess_of(sim).is_away = text == LAST.document
        return "lost-after" if text == LAST.document else None

    vitess_of(sim).answer = answer
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.UNKNOWN
    assert outcome.reason == VSchemaUnseen(Moment.LAST)
    assert states(outcome) == [S.COMPLETED, S.UNKNOWN]
    assert apply_end(outcome, WaveChoice.ALL).code is ExitCode.PARTIAL
    vitess_of(sim).is_away, vitess_of(sim).answer = False, lambda text: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)
    assert vitess_of(sim).sent.count(LAST.document) == 1


@pytest.mark.invariant("ST-17")
def test_what_is_lost_again_and_again_is_left_to_the_next_run() -> None:
    sim = simulation(BEHIND)
    vitess_of(sim).answer = lambda text: "lost-before"
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert isinstance(outcome.reason, VSchemaFailedForNow)
    assert len(vitess_of(sim).sent) == 3
    vitess_of(sim).answer = lambda text: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


@pytest.mark.invariant("FZ-8")
@pytest.mark.invariant("GD-4")
@pytest.mark.parametrize("step", [FIRST, LAST], ids=["first", "last"])
@pytest.mark.parametrize("look", [1, 2])
def test_a_vschema_that_somebody_changed_meanwhile_is_refused_and_nothing_is_sent(
    step: object, look: int
) -> None:
    """At the look that begins the step, or at the one behind the trial."""
    sim = simulation()
    vitess = vitess_of(sim)
    strange = routed("strangers")
    at = look if step is FIRST else vitess_looks_before_last() + look

    def somebody() -> None:
        if vitess.looks + 1 == at:
            vitess.text = strange

    vitess.before_look = somebody
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert outcome.problem is not None
    assert outcome.problem.code == "vschema-drift"
    assert vitess.text == strange
    assert vitess.sent == ([] if step is FIRST else [FIRST.document])


def vitess_looks_before_last() -> int:
    """Two before the first step, one behind it."""
    return 3


@pytest.mark.invariant("FZ-8")
@pytest.mark.invariant("FZ-6")
@pytest.mark.parametrize(
    ("says", "code"),
    [
        (Problem(code="vschema-refused", message="no such type", recovery="x"), "vschema-refused"),
        (routed("users", "more"), "vschema-kept-otherwise"),
    ],
)
def test_what_vitess_would_not_keep_as_reviewed_is_never_sent(
    says: str | Problem, code: str
) -> None:
    sim = simulation(BEHIND)
    vitess_of(sim).takes = lambda text: says
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert outcome.problem is not None
    assert outcome.problem.code == code
    assert vitess_of(sim).sent == []


def test_what_is_in_effect_already_is_done_and_nothing_is_sent() -> None:
    """Somebody applied the reviewed document by hand, while the shards were changed."""
    sim = simulation(BEHIND)

    def by_hand(shard: str, statement: PlannedStatement) -> None:
        vitess_of(sim).text = ONLY_LAST.document

    sim.fleet.answer = by_hand
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.COMPLETED
    assert [(row.state, row.attempts) for row in outcome.finalizers] == [(S.COMPLETED, 0)]
    assert vitess_of(sim).sent == []


@pytest.mark.invariant("GD-16")
def test_a_vschema_that_drifts_while_the_shards_are_looked_over_is_told() -> None:
    sim = simulation()

    def somebody() -> None:
        vitess_of(sim).text = SHARDED

    sim.fleet.before_fleet_look = somebody
    assert sim.run().verdict is ApplyVerdict.DRIFTED


@pytest.mark.invariant("ST-18")
def test_a_step_that_was_taken_back_is_not_hidden_by_a_resume() -> None:
    sim = simulation(rollout=replace(ROLLOUT, gate=True))
    assert sim.run().verdict is ApplyVerdict.PAUSED
    vitess_of(sim).text = EMPTY
    with pytest.raises(Exception, match="somebody has taken that back"):
        sim.run(releases=Releases.WHAT_HOLDS)
    assert vitess_of(sim).sent == [FIRST.document]


@pytest.mark.invariant("FZ-10")
def test_of_some_waves_alone_the_last_step_is_no_part() -> None:
    sim = simulation()
    outcome = sim.run(waves=WaveChoice.CANARY)
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert states(outcome) == [S.COMPLETED, S.PENDING]
    assert apply_end(outcome, WaveChoice.CANARY).code is ExitCode.FINE
    assert sim.run(waves=WaveChoice.REST).verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


@pytest.mark.invariant("FZ-1")
def test_a_run_of_the_canary_that_is_every_shard_leaves_the_last_step_to_the_rest() -> None:
    rollout = replace(ROLLOUT, canary=SHARDS.core.shards)
    plan = with_steps(plan_for(rollout, shards=SHARDS.core.shards, each=1), ONLY_LAST)
    sim = simulation(plan, rollout)
    outcome = sim.run(waves=WaveChoice.CANARY)
    assert outcome.reason == VSchemaNotAsked()
    assert apply_end(outcome, WaveChoice.CANARY).code is ExitCode.FINE
    assert sim.run(waves=WaveChoice.REST).verdict is ApplyVerdict.COMPLETED


def test_a_canary_run_whose_first_step_failed_is_not_fine() -> None:
    sim = simulation(ALONE)
    vitess_of(sim).is_away = True
    outcome = sim.run(waves=WaveChoice.CANARY)
    assert apply_end(outcome, WaveChoice.CANARY).code is ExitCode.PARTIAL


@pytest.mark.invariant("FZ-10")
@pytest.mark.invariant("GT-3")
def test_a_gate_stands_before_the_last_step_too() -> None:
    sim = simulation(BEHIND, replace(ROLLOUT, gate=True))
    for wanted in ("wave", "vschema"):
        outcome = sim.run(releases=Releases.WHAT_HOLDS)
        assert outcome.verdict is ApplyVerdict.PAUSED, wanted
    assert outcome.reason == VSchemaGateClosed()
    assert {row.state for row in outcome.shards} == {S.COMPLETED}
    assert sim.run().verdict is ApplyVerdict.PAUSED, "a run alone releases nothing"
    assert sim.run(releases=Releases.WHAT_HOLDS).verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


@pytest.mark.invariant("FZ-10")
def test_the_soak_is_kept_before_the_last_step() -> None:
    sim = simulation(BEHIND, replace(ROLLOUT, soak_s=60))
    before_s = sim.fleet.clock.monotonic_s()
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    assert sim.fleet.clock.monotonic_s() - before_s >= 2 * 60
    assert sim.run().verdict is ApplyVerdict.NOTHING_TO_DO


@pytest.mark.invariant("FZ-10")
@pytest.mark.invariant("GT-2")
@pytest.mark.parametrize("moment", Moment)
def test_every_gate_is_asked_again_before_each_step(moment: Moment) -> None:
    sim, asked = simulation(), [0]
    wanted = {Moment.FIRST: 1, Moment.LAST: 4}[moment]

    def gates() -> tuple[Refusal, ...]:
        asked[0] += 1
        return (Refusal(code="x", message="reverted", recovery="y"),) if asked[0] == wanted else ()

    sim.gates = gates
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert outcome.reason == VSchemaRefused(moment, "reverted")
    assert len(vitess_of(sim).sent) == (0 if moment is Moment.FIRST else 1)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


@pytest.mark.invariant("FZ-10")
def test_outside_of_the_windows_the_vschema_is_not_changed() -> None:
    """The shards are changed within one, and it has closed when the soak is over."""
    rollout = RolloutSpec(parallel=3, soak_s=180)
    plan = with_steps(plan_for(rollout, shards=SHARDS.core.shards, each=1), ONLY_LAST)
    sim = simulation(plan, rollout)
    minute = int(sim.fleet.clock.now_s() // 60) % (24 * 60)
    hour, since = divmod(minute, 60)
    assert since < 58, "the simulated clock stands where a window of two minutes is of one hour"
    sim.rollout = replace(rollout, windows=(f"{hour:02}:{since:02}-{hour:02}:{since + 2:02} UTC",))
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert {row.state for row in outcome.shards} == {S.COMPLETED}
    (refusal,) = outcome.refusals
    assert isinstance(refusal, Refusal)
    assert refusal.message.startswith("no change of the VSchema starts outside of")
    assert vitess_of(sim).sent == []
    sim.fleet.clock.pass_by(24 * 3600 - 180)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


@pytest.mark.invariant("FZ-8")
@pytest.mark.invariant("ST-16")
def test_without_the_lock_nothing_is_sent() -> None:
    sim = simulation(ALONE)
    sim.fleet.is_locked = False
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == "lock-lost"
    assert vitess_of(sim).sent == []


@pytest.mark.invariant("FZ-10")
@pytest.mark.invariant("ST-8")
@pytest.mark.parametrize("kind", [RequestKind.STOP, RequestKind.CANCEL])
def test_who_asks_to_end_before_the_last_step_is_heard(kind: RequestKind) -> None:
    asked: list[int] = []

    def answer(shard: str, statement: PlannedStatement) -> None:
        if shard == "80-" and not asked:
            asked.append(1)
            sim.ledger.ask(1, kind, asked_by="ada", now_s=sim.fleet.clock.now_s())

    sim = simulation(BEHIND, replace(ROLLOUT, soak_s=10), answer)
    outcome = sim.run()
    is_stop = kind is RequestKind.STOP
    assert outcome.verdict is (ApplyVerdict.STOPPED if is_stop else ApplyVerdict.CANCELLED)
    assert states(outcome) == [S.STOPPED if is_stop else S.CANCELLED]
    assert vitess_of(sim).sent == []
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    everything_ran_once(sim)


@pytest.mark.invariant("ST-15")
def test_a_fault_of_our_own_fails_the_step_and_is_not_tried_again() -> None:
    sim = simulation(BEHIND)

    def fault(text: str) -> str:
        raise ZeroDivisionError("a bug")

    vitess_of(sim).takes = fault
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert outcome.problem is not None
    assert outcome.problem.code == "vschema-crashed"


@pytest.mark.invariant("ST-4")
def test_who_is_replaced_sends_nothing_more() -> None:
    sim = simulation()

    def answer(text: str) -> None:
        sim.ledger.take_over(1, holder="another machine", now_s=sim.fleet.clock.now_s())

    vitess_of(sim).answer = answer
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == "lease-lost"
    assert vitess_of(sim).sent == [FIRST.document]
    vitess_of(sim).answer = lambda text: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


@pytest.mark.invariant("FZ-1")
@pytest.mark.invariant("ST-9")
@pytest.mark.invariant("ST-10")
@pytest.mark.parametrize("seed", series(range(40)))
def test_any_weather_ends_with_everything_run_once(seed: int) -> None:
    random = Random(seed)
    plan = random.choice([*PLANS.values()])
    words = [None, "lost-before", "lost-after", "ghost", "unread"]
    sim = simulation(
        plan,
        replace(ROLLOUT, on_failure=OnFailure.CONTINUE, parallel=random.randint(1, 3)),
        lambda shard, statement: random.choices(words, [70, 8, 8, 8, 6])[0],
    )
    sim.random = random
    vitess = vitess_of(sim)
    bad = [None, "lost-before", "lost-after", "late", "refused-after"]
    vitess.answer = lambda text: random.choices(bad, [50, 15, 15, 10, 10])[0]

    def flips() -> None:
        vitess.is_away = random.random() < 0.2

    for _ in range(RUNS_MAX):
        vitess.before_look = flips
        killed = sim.is_killed(Fate(kill_at=random.choice([None, *range(60)])))
        vitess.is_away = False
        if random.random() < 0.1:
            sim.ledger = memory_ledger()
        if not killed and sim.ledger.unfinished("production", "commerce") is None:
            break
    vitess.before_look, vitess.answer = lambda: None, lambda text: None
    sim.fleet.answer = lambda shard, statement: None
    for _ in range(2):
        outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.NOTHING_TO_DO
    everything_ran_once(sim)
