"""A split that is given up ends, also where a target is gone for good."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import Approval, JobRequestKind
from reconciler.reshard.phases import Phase
from tests.sim.split.fate import Fate, lost
from tests.sim.split.run import SplitSimulation


def copying(*gone: str) -> SplitSimulation:
    """Its rows are copied, and these targets answer no more."""
    simulation = SplitSimulation(Random(1), writes=0.0)
    simulation.approve(Approval.START)
    simulation.run()
    simulation.servers.unreachable.update(gone)
    return simulation


@pytest.mark.invariant("SP-116")
@pytest.mark.parametrize("gone", [("-40",), ("40-80",), ("-40", "40-80")])
def test_targets_that_are_gone_are_left_by_who_gives_the_split_up_once_more(
    gone: tuple[str, ...],
) -> None:
    simulation = copying(*gone)
    simulation.ask(JobRequestKind.ABANDON)
    for number in range(2):
        result = simulation.run(holder=f"tick {number}")
        assert result is not None
        assert (result.how, result.job.phase) == (TickEnd.UNREACHABLE, Phase.ABANDONING)
    for name, target in simulation.servers.targets.items():
        assert (target.tables == {}) == (name not in gone)
    simulation.ask(JobRequestKind.ABANDON)
    result = simulation.run(holder="last")
    assert result is not None
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.ABANDONED, "split-targets-left")
    assert all(name in result.problem.message for name in gone)
    assert simulation.job.phase is Phase.ABANDONED
    assert simulation.job.problem == result.problem
    assert simulation.source_takes_writes()


@pytest.mark.invariant("SP-116")
def test_two_who_give_a_split_up_at_once_leave_no_target() -> None:
    simulation = copying("-40")
    simulation.ask(JobRequestKind.ABANDON)
    simulation.ask(JobRequestKind.ABANDON)
    for number in range(2):
        result = simulation.run(holder=f"tick {number}")
        assert result is not None
        assert (result.how, result.job.phase) == (TickEnd.UNREACHABLE, Phase.ABANDONING)
    simulation.servers.unreachable.clear()
    assert simulation.run(holder="last") is not None
    simulation.check_abandoned()


@pytest.mark.invariant("SP-116")
def test_a_target_that_is_away_for_a_moment_is_not_left() -> None:
    simulation = copying("-40")
    simulation.ask(JobRequestKind.ABANDON)
    simulation.run(holder="first")
    simulation.ask(JobRequestKind.ABANDON)
    simulation.servers.unreachable.clear()
    calls: list[str] = []

    def lose_some(label: str) -> None:
        if label.endswith((".drop_made", ".drop_helpers")) and "target" in label:
            calls.append(label)
            if len(calls) in (1, 3):
                raise lost(label)

    result = simulation.run(Fate(before_call=lose_some), holder="second")
    assert result is not None
    assert (result.how, result.problem) == (TickEnd.ABANDONED, None)
    simulation.check_abandoned()
