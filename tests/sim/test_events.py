"""An event whose end passes while other shards have their turn (PG-32)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.ddl.programs.accounts import Account
from reconciler.model.object_id import table_id
from reconciler.model.programs import CreatedWith, event_id
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.plan.codec import plan_from_core
from reconciler.plan.model import Plan, PlannedStatement
from reconciler.spec.model import RolloutSpec
from tests.sim.fleet import SimFleet
from tests.sim.plans import plan_for, statement
from tests.sim.run import Simulation

ROLLOUT = RolloutSpec(parallel=1)
SHARDS = ("-80", "80-")
ENDS_S = 1_000_600.0  # ten minutes behind the beginning
DEFINER = Account(user="a", host="%")
MADE = CreatedWith(
    character_set_client="utf8mb4", collation_connection="utf8mb4_bin", time_zone="+00:00"
)


def plan() -> Plan:
    """A table's statement, and one that gives the shard an event until that moment."""
    end = datetime.fromtimestamp(ENDS_S, UTC).strftime("%Y-%m-%d %H:%M:%S")
    made = statement("users", 1)
    event = replace(
        made,
        object_id=event_id("users"),
        sql="CREATE DEFINER=`a`@`%` EVENT `users` ON SCHEDULE EVERY 1 DAY"
        f" ENDS '{end}' ON COMPLETION PRESERVE ENABLE DO SELECT 1",
        session=replace(made.session, created_with=MADE),
    )
    chain = (statement("users", 0), event)
    made_of = plan_for(ROLLOUT, shards=SHARDS, tables=("users",), statements=chain)
    core = replace(made_of.core, managed=(event_id("users"), table_id("users")))
    return plan_from_core(core, made_of.meta)


@pytest.mark.invariant("PG-32")
def test_a_shard_whose_turn_comes_too_late_is_sent_nothing() -> None:
    def slowly(shard: str, sent: PlannedStatement) -> None:
        fleet.clock.now += 400.0

    planned = plan()
    fleet = SimFleet(planned, answer=slowly)
    fleet.access = replace(
        fleet.access, account=DEFINER.digest, accounts=frozenset({DEFINER.digest})
    )
    sim = Simulation(plan=planned, rollout=ROLLOUT, fleet=fleet)
    held = sim.run()
    assert held.verdict is ApplyVerdict.PAUSED, held
    (refusal,) = held.refusals
    assert (refusal.code, refusal.shard) == ("event-over", "80-")
    assert [len(fleet.shards[shard].sent) for shard in SHARDS] == [2, 0]
