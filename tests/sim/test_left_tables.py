"""No apply is over while tables stand beside its own that its engines made and that can be removed:
whatever keeps them from being removed for a while, and whenever a swap comes through."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from reconciler.drive.limits import SETTLE_LOOKS_MAX
from reconciler.ledger.copies import LeftBehind
from reconciler.ledger.states import StatementState
from reconciler.model.engine import EngineName
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.plan.model import Plan, PlannedStatement
from reconciler.ports.engine import Failed
from reconciler.ports.shards import RowsDiffer
from reconciler.spec.model import OnFailure, RolloutSpec
from tests.sim.fleet import Online, SimFleet, lock_wait
from tests.sim.plans import plan_for, statement
from tests.sim.run import Simulation
from tests.sim.test_engines import check_agreement, happened, statements_of

pytestmark = pytest.mark.invariant("EN-84")
ROLLOUT = RolloutSpec(parallel=2, lock_retries=2, on_failure=OnFailure.CONTINUE)
PLAN = plan_for(ROLLOUT, shards=("-",), tables=("users",), each=2, engine=EngineName.GH_OST)
STATEMENTS = PLAN.core.change_sets[0].statements
BY_THE_SERVER = (STATEMENTS[0], statement("users", 1))
MIXED = plan_for(ROLLOUT, shards=("-",), tables=("users",), statements=BY_THE_SERVER)


def simulation(answers: Iterable[Online | Failed] = (), plan: Plan = PLAN) -> Simulation:
    first = iter(answers)

    def answer(shard: str, statement: PlannedStatement) -> Online | Failed:
        return next(first, Online())

    return Simulation(plan=plan, rollout=ROLLOUT, fleet=SimFleet(plan, answer=answer))


@pytest.mark.parametrize("in_vain", [1, 2, SETTLE_LOOKS_MAX])
def test_what_cannot_be_removed_for_now_is_removed_before_the_apply_is_over(in_vain: int) -> None:
    """gh-ost is still at work, the connection was cut, the claim is somebody else's."""
    sim = simulation()
    sim.fleet.shards["-"].discards_in_vain = in_vain
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)
    assert happened(sim, LeftBehind) == 0, "nothing was"


def test_an_apply_whose_engine_is_still_at_work_is_not_over_and_says_why() -> None:
    sim = simulation()
    sim.fleet.shards["-"].discards_in_vain = 10**6
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.UNKNOWN
    (problem,) = (row.problem for row in outcome.shards[0].operations)
    assert problem is not None
    assert problem.code == "copy-not-cleared"
    assert "`_users_gho`" in problem.message
    assert [row.state for row in statements_of(sim)] == [StatementState.UNKNOWN]
    sim.fleet.shards["-"].discards_in_vain = 0
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


def test_what_a_swap_left_that_came_through_after_it_was_seen_undone_is_removed() -> None:
    """A RENAME that waits for a lock outlives the process that sent it."""
    sim = simulation([Online(disappears_at=1)])
    swap_comes_through(sim, after_looks=2)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)
    assert sim.fleet.shards["-"].sent == [one.sql for one in STATEMENTS]


@pytest.mark.parametrize("is_in_vain", [False, True])
def test_what_a_swap_left_that_came_through_before_the_next_try_is_removed(
    is_in_vain: bool,
) -> None:
    sim = simulation([lock_wait()])
    sim.fleet.shards["-"].discards_in_vain = int(is_in_vain)
    swap_comes_through(sim, after_looks=2)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    check_agreement(sim)


@pytest.mark.parametrize("is_in_vain", [False, True])
def test_what_a_swap_left_that_came_through_after_its_apply_is_removed_by_the_next(
    is_in_vain: bool,
) -> None:
    """It has failed for good, and its copy could not be removed just then."""
    sim, shard = simulation(plan=MIXED), "-"
    sim.fleet.rows_checked = RowsDiffer(compared=10, differing=0, missing=1, extra=0)
    sim.fleet.shards[shard].discards_in_vain = 1
    assert sim.run().verdict is ApplyVerdict.FAILED
    assert sim.fleet.shards[shard].left
    sim.fleet.take_effect(shard, STATEMENTS[0])
    sim.fleet.answer = lambda shard, statement: None
    sim.fleet.shards[shard].discards_in_vain = int(is_in_vain)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()
    assert not sim.fleet.shards[shard].left


def swap_comes_through(sim: Simulation, *, after_looks: int) -> None:
    """Of the first statement, once its try has ended and it was looked so often."""
    shard, looks = sim.fleet.shards["-"], [0]

    def look(name: str, table: str) -> None:
        if shard.copies or not shard.sent or shard.runs:
            return
        looks[0] += 1
        if looks[0] > after_looks:
            shard.left.add(statements_of(sim)[0].handle.content)
            sim.fleet.take_effect(name, STATEMENTS[0])

    sim.fleet.before_look = look
