"""An apply that is done has the ledger forget old ones, wherever it is killed meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.ledger.states import ApplyState
from reconciler.model.quarantine import Quarantine
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.spec.model import Connection, QuarantinedShard, RolloutSpec
from tests.contract.ledgers import new_apply
from tests.series import series
from tests.sim.fleet import Fate, SimFleet
from tests.sim.plans import plan_for
from tests.sim.run import Simulation

OLD = 3


def simulation(keep_s: int | None) -> Simulation:
    """Of a fleet with a past that ended at once."""
    rollout = RolloutSpec()
    plan = plan_for(rollout, tables=("users",), each=1)
    sim = Simulation(plan=plan, rollout=rollout, fleet=SimFleet(plan), keep_s=keep_s)
    for _ in range(OLD):
        lease = sim.ledger.begin(new_apply(), holder="me", now_s=0.0)
        stored = sim.ledger.apply(lease.apply_id)
        assert stored is not None
        sim.ledger.settle(lease, replace(stored, state=ApplyState.COMPLETED, completed_s=0.0))
    return sim


def known(sim: Simulation) -> int:
    return len(sim.ledger.applies("production", keyspace="commerce", limit=10))


@pytest.mark.invariant("RP-27")
def test_an_apply_forgets_what_is_older_than_the_spec_says_and_nothing_else() -> None:
    sim = simulation(keep_s=1)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    assert known(sim) == 1, "itself"
    gone = sim.ledger.forgotten("production", "commerce")
    assert gone is not None
    assert gone.applies == OLD


@pytest.mark.invariant("RP-27")
@pytest.mark.parametrize("why", ["nothing said", "young enough", "in quarantine"])
def test_an_apply_forgets_nothing_where(why: str) -> None:
    sim = simulation(keep_s={"nothing said": None, "young enough": 1 << 40}.get(why, 1))
    if why == "in quarantine":
        left = Quarantine(shard="other", until="2999-12-31", reason="its disk")
        sim.quarantined = (QuarantinedShard(quarantine=left, connection=Connection(host="h")),)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    assert known(sim) == OLD + 1
    assert sim.ledger.forgotten("production", "commerce") is None


def moments() -> int:
    sim, fate = simulation(keep_s=1), Fate()
    sim.run(fate=fate)
    return fate.moments


@pytest.mark.invariant("RP-27")
@pytest.mark.parametrize("moment", series(range(moments())))
def test_an_apply_that_is_killed_at_any_moment_is_done_all_the_same(moment: int) -> None:
    sim = simulation(keep_s=1)
    assert sim.is_killed(Fate(kill_at=moment))
    assert sim.run().verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    sim.fleet.everything_ran_once()
    assert known(sim) in (1, OLD + 1)
