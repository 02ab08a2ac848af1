"""What the plan's hazards were judged by is looked at again right before each statement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.ledger.states import OperationState
from reconciler.model.dependents import Dependents, Program, Reference
from reconciler.model.object_id import ObjectKind
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.plan.model import PlannedStatement
from reconciler.spec.model import RolloutSpec
from tests.sim.fleet import SimFleet
from tests.sim.plans import plan_for, statement
from tests.sim.run import Simulation

ROLLOUT = RolloutSpec(parallel=1, lock_retries=1)
SHARD = "80-"


def dropping(table: str, before: int) -> PlannedStatement:
    made = statement(table, before)
    return replace(made, sql=f"ALTER TABLE `{table}` DROP COLUMN `c{before}`")


def simulation(*statements: PlannedStatement) -> Simulation:
    chain = statements or (dropping("orders", 0), dropping("users", 0))
    plan = plan_for(ROLLOUT, shards=("-80", SHARD), statements=chain)
    return Simulation(plan=plan, rollout=ROLLOUT, fleet=SimFleet(plan))


def view(name: str, text: str | None, database: str | None = None) -> Program:
    return Program(kind=ObjectKind.VIEW, name=name, text=text, database=database)


USES = view("v", "select `d`.`users`.`c0` AS `c0` from `d`.`users`")


def refused(outcome: ApplyOutcome, *words: str) -> None:
    assert outcome.verdict is ApplyVerdict.FAILED
    assert outcome.problem is not None
    assert outcome.problem.code == "dependent-appeared"
    for word in (f"shard {SHARD}", *words):
        assert word in outcome.problem.message


@pytest.mark.invariant("GD-14")
@pytest.mark.parametrize("first_is_done", [False, True])
def test_a_new_program_that_loses_something_keeps_the_statement_from_being_sent(
    first_is_done: bool,
) -> None:
    sim = simulation()

    def answer(shard: str, sent: PlannedStatement) -> None:
        sim.fleet.dependents[SHARD] = Dependents(programs=(USES,))

    if first_is_done:
        sim.fleet.answer = answer
    else:
        sim.fleet.dependents[SHARD] = Dependents(programs=(USES,))
    outcome = sim.run()
    refused(outcome, "table users", "view v uses users.c0")
    assert not any("`users`" in sql for sql in sim.fleet.shards[SHARD].sent)
    sim.fleet.judged = Dependents(programs=(USES,))  # judged, and permitted by a review
    sim.fleet.dependents.clear()
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("GD-14")
def test_what_was_judged_may_be_there_and_may_be_gone() -> None:
    sim = simulation()
    sim.fleet.judged = Dependents(programs=(USES, view("w", "select `d`.`orders`.`c0`")))
    sim.fleet.dependents[SHARD] = Dependents(programs=(USES,))
    assert sim.run().verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("GD-14")
def test_a_program_that_was_judged_with_another_text_was_not_judged() -> None:
    sim = simulation()
    sim.fleet.judged = Dependents(programs=(view("v", "select `d`.`users`.`id` from `d`.`users`"),))
    sim.fleet.dependents[SHARD] = Dependents(programs=(USES,))
    refused(sim.run(), "view v uses users.c0")


@pytest.mark.invariant("GD-14")
def test_what_uses_something_else_is_in_nobodys_way() -> None:
    sim = simulation()
    harmless = view("v", "select `d`.`users`.`id` AS `id` from `d`.`users`")
    sim.fleet.dependents[SHARD] = Dependents(programs=(harmless,))
    assert sim.run().verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("GD-14")
@pytest.mark.parametrize(
    ("database", "sees_elsewhere"), [(None, True), (None, False), ("rep", True)]
)
def test_a_new_text_that_is_hidden_counts_as_using_it(
    database: str | None, sees_elsewhere: bool
) -> None:
    sim = simulation()
    sim.fleet.judged = Dependents(sees_elsewhere=sees_elsewhere)
    sim.fleet.dependents[SHARD] = Dependents(programs=(view("h", None, database),))
    refused(sim.run(), "the login may not see")


def test_what_was_hidden_elsewhere_and_permitted_stays_permitted() -> None:
    sim = simulation()
    sim.fleet.judged = Dependents(sees_elsewhere=False)
    sim.fleet.dependents[SHARD] = Dependents(programs=(view("h", None, "rep"),))
    assert sim.run().verdict is ApplyVerdict.COMPLETED


def key(table: str, database: str | None = None) -> Reference:
    return Reference(
        table=table,
        name="fk",
        database=database,
        parent="users",
        parent_columns=frozenset({"c0"}),
    )


@pytest.mark.invariant("GD-14")
@pytest.mark.parametrize("child", [key("child", "rep"), key("_copy")])
def test_a_new_foreign_key_of_a_table_that_is_not_managed_refuses(child: Reference) -> None:
    sim = simulation()
    sim.fleet.dependents[SHARD] = Dependents(references=(child,))
    refused(sim.run(), f"foreign key fk of table {child.place}")
    sim.fleet.judged = Dependents(references=(child,))
    assert sim.run().verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("GD-14")
def test_a_managed_child_must_be_as_planned_and_then_may_refer() -> None:
    sim = simulation(statement("orders", 0), dropping("users", 0))
    sim.fleet.dependents = dict.fromkeys(
        sim.plan.core.shards, Dependents(references=(key("orders"),))
    )
    assert sim.run().verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("GD-14")
def test_a_managed_child_that_somebody_changed_is_named_as_drifted() -> None:
    sim = simulation(statement("orders", 0), dropping("users", 0))

    def answer(shard: str, sent: PlannedStatement) -> None:
        if shard == SHARD:
            sim.fleet.dependents[SHARD] = Dependents(references=(key("orders"),))
            sim.fleet.before_look = somebody_changes

    def somebody_changes(shard: str, table: str) -> None:
        if table == "users":
            sim.fleet.shards[SHARD].tables["orders"] = "orders v9"

    sim.fleet.answer = answer
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == "drift"
    assert f"shard {SHARD}, table orders" in outcome.problem.message
    assert {row.state for row in outcome.shards if row.shard == SHARD} == {OperationState.FAILED}
