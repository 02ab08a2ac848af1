"""What a run knows of its own swaps is told at its end, shard by shard (PG-18)."""

from __future__ import annotations

import pytest

from reconciler.ledger.swaps import TriggerSwapped
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Applied
from reconciler.report.render import Presentation, apply_report
from reconciler.spec.model import RolloutSpec
from tests.sim.fleet import SimFleet
from tests.sim.plans import plan_for
from tests.sim.run import Simulation

ROLLOUT = RolloutSpec(parallel=2)
HELD_MS = {"-80": 7, "80-": 112}


def simulation() -> Simulation:
    plan = plan_for(ROLLOUT, shards=tuple(HELD_MS), tables=("users",), each=1)

    def swaps(shard: str, sent: PlannedStatement) -> Applied:
        fleet.take_effect(shard, sent)
        return Applied(HELD_MS[shard])

    fleet = SimFleet(plan, answer=swaps)
    return Simulation(plan=plan, rollout=ROLLOUT, fleet=fleet)


@pytest.mark.invariant("PG-18")
def test_an_apply_ends_with_how_long_each_swap_was_felt() -> None:
    outcome = simulation().run()
    assert outcome.verdict is ApplyVerdict.COMPLETED
    told = {shard.shard: [row.swapped for row in shard.operations] for shard in outcome.shards}
    assert told == {shard: [TriggerSwapped(held_ms)] for shard, held_ms in HELD_MS.items()}
    text = apply_report([outcome], Presentation())
    assert "its table was locked for 7 to 112 ms on 2 shards, longest on 80-" in text
