"""Rollouts by an engine that copies a table and swaps it in: killed, refused, held, and gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reconciler.drive.status import current_apply
from reconciler.ledger.model import StoredStatement
from reconciler.ledger.reasons import CutOverBegun, FoundRunning
from reconciler.ledger.states import ApplyState, OperationState, StatementState
from reconciler.model.engine import EngineName
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict, OperationRow
from reconciler.outcomes.progress import (
    RolloutStarted,
    ShardEnded,
    ShardTakenUp,
    StatementAdvanced,
    StatementEnded,
)
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Failed
from reconciler.spec.model import OnFailure, RolloutSpec
from tests.series import series
from tests.sim.fleet import Answer, Fate, Online, SimClock, SimFleet, lock_wait
from tests.sim.plans import plan_for
from tests.sim.run import Simulation

ROLLOUT = RolloutSpec(parallel=2, lock_retries=2, on_failure=OnFailure.CONTINUE)
SHARDS = ("-80", "80-")
PLAN = plan_for(ROLLOUT, shards=SHARDS, tables=("users",), each=2, engine=EngineName.GH_OST)
ONE = plan_for(ROLLOUT, shards=("-",), tables=("users",), each=1, engine=EngineName.GH_OST)


def online(shard: str, statement: PlannedStatement) -> Online:
    return Online()


def simulation(answer: Answer = online, rollout: RolloutSpec = ROLLOUT) -> Simulation:
    return Simulation(plan=PLAN, rollout=rollout, fleet=SimFleet(PLAN, answer=answer))


def of_one_shard(answer: Answer, rollout: RolloutSpec = ROLLOUT) -> Simulation:
    return Simulation(plan=ONE, rollout=rollout, fleet=SimFleet(ONE, answer=answer))


def state_of(outcome: ApplyOutcome) -> OperationState:
    (shard,) = outcome.shards
    (operation,) = shard.operations
    return operation.state


def happened(sim: Simulation, kind: type) -> int:
    (apply, *_) = sim.ledger.applies("production", keyspace="commerce", limit=1)
    return sum(isinstance(e.what, kind) for e in sim.ledger.events(apply.apply_id, limit=1000))


def check_agreement(sim: Simulation) -> None:
    """Everything ran once, nothing was begun twice or left behind, and the ledger says so too."""
    sim.fleet.everything_ran_once()
    assert not any(shard.left for shard in sim.fleet.shards.values())
    (apply, *_) = sim.ledger.applies("production", keyspace="commerce", limit=1)
    assert apply.state is ApplyState.COMPLETED
    statements = sim.ledger.statements(apply.apply_id)
    assert {row.state for row in statements} == {StatementState.APPLIED}


def moments_of(sim: Simulation) -> range:
    """Of its whole run."""
    fate = Fate()
    sim.run(fate=fate)
    return range(fate.moments)


@pytest.mark.invariant("EN-3")
def test_a_copy_is_waited_for_and_then_cut_over() -> None:
    sim = simulation()
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)
    assert Counter(sim.fleet.cut_over) == dict.fromkeys(SHARDS, 2)
    assert happened(sim, CutOverBegun) == 4


@pytest.mark.invariant("ST-9")
@pytest.mark.invariant("EN-2")
@pytest.mark.parametrize("moment", series(moments_of(simulation())))
def test_a_kill_at_any_moment_begins_no_copy_twice(moment: int) -> None:
    """The copy goes on without the process that began it: it is found by its handle."""
    sim = simulation()
    assert sim.is_killed(Fate(kill_at=moment))
    assert sim.run().verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    sim.fleet.everything_ran_once()
    assert not any(shard.left for shard in sim.fleet.shards.values())
    assert {max(Counter(shard.sent).values()) for shard in sim.fleet.shards.values()} == {1}


@pytest.mark.invariant("EN-2")
def test_a_statement_that_is_still_running_is_taken_up_and_followed() -> None:
    """Its process is dead; the server has it in hand, and says so."""
    fate = Fate()

    def answer(shard: str, statement: PlannedStatement) -> str:
        fate.kill_now()
        return "ghost"

    sim = of_one_shard(answer)
    assert sim.is_killed(fate)
    sim.fleet.clock = watching = Watching(sim)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)
    assert happened(sim, FoundRunning) == 1
    assert OperationState.RUNNING in {row.state for row in watching.seen if row.runs}


@pytest.mark.invariant("ST-10")
@pytest.mark.parametrize("went_before", ["nothing", "a look that found it running"])
def test_what_runs_on_a_shard_that_cannot_be_reached_any_more_stays_unknown(
    went_before: str,
) -> None:
    """Its process is dead, and so is the way to the server before anybody has taken it up."""
    fate = Fate()

    def answer(shard: str, statement: PlannedStatement) -> str:
        fate.kill_now()
        return "ghost"

    sim = of_one_shard(answer)
    assert sim.is_killed(fate)
    first = sim.fleet.opened + (went_before != "nothing")
    sim.fleet.opens_in_vain = range(first, first + 50)
    lost = sim.run()
    assert lost.verdict is ApplyVerdict.UNKNOWN, lost.problem
    assert state_of(lost) is OperationState.UNKNOWN
    sim.fleet.opens_in_vain = range(0)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


def test_who_watches_is_told_that_a_run_goes_on_with_what_an_earlier_one_began() -> None:
    told = [after_kill(moment) for moment in moments_of(of_one_shard(online))]
    taken_up = [events for events in told if ShardTakenUp in events]
    assert taken_up
    for events in taken_up:
        of_first_shard = [e for e in events if e in (ShardTakenUp, StatementEnded, ShardEnded)][:3]
        assert of_first_shard == [ShardTakenUp, StatementEnded, ShardEnded]


def after_kill(moment: int) -> list[type]:
    """What the second run tells of one shard whose process was killed."""
    sim = of_one_shard(online)
    assert sim.is_killed(Fate(kill_at=moment))
    killed = len(sim.events)
    assert sim.run().verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    begun = [event for event in sim.events[killed:] if isinstance(event, RolloutStarted)]
    kinds = [type(event) for event in sim.events[killed:]]
    assert all(event.goes_on for event in begun if ShardTakenUp in kinds)
    return kinds


def test_who_stops_a_run_does_not_wait_for_what_an_earlier_one_began() -> None:
    fate = Fate()

    def answer(shard: str, statement: PlannedStatement) -> str:
        fate.kill_now()
        return "ghost"

    sim = of_one_shard(answer)
    assert sim.is_killed(fate)
    sim.interrupts = 1
    assert sim.run().verdict is ApplyVerdict.UNKNOWN
    sim.interrupts = 0
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


def test_what_an_earlier_run_began_has_a_limit_too() -> None:
    """Who sent it would have stopped it, and is dead."""
    fate = Fate()
    answers: Iterator[Callable[[], str | None]] = iter([lambda: killed(fate), lambda: None])
    rollout = replace(ROLLOUT, run_limit_s=60)
    sim = of_one_shard(lambda shard, statement: next(answers)(), rollout)
    assert sim.is_killed(fate)
    (ghost,) = sim.fleet.shards["-"].ghosts.values()
    ghost.looks = 10**6
    begun_s = sim.fleet.clock.now_s()
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)
    assert 60 <= sim.fleet.clock.now_s() - begun_s < 120


def killed(fate: Fate) -> str:
    fate.kill_now()
    return "ghost"


@pytest.mark.invariant("ST-10")
def test_a_copy_that_disappeared_is_looked_for_at_the_shard_and_begun_again() -> None:
    answers = iter([Online(looks=5, disappears_at=3), Online()])
    sim = of_one_shard(lambda shard, statement: next(answers))
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)
    [(_, first), (_, second)] = sim.fleet.earlier
    assert first is None
    assert second is not None, "the engine is told what it may have left behind"


BY_VITESS = plan_for(ROLLOUT, shards=("-",), tables=("users",), each=1, engine=EngineName.VITESS)


@pytest.mark.invariant("VT-33")
@pytest.mark.parametrize("unseen", [1, 3, 7, 20])
def test_what_goes_on_alone_has_not_ended_because_nobody_can_ask_after_it(unseen: int) -> None:
    """The table is as it was; the copy is not at its end all the same."""
    fleet = SimFleet(BY_VITESS, answer=lambda shard, statement: Online(unseen=unseen))
    sim = Simulation(plan=BY_VITESS, rollout=ROLLOUT, fleet=fleet)
    for _ in range(unseen):
        if sim.run().verdict is not ApplyVerdict.UNKNOWN:
            break
        assert not any(row.state is StatementState.NEVER_RAN for row in statements_of(sim))
    check_agreement(sim)
    assert len(fleet.shards["-"].sent) == 1


def statements_of(sim: Simulation) -> tuple[StoredStatement, ...]:
    (apply, *_) = sim.ledger.applies("production", keyspace="commerce", limit=1)
    return sim.ledger.statements(apply.apply_id)


@pytest.mark.invariant("ST-10")
def test_an_engine_that_disappeared_after_the_swap_has_applied() -> None:
    def answer(shard: str, statement: PlannedStatement) -> str | None:
        return "lost-after"

    sim = of_one_shard(answer)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)
    assert len(sim.fleet.shards["-"].sent) == 1


def test_an_engine_that_fails_for_now_is_asked_again() -> None:
    answers: Iterator[Failed | Online] = iter([lock_wait(), Online()])
    sim = of_one_shard(lambda shard, statement: next(answers))
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


def test_a_cut_over_that_is_refused_is_tried_again_and_not_for_ever() -> None:
    sim = of_one_shard(lambda shard, statement: Online(refusals=2))
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)
    assert len(sim.fleet.cut_over) == 3

    sim = of_one_shard(lambda shard, statement: Online(refusals=100))
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert len(sim.fleet.cut_over) == ROLLOUT.lock_retries + 1
    assert not sim.fleet.shards["-"].copies, "the engine was told to stop"
    assert not sim.fleet.shards["-"].runs


@pytest.mark.invariant("EN-3")
def test_a_copy_of_a_table_that_somebody_changed_is_not_swapped_in() -> None:
    looks: list[str] = []

    def somebody_changes(shard: str, table: str) -> None:
        looks.append(shard)
        if sim.fleet.shards[shard].copies:
            sim.fleet.shards[shard].tables[table] = "something else"

    sim = of_one_shard(online)
    sim.fleet.before_look = somebody_changes
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert outcome.problem is not None
    assert outcome.problem.code == "drift"
    assert sim.fleet.cut_over == []
    assert not sim.fleet.shards["-"].copies


@pytest.mark.invariant("ST-16")
def test_a_copy_is_not_swapped_in_without_the_lock() -> None:
    sim = of_one_shard(online)
    sim.fleet.clock = Unlocking(sim.fleet)
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == "lock-lost"
    assert sim.fleet.cut_over == []
    sim.fleet.clock, sim.fleet.is_locked = SimClock(), True
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)
    assert len(sim.fleet.shards["-"].sent) == 1


class Unlocking(SimClock):
    """Somebody takes the keyspace's lock away while the first copy is made."""

    def __init__(self, fleet: SimFleet) -> None:
        super().__init__()
        self._fleet = fleet

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if any(shard.copies for shard in self._fleet.shards.values()):
            self._fleet.is_locked = False


