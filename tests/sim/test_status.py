"""What `status` tells of an apply while it goes on: what runs, since when, what it waits for."""

from __future__ import annotations

import pytest

from reconciler.drive.audit import audit_rows
from reconciler.ledger.reasons import EndOfSoak, InWords, ItsTurn, ItsWave, Soaks
from reconciler.ledger.reviewed import Reviewed
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.outcomes.apply import ApplyStatus, OperationRow
from reconciler.outcomes.progress import RolloutWaits, ShardStarted
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Outcome
from reconciler.spec.model import RolloutSpec
from tests.sim.fleet import SimFleet, lock_wait
from tests.sim.plans import plan_for
from tests.sim.run import Simulation
from tests.sim.watching import Watching, seen


def simulation(rollout: RolloutSpec) -> Simulation:
    plan = plan_for(rollout, tables=("users",), each=1)
    return Simulation(plan=plan, rollout=rollout, fleet=SimFleet(plan))


def operations(status: ApplyStatus) -> dict[str, OperationRow]:
    return {row.shard: row.operations[0] for row in status.shards}


def test_a_soak_is_shown_with_the_wave_that_waits_and_until_when() -> None:
    sim = simulation(RolloutSpec(canary=("-40",), soak_s=60))
    sim.events = watching = Watching(sim, RolloutWaits)
    sim.run()
    (status,) = watching.looks
    first, second = status.waves
    settled_s = operations(status)["-40"].settled_s
    assert settled_s is not None
    assert (first.soak_until_s, second.soak_until_s) == (None, settled_s + 60)
    assert status.reason == Soaks(2, settled_s + 60)
    assert status.waits_since_s is not None
    assert 0 <= status.waits_since_s - settled_s < 5
    assert operations(status)["c0-"].waits_for == EndOfSoak()
    assert (status.state, operations(status)["-40"].waits_for) == (ApplyState.RUNNING, None)


@pytest.mark.invariant("ST-19")
def test_a_forge_is_asked_who_approved_before_the_apply_is_anybody_s() -> None:
    """It may take minutes to answer, and whoever has an apply shows a sign of life meanwhile."""
    sim = simulation(RolloutSpec())
    held: list[bool] = []

    def ask_forge() -> Reviewed:
        held.append(sim.ledger.unfinished("production", "commerce", "") is not None)
        return Reviewed(pull_request=7, author="ada", approved_by=("ben",))

    sim.reviewed = ask_forge
    sim.run()
    assert held == [False]
    (row,) = audit_rows(sim.ledger, "production", "commerce", limit=2)
    assert (row.pull_request, row.approved_by) == (7, ("ben",))


def test_after_the_soak_nothing_says_that_it_waits() -> None:
    sim = simulation(RolloutSpec(canary=("-40",), soak_s=60, parallel=1))
    sim.events = watching = Watching(sim, ShardStarted)
    sim.run()
    later = watching.looks[-1]
    assert (later.reason, later.waits_since_s) == (None, None)
    assert [wave.soak_until_s for wave in later.waves] == [None, None]


def test_shards_of_a_later_wave_wait_for_the_one_before_it() -> None:
    sim = simulation(RolloutSpec(canary=("-40",), parallel=1))
    sim.events = watching = Watching(sim, ShardStarted)
    sim.run()
    found = operations(watching.looks[0])
    assert (found["-40"].waits_for, found["c0-"].waits_for) == (ItsTurn(), ItsWave(1))
    assert seen(sim).state is ApplyState.COMPLETED
    assert not any(operation.waits_for for operation in operations(seen(sim)).values())


def test_what_runs_is_shown_while_it_runs() -> None:
    sim = simulation(RolloutSpec(parallel=1))
    looks: list[OperationRow] = []

    def answer(shard: str, statement: PlannedStatement) -> None:
        assert seen(sim).state is ApplyState.RUNNING, "from the first statement on"
        looks.append(operations(seen(sim))[shard])
        assert looks[-1].runs == statement.sql

    sim.fleet.answer = answer
    sim.run()
    assert {row.state for row in looks} == {OperationState.RUNNING}
    assert all(row.started_s is not None for row in looks)
    assert {row.runs for row in operations(seen(sim)).values()} == {""}


def test_a_wait_that_goes_on_over_several_tries_has_one_beginning() -> None:
    sim = simulation(RolloutSpec(parallel=1, lock_retries=4))
    tries: list[str] = []
    waits: list[OperationRow] = []

    def answer(shard: str, statement: PlannedStatement) -> Outcome | None:
        tries.append(shard)
        return lock_wait() if len(tries) < 4 else None

    def watched_sleep(seconds: float) -> None:
        sim.fleet.clock.pass_by(seconds)
        if tries:
            waits.extend(row for row in operations(seen(sim)).values() if row.waits_since_s)

    sim.fleet.answer = answer
    sim.fleet.clock.asleep = watched_sleep
    sim.run()
    assert len(waits) > 3
    assert len({row.waits_since_s for row in waits}) == 1
    assert {row.waits_for for row in waits} == {InWords("a transaction open for 12 s")}
    assert {row.waits_since_s for row in operations(seen(sim)).values()} == {None}
