"""A split on real servers, beside a writer, after a crash and beside a driver that is late, at
places that a simulation may have understood wrongly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from reconciler.drive.split.tick import run_tick
from reconciler.edges.server.process import RunningServer
from reconciler.report.json_values import plain
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.phases import Phase
from tests.conftest import FreshDatabase
from tests.integration.split_stage import TARGETS, SplitStage
from tests.sim.split.fate import Fate, ProcessKilled
from tests.tidy.write_errors import RUNBOOK


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def stage(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Iterator[SplitStage]:
    server: RunningServer = request.getfixturevalue(request.param)
    source, *targets = (fresh_database(server) for _ in range(len(TARGETS) + 1))
    made = SplitStage(server, source, tuple(targets))
    with closing(made.writer):
        yield made


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


@pytest.mark.invariant("SP-107")
def test_a_table_that_is_made_behind_the_fence_fails_the_split_until_it_is_gone(
    stage: SplitStage,
) -> None:
    def make_before(label: str, fate: Fate) -> None:
        if label.endswith(".seal"):
            stage.on_source("CREATE TABLE IF NOT EXISTS invoices (id INT PRIMARY KEY)")

    result = run_tick(stage.world(make_before), stage.order("first"))
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.FAILED, "split-table-unplanned")
    stage.on_source("DROP TABLE invoices")
    stage.retry()
    brought_to_end(stage)
    stage.check_done()


@pytest.mark.invariant("SP-111")
@pytest.mark.threat("TM-ACCOUNT-24")
def test_a_cascade_that_is_added_before_a_row_is_read_ends_the_split(stage: SplitStage) -> None:
    """No trigger would tell of what it deletes."""
    added: list[str] = []

    def add_before(label: str, fate: Fate) -> None:
        if label.endswith(".arm_tracker") and not added:
            added.append(label)
            stage.on_source("CREATE TABLE slots (id int PRIMARY KEY)")
            stage.on_source(
                "INSERT INTO slots SELECT slot FROM orders WHERE slot > 0 UNION SELECT 0"
            )
            stage.on_source(
                "ALTER TABLE orders ADD CONSTRAINT of_slot FOREIGN KEY (slot)"
                " REFERENCES slots (id) ON DELETE CASCADE"
            )

    result = run_tick(stage.world(add_before), stage.order("first"))
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.FAILED, "split-definition-changed")
    assert result.job.ground == ()
    assert stage.held() == {}
    stage.on_source("ALTER TABLE orders DROP FOREIGN KEY of_slot")
    stage.on_source("DROP TABLE slots")
    stage.retry()
    brought_to_end(stage)
    stage.check_done()


@pytest.mark.runbook("split-mark-gone")
@pytest.mark.invariant("SP-113")
@pytest.mark.threat("TM-ACCOUNT-25")
@pytest.mark.parametrize("call", ["raise_counter", "retire", "open_guard"])
def test_a_target_whose_guard_lost_its_table_is_not_done_before_that_is_made_again(
    stage: SplitStage, call: str
) -> None:
    """As the runbook says: like that of another target of the split."""
    guard = f"_reconciler_split_{stage.job_id}_guard"
    lost, other = stage.targets
    dropped: list[str] = []

    def drop_before(label: str, fate: Fate) -> None:
        if label.endswith(f".{call}") and not dropped:
            dropped.append(label)
            stage.on_source(f"DROP TABLE `{lost}`.`{guard}`")

    result = run_tick(stage.world(drop_before), stage.order("first"))
    assert result.problem is not None
    assert result.how in (TickEnd.FAILED, TickEnd.REFUSED)
    assert result.problem.code == "split-mark-gone"
    stage.on_source(f"CREATE TABLE `{lost}`.`{guard}` LIKE `{other}`.`{guard}`")
    stage.on_source(f"INSERT INTO `{lost}`.`{guard}` SELECT * FROM `{other}`.`{guard}`")
    stage.on_source(f"UPDATE `{lost}`.`{guard}` SET state = 'closed'")
    if result.job.phase is Phase.FAILED:
        stage.retry()
    brought_to_end(stage)
    stage.check_done()


@pytest.mark.runbook("split-source-unsealed")
def test_a_fence_that_somebody_changed_is_put_back_by_the_runbook(stage: SplitStage) -> None:
    """Restored from a copy, or a replica that lagged was promoted; nobody has written yet."""
    fence = f"_reconciler_split_{stage.job_id}_fence"
    changed: list[str] = []

    def change_before(label: str, fate: Fate) -> None:
        if label.endswith(".retire") and not changed:
            changed.append(label)
            stage.on_source(f"UPDATE {fence} SET epoch = epoch - 1")

    result = run_tick(stage.world(change_before), stage.order("first"))
    assert result.problem is not None
    assert result.how is TickEnd.FAILED
    assert result.problem.code == "split-source-unsealed"
    (said,) = re.findall(r"`(UPDATE _reconciler_split_<job>_fence [^`]*)`", RUNBOOK.read_text())
    told = {"<job>": stage.job_id, "<epoch>": plain(result.job)["fence_epoch"]}
    stage.on_source(re.sub("<[a-z]+>", lambda found: str(told[found[0]]), said))
    stage.retry()
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