class Watching(SimClock):
    """What `status` shows while engines are asked for news."""

    def __init__(self, sim: Simulation) -> None:
        super().__init__()
        self._sim = sim
        self.seen: list[OperationRow] = []

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        status = current_apply(self._sim.ledger, "production", "commerce", now_s=self.now_s())
        if status is not None:
            self.seen += [row for shard in status.shards for row in shard.operations]


def test_how_far_a_statement_is_can_be_seen_while_it_runs() -> None:
    sim = of_one_shard(lambda shard, statement: Online(looks=9, refusals=1))
    sim.fleet.clock = watching = Watching(sim)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    told = [event.progress for event in sim.events if isinstance(event, StatementAdvanced)]
    assert [one.rows_done for one in told][:9] == [*range(2, 11)]
    shown = [row.progress.rows_done for row in watching.seen if row.progress.rows_done is not None]
    assert shown == sorted(shown)
    assert len(set(shown)) > 1
    states = {row.state for row in watching.seen if row.runs}
    assert states == {OperationState.RUNNING, OperationState.WAITING_FOR_CUTOVER}


@pytest.mark.invariant("RP-31")
def test_how_large_its_table_was_stays_with_a_statement_that_works_on_rows() -> None:
    sim = of_one_shard(lambda shard, statement: Online(looks=9))
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    (apply, *_) = sim.ledger.applies("production", keyspace="commerce", limit=1)
    rows = sim.ledger.statements(apply.apply_id)
    assert {row.progress.bytes_total for row in rows} == {1_000}
    assert {row.progress.rows_total for row in rows} == {10}, "beside what its engine told"
    past = sim.ledger.past_statements("production", "commerce", tables=("users",), limit=9)
    assert {one.row for one in past} <= set(rows)
    sim = of_one_shard(lambda shard, statement: Online(looks=9))
    sim.fleet.table_bytes = None
    assert sim.run().verdict is ApplyVerdict.COMPLETED, "it is an aside"
