"""A rollout that is killed anywhere, taken up again, runs each statement once on every shard."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.ledger.states import ApplyState, OperationState, StatementState
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Outcome
from reconciler.spec.model import OnFailure, RolloutSpec
from tests.series import series
from tests.sim.fleet import Answer, Fate, SimClock, SimFleet, lock_wait
from tests.sim.plans import plan_for
from tests.sim.run import Simulation, memory_ledger

ROLLOUT = RolloutSpec(canary=("40-80",), parallel=2, lock_retries=3)
PLAN = plan_for(ROLLOUT, shards=("-40", "40-80", "80-"))
RUNS_MAX = 30


def simulation(answer: Answer = lambda shard, statement: None) -> Simulation:
    return Simulation(plan=PLAN, rollout=ROLLOUT, fleet=SimFleet(PLAN, answer=answer))


def moments_of_a_whole_run() -> int:
    fate = Fate()
    simulation().run(fate=fate)
    return fate.moments


def check_agreement(sim: Simulation) -> None:
    """Everything ran once, and the ledger says so too."""
    sim.fleet.everything_ran_once()
    (apply, *_) = sim.ledger.applies("production", keyspace="commerce", limit=1)
    assert apply.state is ApplyState.COMPLETED
    assert {o.state for o in sim.ledger.operations(apply.apply_id)} == {OperationState.COMPLETED}
    in_doubt = {StatementState.INTENDED, StatementState.UNKNOWN}
    assert not in_doubt & {s.state for s in sim.ledger.statements(apply.apply_id)}


@pytest.mark.invariant("ST-9")
@pytest.mark.parametrize("moment", series(range(moments_of_a_whole_run())))
def test_a_kill_before_or_after_any_effect_still_runs_everything_once(moment: int) -> None:
    sim = simulation()
    assert sim.is_killed(Fate(kill_at=moment))
    assert sim.run().verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    check_agreement(sim)


@pytest.mark.invariant("ST-13")
@pytest.mark.parametrize("moment", series(range(moments_of_a_whole_run())))
def test_with_the_ledger_lost_at_any_moment_nothing_is_run_twice_or_skipped(moment: int) -> None:
    sim = simulation()
    assert sim.is_killed(Fate(kill_at=moment))
    sim.ledger = memory_ledger()
    assert sim.run().verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("ST-10")
@pytest.mark.parametrize("cut", ["lost-before", "lost-after", "ghost", "unread"])
def test_a_lost_connection_is_settled_by_looking(cut: str) -> None:
    lost: set[str] = set()

    def answer(shard: str, statement: PlannedStatement) -> str | None:
        if shard == "80-" and statement.sql not in lost:
            lost.add(statement.sql)
            return cut
        return None

    sim = simulation(answer)
    outcomes = [sim.run().verdict for _ in range(2)]
    assert outcomes[-1] in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    check_agreement(sim)
    again = 2 if cut == "lost-before" else 1
    assert [sim.fleet.shards["80-"].sent.count(sql) for sql in sorted(lost)] == [again] * len(lost)


@pytest.mark.invariant("ST-10")
def test_a_shard_that_cannot_be_looked_at_stays_unknown_and_ends_nothing() -> None:
    def answer(shard: str, statement: PlannedStatement) -> str | None:
        sim.fleet.dead_shards.add(shard)
        return "lost-after"

    sim = simulation(answer)
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.UNKNOWN
    assert [row.state for row in outcome.shards if row.shard == "40-80"] == [OperationState.UNKNOWN]
    assert sim.ledger.unfinished("production", "commerce") is not None
    sim.fleet.dead_shards.clear()
    sim.fleet.answer = lambda shard, statement: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


@pytest.mark.invariant("ST-13")
@pytest.mark.parametrize("cut", ["ghost", "unread"])
@pytest.mark.parametrize("number", series(range(12)))
def test_what_a_dead_run_sent_is_waited_for_though_no_ledger_knows_of_it(
    cut: str, number: int
) -> None:
    """Another machine, with a ledger of its own, takes over while a statement is on its way."""
    fate, sent = Fate(), []

    def answer(shard: str, statement: PlannedStatement) -> str | None:
        sent.append(statement)
        if len(sent) <= number:
            return None
        fate.kill_now()
        return cut

    sim = simulation(answer)
    assert sim.is_killed(fate)
    sim.ledger = memory_ledger()
    sim.fleet.answer = lambda shard, statement: None
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.COMPLETED, outcome.problem
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("ST-4")
@pytest.mark.invariant("ST-16")
@pytest.mark.parametrize("number", series(range(1, 13)))
def test_who_is_replaced_while_a_statement_runs_sends_nothing_more(number: int) -> None:
    """Its machine was suspended, say, and another took the apply up."""
    sent = []

    def answer(shard: str, statement: PlannedStatement) -> None:
        sent.append(statement)
        if len(sent) == number:
            sim.ledger.take_over(1, holder="another machine", now_s=sim.fleet.clock.now_s())

    sim = simulation(answer)
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == "lease-lost"
    assert len(sent) <= number + ROLLOUT.parallel - 1
    sim.fleet.answer = lambda shard, statement: None
    assert sim.run().verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    check_agreement(sim)


class Weather:
    """What comes of statements, and when the process dies, by the seed alone."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.clock: SimClock | None = None

    def answer(self, shard: str, statement: PlannedStatement) -> Outcome | str | None:
        if self.clock is not None and self.random.random() < 0.05:
            self.clock.off_s = self.random.choice((-60.0, 0.0, 60.0))
        return self.random.choices(
            [None, "lost-before", "lost-after", "ghost", "unread", lock_wait()],
            [65, 8, 8, 8, 5, 6],
        )[0]

    def fate(self) -> Fate:
        return Fate(kill_at=self.random.choice([None, *range(80)]))

    def nobody_home(self, opened: int) -> range:
        """Which of the next sessions find no server."""
        first = opened + self.random.randrange(6)
        return range(first, first + self.random.choice([0, 0, 3, 20]))


@pytest.mark.invariant("ST-9")
@pytest.mark.invariant("ST-10")
@pytest.mark.parametrize("seed", series(range(60)))
def test_any_weather_ends_with_everything_run_once(seed: int) -> None:
    weather = Weather(seed)
    rollout = RolloutSpec(
        canary=("40-80",), parallel=weather.random.randint(1, 3), on_failure=OnFailure.CONTINUE
    )
    sim = Simulation(
        plan=PLAN,
        rollout=rollout,
        fleet=SimFleet(PLAN, answer=weather.answer),
        random=weather.random,
    )
    weather.clock = sim.fleet.clock
    for _ in range(RUNS_MAX):
        sim.fleet.opens_in_vain = weather.nobody_home(sim.fleet.opened)
        killed = sim.is_killed(weather.fate())
        assert "shard-crashed" not in problems_of(sim), "no weather is a fault of our own"
        if weather.random.random() < 0.1:
            sim.ledger = memory_ledger()
        if not killed and sim.ledger.unfinished("production", "commerce") is None:
            break
    sim.fleet.answer, sim.fleet.opens_in_vain = lambda shard, statement: None, range(0)
    assert sim.run().verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    sim.fleet.everything_ran_once()


def problems_of(sim: Simulation) -> set[str]:
    """Codes of what the shards of all applies failed for."""
    applies = sim.ledger.applies("production", keyspace="commerce", limit=RUNS_MAX)
    rows = [row for one in applies for row in sim.ledger.operations(one.apply_id)]
    return {row.problem.code for row in rows if row.problem is not None}
