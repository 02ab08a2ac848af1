"""A Reshard that is given up comes to its end, and nobody waits for it on the way."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.reshard.actions import ReshardStep, TickEnd
from reconciler.reshard.job import Approval, JobRequestKind
from reconciler.reshard.phases import Phase
from tests.series import series
from tests.sim.reshard.run import PARTS_MAX, ReshardSimulation


def switched(seed: int = 2) -> ReshardSimulation:
    simulation = ReshardSimulation(Random(seed))
    simulation.approve(Approval.START, Approval.CUTOVER)
    simulation.run()
    assert simulation.job.phase is Phase.CLEANUP
    return simulation


def takes_writes(simulation: ReshardSimulation) -> bool:
    """Every key of the range that moves."""
    return all(simulation.vitess.writers_at(key) for key in range(0, 128, 8))


@pytest.mark.invariant("SP-121")
@pytest.mark.parametrize("phase", [Phase.CATCHUP, Phase.CLEANUP])
def test_a_split_that_is_held_is_given_up_all_the_same(phase: Phase) -> None:
    simulation = ReshardSimulation(Random(3))
    simulation.approve(Approval.START)
    if phase is Phase.CLEANUP:
        simulation.approve(Approval.CUTOVER)
    simulation.run()
    assert simulation.job.phase is phase
    simulation.ask(JobRequestKind.STOP)
    held = simulation.run()
    assert held is not None
    assert held.how is TickEnd.HELD
    simulation.ask(JobRequestKind.ABANDON)
    given_up = simulation.run()
    assert given_up is not None
    assert given_up.how is TickEnd.ABANDONED
    simulation.check()


@pytest.mark.invariant("SP-121")
@pytest.mark.parametrize("parts", series(range(PARTS_MAX)))
def test_a_stop_holds_up_no_way_back_that_was_cut_off(parts: int) -> None:
    """Between two of its parts neither the sources nor the targets take writes."""
    simulation = switched()
    simulation.ask(JobRequestKind.ABANDON)
    simulation.cut(ReshardStep.SWITCH_BACK, parts, then=lambda: simulation.ask(JobRequestKind.STOP))
    ended = simulation.run()
    assert ended is not None
    assert ended.how is TickEnd.ABANDONED
    assert takes_writes(simulation)
    simulation.check()


@pytest.mark.invariant("SP-94")
@pytest.mark.parametrize("parts", series(range(PARTS_MAX)))
@pytest.mark.parametrize("why", ["its time is over", "it is asked to end"])
def test_a_way_back_that_was_cut_off_is_ended_before_the_tick_is(why: str, parts: int) -> None:
    simulation = switched()
    simulation.ask(JobRequestKind.ABANDON)

    def runs_out() -> None:
        if why == "it is asked to end":
            simulation.interrupts = 1
        else:
            simulation.clock.time_s += 250.0

    simulation.cut(ReshardStep.SWITCH_BACK, parts, then=runs_out)
    simulation.run()
    assert takes_writes(simulation)


@pytest.mark.runbook("reshard-waits")
@pytest.mark.invariant("SP-94")
def test_a_way_back_that_vitess_refuses_holds_no_tick_for_ever() -> None:
    simulation = switched()
    simulation.ask(JobRequestKind.ABANDON)
    simulation.vitess.refuses_way_back = 10_000
    ended = simulation.run(runtime_s=20.0)
    assert ended is not None
    assert ended.how is TickEnd.IN_PROGRESS
    assert takes_writes(simulation), "the targets serve on"
    simulation.vitess.refuses_way_back = 0
    assert simulation.ended() is Phase.ABANDONED


def copied() -> ReshardSimulation:
    simulation = ReshardSimulation(Random(4), writes=0.0)
    simulation.approve(Approval.START)
    simulation.run()
    assert simulation.job.phase is Phase.CATCHUP
    return simulation


@pytest.mark.invariant("SP-124")
@pytest.mark.parametrize("lost", [("-40",), ("-40", "40-80")])
def test_a_target_that_was_deleted_for_good_keeps_no_split_from_its_end(
    lost: tuple[str, ...],
) -> None:
    """Its server has burned down while rows were copied."""
    simulation = copied()
    for name in lost:
        simulation.vitess.delete_shard(name)
    result = simulation.run()
    assert result is not None
    assert result.how is TickEnd.REFUSED, "as long as it is not given up it is missed"
    simulation.ask(JobRequestKind.ABANDON)
    assert simulation.ended() is Phase.ABANDONED


@pytest.mark.runbook("reshard-shard-gone")
@pytest.mark.invariant("SP-124")
def test_a_target_whose_primary_may_come_back_is_waited_for() -> None:
    """Its streams would go on by themselves."""
    simulation = copied()
    simulation.vitess.headless.add("-40")
    simulation.ask(JobRequestKind.ABANDON)
    result = simulation.run()
    assert result is not None
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.REFUSED, "reshard-shard-gone")
    assert "DeleteShards" in result.problem.recovery
    assert simulation.job.phase is Phase.ABANDONING
    simulation.vitess.headless.clear()
    assert simulation.ended() is Phase.ABANDONED


@pytest.mark.invariant("SP-124")
@pytest.mark.parametrize("lost", ["-80", "-40"])
def test_a_shard_that_the_way_back_needs_is_missed(lost: str) -> None:
    """The targets serve: nothing is taken down before the traffic is back."""
    simulation = switched()
    simulation.vitess.shards.pop(lost)
    simulation.ask(JobRequestKind.ABANDON)
    result = simulation.run()
    assert result is not None
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.REFUSED, "reshard-shard-gone")
    assert "DeleteShards" not in result.problem.recovery
    assert ReshardStep.TAKE_DOWN not in simulation.vitess.sent
