"""An apply is a success when every shard is where git wants it at its end, not when each was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.guard.model import Refusal
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.model.observation import Unreachable
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.outcomes.progress import RolloutEnded
from reconciler.spec.model import OnFailure, RolloutSpec
from tests.sim.fleet import Fate, SimFleet
from tests.sim.plans import plan_for
from tests.sim.run import Simulation

ROLLOUT = RolloutSpec(canary=("-40",), parallel=2, on_failure=OnFailure.HALT)
PLAN = plan_for(ROLLOUT, shards=("-40", "40-80", "80-c0", "c0-"), each=1, matching=("c0-",))
CANARY, MATCHING = "-40", "c0-"
pytestmark = pytest.mark.invariant("GD-16")


def simulation() -> Simulation:
    return Simulation(plan=PLAN, rollout=ROLLOUT, fleet=SimFleet(PLAN))


def change(sim: Simulation, shard: str) -> Callable[[], None]:
    def somebody() -> None:
        sim.fleet.shards[shard].tables["strangers"] = "strangers v0"

    return somebody


@pytest.mark.threat("TM-ACCOUNT-6")
@pytest.mark.parametrize("shard", [CANARY, MATCHING])
def test_a_shard_that_was_done_or_matched_and_drifts_before_the_end_is_named(shard: str) -> None:
    sim = simulation()
    sim.fleet.before_fleet_look = change(sim, shard)
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.DRIFTED
    (found,) = outcome.refusals
    assert isinstance(found, Refusal)
    assert (found.shard, str(found.object_id)) == (shard, "strangers")
    assert {row.state for row in outcome.shards} == {OperationState.COMPLETED}
    stored = sim.ledger.apply(outcome.apply_id or 0)
    assert stored is not None
    assert stored.state is ApplyState.COMPLETED
    ended = [event for event in sim.events if isinstance(event, RolloutEnded)]
    assert [event.verdict for event in ended] == [ApplyVerdict.DRIFTED]


@pytest.mark.invariant("GD-5")
def test_a_shard_that_cannot_be_seen_at_the_end_is_no_success() -> None:
    sim = simulation()
    sim.fleet.before_fleet_look = lambda: sim.fleet.dead_shards.add(MATCHING)
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.UNCONFIRMED
    (found,) = outcome.refusals
    assert isinstance(found, Unreachable)
    assert found.shard == MATCHING


def test_both_are_told_and_drift_is_the_verdict() -> None:
    sim = simulation()
    changed = change(sim, CANARY)

    def both() -> None:
        changed()
        sim.fleet.dead_shards.add(MATCHING)

    sim.fleet.before_fleet_look = both
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.DRIFTED
    assert [found.shard for found in outcome.refusals] == [CANARY, MATCHING]


def test_there_is_one_look_and_only_at_the_end_of_all() -> None:
    sim = simulation()
    looks_at_ends: list[int] = []
    sim.fleet.before_last_look = lambda shard: looks_at_ends.append(sim.fleet.fleet_looks)
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    assert looks_at_ends == [0, 0, 0]
    assert sim.fleet.fleet_looks == 1
    sim.fleet.everything_ran_once()


def test_an_apply_that_does_not_get_to_its_end_is_not_looked_over() -> None:
    sim = simulation()
    sim.fleet.before_last_look = lambda shard: sim.fleet.shards[shard].tables.update(x="x v0")
    assert sim.run().verdict is ApplyVerdict.FAILED
    assert sim.fleet.fleet_looks == 0


def test_a_resume_that_finishes_looks_at_what_the_killed_run_had_finished() -> None:
    kills = range(200)
    for kill_at in kills:
        sim = simulation()
        if not sim.is_killed(Fate(kill_at)):
            break
        sim.fleet.before_fleet_look = change(sim, MATCHING)
        outcome = sim.run()
        done_before = outcome.verdict is ApplyVerdict.NOTHING_TO_DO
        assert done_before or outcome.verdict is ApplyVerdict.DRIFTED, kill_at
    assert kill_at > 10
