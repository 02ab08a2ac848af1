"""An audit's row of an apply tells what that very apply ran: an earlier one of the same plan has a
row of its own."""

from __future__ import annotations

from collections import Counter

import pytest

from reconciler.drive.audit import audit_rows
from reconciler.ledger.states import ApplyState
from reconciler.outcomes.audit import AuditRow, StatementsOn
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Outcome
from reconciler.spec.model import RolloutSpec
from tests.series import series
from tests.sim.fleet import Answer, Fate, SimFleet, lock_wait
from tests.sim.plans import SHARDS, plan_for
from tests.sim.run import Simulation

NONE = StatementsOn(0, ())


def simulation() -> Simulation:
    rollout = RolloutSpec(parallel=1, lock_retries=0)
    plan = plan_for(rollout, tables=("orders", "users"), each=2)
    return Simulation(plan=plan, rollout=rollout, fleet=SimFleet(plan))


def audited(sim: Simulation) -> list[AuditRow]:
    """The oldest first."""
    return [*audit_rows(sim.ledger, "production", "commerce", limit=9)][::-1]


def have_run(sim: Simulation) -> Counter[str]:
    return Counter({name: shard.runs.total() for name, shard in sim.fleet.shards.items()})


def failing_at(fleet: SimFleet, shard: str, after: int) -> Answer:
    def answer(name: str, statement: PlannedStatement) -> Outcome | None:
        is_there = name == shard and fleet.shards[name].runs.total() == after
        return lock_wait(transient=False) if is_there else None

    return answer


@pytest.mark.invariant("ST-19")
def test_three_applies_of_one_plan_are_told_with_what_each_ran() -> None:
    sim = simulation()
    stops = [(SHARDS[1], 2), (SHARDS[2], 1), ("", 0)]
    ran = []
    for stop in stops:
        sim.fleet.answer = failing_at(sim.fleet, *stop)
        before = have_run(sim)
        sim.run()
        ran.append(have_run(sim) - before)
    rows = audited(sim)
    assert [row.outcome for row in rows] == [
        ApplyState.FAILED,
        ApplyState.FAILED,
        ApplyState.COMPLETED,
    ]
    assert [row.ran for row in rows] == [
        StatementsOn(of.total(), tuple(shard for shard in SHARDS if of[shard])) for of in ran
    ]
    assert [row.failed for row in rows] == [
        StatementsOn(1, (SHARDS[1],)),
        StatementsOn(1, (SHARDS[2],)),
        NONE,
    ]
    assert {row.unknown for row in rows} == {NONE}
    assert {row.shards_planned for row in rows} == {len(SHARDS)}
    sim.fleet.everything_ran_once()


@pytest.mark.invariant("ST-19")
@pytest.mark.parametrize("moment", series(range(1, 100, 3)))
def test_whenever_a_run_is_killed_the_audit_counts_each_statement_once(moment: int) -> None:
    sim = simulation()
    if sim.is_killed(Fate(kill_at=moment)):
        told = sum(row.ran.statements for row in audited(sim))
        doubted = sum(row.unknown.statements for row in audited(sim))
        assert told <= have_run(sim).total() <= told + doubted
        sim.run()
    (row,) = audited(sim)
    assert (row.ran, row.unknown) == (StatementsOn(have_run(sim).total(), SHARDS), NONE)
