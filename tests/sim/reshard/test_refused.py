"""Vitess refuses to switch: writers waited for nothing, and not again and again."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.reshard.actions import ReshardStep, TickEnd
from reconciler.reshard.job import JobRequestKind
from reconciler.reshard.limits import SWITCHES_REFUSED_MAX
from reconciler.reshard.phases import Phase
from tests.sim.reshard.run import ReshardSimulation


@pytest.mark.invariant("SP-122")
def test_a_tick_ends_when_vitess_has_refused_the_switch_so_often() -> None:
    simulation = ReshardSimulation(Random(1))
    simulation.approve()
    simulation.vitess.refuses = 10_000
    for ticks in (1, 2):
        ended = simulation.run(holder=f"tick {ticks}")
        assert ended is not None
        assert ended.how is TickEnd.IN_PROGRESS
        assert ended.problem is not None
        assert ended.problem.code == "reshard-switch-refused"
        assert simulation.job.phase is Phase.CATCHUP
        sent = simulation.vitess.sent
        assert sent.count(ReshardStep.SWITCH_WRITES) == SWITCHES_REFUSED_MAX * ticks
        assert sent.count(ReshardStep.READS_BACK) == SWITCHES_REFUSED_MAX * ticks
    simulation.vitess.refuses = 0
    assert simulation.ended() is Phase.DONE


@pytest.mark.invariant("SP-94")
@pytest.mark.invariant("SP-122")
def test_a_switch_that_is_refused_less_often_goes_through_in_the_same_tick() -> None:
    simulation = ReshardSimulation(Random(2))
    simulation.approve()
    simulation.vitess.refuses = SWITCHES_REFUSED_MAX - 1
    ended = simulation.run()
    assert ended is not None
    assert ended.how is TickEnd.DONE
    simulation.check()


@pytest.mark.invariant("SP-122")
def test_reads_that_vitess_does_not_switch_are_tried_as_often() -> None:
    simulation = ReshardSimulation(Random(3))
    simulation.approve()
    simulation.vitess.refuses_reads = 10_000
    ended = simulation.run()
    assert ended is not None
    assert ended.problem is not None
    assert ended.problem.code == "reshard-switch-refused"
    assert simulation.vitess.sent.count(ReshardStep.SWITCH_READS) == SWITCHES_REFUSED_MAX
    assert ReshardStep.SWITCH_WRITES not in simulation.vitess.sent


@pytest.mark.invariant("SP-91")
@pytest.mark.parametrize("how", ["refuses_start", "forgets_start"])
def test_streams_that_vitess_did_not_start_are_started_in_the_same_tick(how: str) -> None:
    """A tablet's server was away for a moment: they would rest for ever."""
    simulation = ReshardSimulation(Random(4))
    simulation.approve()
    setattr(simulation.vitess, how, 3)
    ended = simulation.run()
    assert ended is not None
    assert ended.how is TickEnd.DONE
    simulation.check()


@pytest.mark.invariant("SP-125")
def test_streams_that_a_comparison_lets_rest_are_left_to_it() -> None:
    simulation = ReshardSimulation(Random(5))
    simulation.approve()
    simulation.vitess.compares_for = 3
    ended = simulation.run()
    assert ended is not None
    assert ended.how is TickEnd.DONE
    simulation.check()


@pytest.mark.invariant("SP-125")
def test_a_comparison_that_broke_off_is_made_again_by_a_retry() -> None:
    """With streams that it has left at rest, and no copy is thrown away."""
    simulation = ReshardSimulation(Random(6))
    simulation.approve()
    simulation.vitess.breaks_off = 1
    ended = simulation.run()
    assert ended is not None
    assert ended.problem is not None
    assert ended.problem.code == "reshard-comparison-failed"
    simulation.ask(JobRequestKind.RETRY)
    assert simulation.ended() is Phase.DONE
    assert simulation.vitess.sent.count(ReshardStep.CREATE) == 1
    simulation.check()
