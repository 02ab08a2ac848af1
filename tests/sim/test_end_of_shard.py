"""A shard is done when all of it is as the plan leaves it, whoever changed what meanwhile."""

from __future__ import annotations

import pytest

from reconciler.ledger.states import OperationState, StatementState
from reconciler.model.object_id import ObjectId
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.plan.model import PlannedStatement
from reconciler.spec.model import OnFailure, RolloutSpec
from tests.sim.fleet import SimFleet
from tests.sim.plans import plan_for
from tests.sim.run import Simulation

ROLLOUT = RolloutSpec(parallel=1, lock_retries=1, on_failure=OnFailure.CONTINUE)
PLAN = plan_for(ROLLOUT, shards=("-80", "80-"), each=1)
SHARD = "80-"
LAST = PLAN.core.change_sets[0].statements[-1]


def simulation() -> Simulation:
    return Simulation(plan=PLAN, rollout=ROLLOUT, fleet=SimFleet(PLAN))


def rows_of(outcome: ApplyOutcome, shard: str) -> dict[ObjectId, OperationState]:
    (found,) = (row for row in outcome.shards if row.shard == shard)
    return {row.object_id: row.state for row in found.operations}


def somebody_changes(sim: Simulation, table: str, text: str | None) -> None:
    """Between the shard's last statement and the look at all of it."""

    def change(shard: str) -> None:
        tables = sim.fleet.shards[shard].tables
        if shard == SHARD and text is None:
            tables.pop(table, None)
        elif shard == SHARD and text is not None:
            tables[table] = text

    sim.fleet.before_last_look = change


@pytest.mark.invariant("GD-12")
@pytest.mark.parametrize(
    ("table", "text"),
    [("orders", "orders v9"), ("orders", None), ("strangers", "strangers v0")],
    ids=["changed", "dropped", "made"],
)
def test_what_somebody_changed_beside_the_statements_is_named_and_no_success(
    table: str, text: str | None
) -> None:
    sim = simulation()
    somebody_changes(sim, table, text)
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert set(rows_of(outcome, "-80").values()) == {OperationState.COMPLETED}
    assert rows_of(outcome, SHARD)[LAST.object_id] is OperationState.FAILED
    assert outcome.problem is not None
    assert outcome.problem.code == "drift"
    assert f"shard {SHARD}, table {table}" in outcome.problem.message
    assert str(text or "no such table") in outcome.problem.message
    ran = sim.ledger.statements(1)
    assert {row.state for row in ran} == {StatementState.APPLIED}


def test_a_table_that_policy_ignores_is_nobodys_business() -> None:
    sim = simulation()
    somebody_changes(sim, "_copy", "_copy v0")
    assert sim.run().verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("GD-5")
@pytest.mark.invariant("GD-12")
def test_an_end_that_cannot_be_looked_at_is_unknown_until_somebody_can() -> None:
    sim = simulation()
    sim.fleet.before_last_look = lambda shard: sim.fleet.dead_shards.update({shard} & {SHARD})
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.UNKNOWN
    assert rows_of(outcome, SHARD)[LAST.object_id] is OperationState.UNKNOWN
    sim.fleet.dead_shards.clear()
    sim.fleet.before_last_look = lambda shard: None
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("GD-12")
@pytest.mark.parametrize("cut", ["lost-after", "ghost", "unread"])
def test_a_statement_found_applied_by_looking_ends_the_shard_with_the_same_look(cut: str) -> None:
    sim = simulation()
    sent: list[str] = []

    def answer(shard: str, statement: PlannedStatement) -> str | None:
        if (shard, statement) != (SHARD, LAST) or sent:
            return None
        sent.append(statement.sql)
        return cut

    sim.fleet.answer = answer
    somebody_changes(sim, "orders", "orders v9")
    outcome = sim.run()
    assert sent
    assert outcome.verdict is ApplyVerdict.FAILED, outcome
    assert outcome.problem is not None
    assert f"shard {SHARD}, table orders" in outcome.problem.message
