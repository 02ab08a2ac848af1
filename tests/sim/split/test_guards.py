"""A split says that its targets serve only if they take writes."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.reshard.actions import TickEnd
from reconciler.reshard.helper_tables import GuardState
from reconciler.reshard.job import JobRequestKind
from reconciler.reshard.phases import Phase
from tests.sim.split.chaos import brought_to_end
from tests.sim.split.database import ORDERS
from tests.sim.split.fate import Fate
from tests.sim.split.run import SplitSimulation


@pytest.mark.runbook("split-mark-gone")
@pytest.mark.invariant("SP-113")
@pytest.mark.threat("TM-ACCOUNT-25")
@pytest.mark.parametrize("call", ["raise_counter", "cut_over", "retire", "open_targets"])
def test_a_target_whose_mark_somebody_took_is_not_done_while_its_guard_refuses_writes(
    call: str,
) -> None:
    """Restored without that table, perhaps: its triggers ask for it, and fail."""
    simulation = SplitSimulation(Random(1), writes=0.0)
    simulation.approve()
    target = simulation.servers.targets["-40"]

    def take(label: str) -> None:
        if label.endswith(f".{call}"):
            target.identity = target.guard = None

    result = simulation.run(Fate(before_call=take))
    assert result is not None
    assert result.problem is not None
    assert result.how in (TickEnd.REFUSED, TickEnd.FAILED)
    assert result.problem.code == "split-mark-gone"
    if call == "raise_counter":
        assert simulation.source_takes_writes()
    target.identity, target.guard = "identity", GuardState.CLOSED
    simulation.ask(JobRequestKind.RETRY)
    assert brought_to_end(simulation) is Phase.DONE
    assert target.takes_writes()
    simulation.check_done()


@pytest.mark.invariant("SP-113")
def test_a_source_whose_mark_somebody_took_is_not_left_behind_with_its_rows() -> None:
    simulation = SplitSimulation(Random(1), writes=0.0)
    simulation.approve()
    (source,) = simulation.servers.sources.values()

    def take(label: str) -> None:
        if label.endswith(".drop_guard"):
            source.identity = source.fence = None

    result = simulation.run(Fate(before_call=take))
    assert result is not None
    assert result.how is TickEnd.FAILED
    assert source.retired
    source.retired.clear()
    simulation.ask(JobRequestKind.RETRY)
    assert brought_to_end(simulation) is Phase.DONE


@pytest.mark.invariant("SP-113")
def test_what_was_copied_is_not_left_behind_a_guard_that_has_lost_its_mark() -> None:
    simulation = SplitSimulation(Random(1), writes=0.0)
    simulation.approve()
    assert simulation.run(simulation.fate_at("behind target 40-80.arm_guard", lambda: None)) is None
    target = simulation.servers.targets["40-80"]
    target.identity = target.guard = None
    simulation.ask(JobRequestKind.ABANDON)
    result = simulation.run(holder="second")
    assert result is not None
    assert result.problem is not None
    assert (result.how, result.job.phase) == (TickEnd.REFUSED, Phase.ABANDONING)
    assert result.problem.code == "split-mark-gone"
    assert simulation.source_takes_writes()
    target.tables.pop(ORDERS)
    for table in target.tables.values():
        table.guard = False
    target.identity, target.guard = "identity", GuardState.CLOSED
    assert brought_to_end(simulation) is Phase.ABANDONED
    simulation.check_abandoned()
