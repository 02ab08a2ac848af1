"""A split on real servers, beside a writer, after a crash and beside a driver that is late, at
places that a simulation may have understood wrongly."""

from __future__ import annotations

import pytest

from reconciler.drive.split.tick import run_tick
from reconciler.edges.server.process import RunningServer
from reconciler.reshard.actions import TickEnd
from tests.conftest import FreshDatabase
from tests.integration.split_stage import TARGETS, SplitStage
from tests.sim.split.fate import Fate, ProcessKilled


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def stage(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> SplitStage:
    server: RunningServer = request.getfixturevalue(request.param)
    source, *targets = (fresh_database(server) for _ in range(len(TARGETS) + 1))
    return SplitStage(server, source, tuple(targets))


def brought_to_end(stage: SplitStage) -> None:
    result = run_tick(stage.world(), stage.order("second"))
    assert result.how is TickEnd.DONE, result


@pytest.mark.invariant("SP-52")
def test_a_split_ends_with_every_row_on_its_owner(stage: SplitStage) -> None:
    brought_to_end(stage)
    stage.check_done()
    assert stage.writer.refused > 0


@pytest.mark.invariant("SP-51")
@pytest.mark.parametrize("call", ["take", "forget", "flip", "seal", "retire"])
def test_so_does_one_whose_driver_is_killed(stage: SplitStage, call: str) -> None:
    def kill_behind(label: str, fate: Fate) -> None:
        if label.endswith(f".{call}"):
            fate.kill_at = 2 * fate.count + 1

    with pytest.raises(ProcessKilled):
        run_tick(stage.world(kill_behind), stage.order("first"))
    brought_to_end(stage)
    stage.check_done()


@pytest.mark.invariant("SP-57")
@pytest.mark.parametrize("call", ["claim", "make_helpers", "arm_tracker", "take", "retire"])
def test_a_driver_that_wakes_up_behind_the_end_does_nothing(stage: SplitStage, call: str) -> None:
    """It was stopped right before a call, in the middle of a step."""

    def stop_before(label: str, fate: Fate) -> None:
        if label.endswith(f".{call}") and fate.nested_at is None:
            fate.nested_at, fate.nested = 2 * fate.count, lambda: brought_to_end(stage)

    result = run_tick(stage.world(stop_before), stage.order("late"))
    assert result.how in (TickEnd.DONE, TickEnd.OVERTAKEN)
    stage.check_done()
