"""What the runbook of splits says to do, done: behind each failure the split comes to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from reconciler.drive.split.held_job import HeldJob
from reconciler.drive.split.world import TickResult
from reconciler.edges.ledger.engine import writing
from reconciler.ports.split_jobs import JobMoved
from reconciler.ports.split_servers import Busy
from reconciler.reshard.actions import Go, TickEnd
from reconciler.reshard.job import JobRequestKind
from reconciler.reshard.phases import Phase
from tests.sample_splits import leased
from tests.sim.split.chaos import brought_to_end
from tests.sim.split.fate import Fate
from tests.sim.split.run import SplitSimulation
from tests.sim.split.servers import SimSource
from tests.sim.split.test_time_is_over import ticked

JOBS, ROUTES, LEASES = (
    "reconciler_split_jobs",
    "reconciler_routes",
    "reconciler_route_leases",
)


def approved(**options: Any) -> SplitSimulation:
    simulation = SplitSimulation(Random(1), writes=0.0, **options)
    simulation.approve()
    return simulation


def run_into(
    simulation: SplitSimulation, call: str, meddle: Callable[[], None], *, dies: bool = False
) -> TickResult | None:
    """`meddle` comes right before the first such call, behind which the driver `dies`."""
    done: list[str] = []
    fate = Fate()

    def before(label: str) -> None:
        if label.endswith(f".{call}") and not done:
            done.append(label)
            meddle()
            fate.kill_at = 2 * fate.count + 1 if dies else None

    fate.before_call = before
    return simulation.run(fate)


def said(result: TickResult | None) -> str:
    assert result is not None
    assert result.problem is not None
    assert result.how in (TickEnd.REFUSED, TickEnd.FAILED, TickEnd.IN_PROGRESS)
    return result.problem.code


def goes_on(simulation: SplitSimulation) -> None:
    """`reconciler retry`, where the split has failed, and `reconciler apply`."""
    if simulation.job.phase is Phase.FAILED:
        simulation.ask(JobRequestKind.RETRY)
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


def by_hand(simulation: SplitSimulation, *statements: str) -> None:
    """Somebody writes to the ledger."""
    with writing(simulation.ledger._engine) as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.runbook("split-source-unsealed")
def test_a_fence_that_somebody_changed_is_put_back() -> None:
    simulation = approved()
    (source,) = simulation.servers.sources.values()

    def change() -> None:
        source.epoch += 1

    assert said(run_into(simulation, "retire", change)) == "split-source-unsealed"
    source.epoch = simulation.job.fence_epoch
    goes_on(simulation)


@dataclass
class KeptRow:
    """The job's row, as a copy of the ledger has it."""

    simulation: SplitSimulation
    row: dict[str, Any] = field(default_factory=dict)

    def keep(self) -> None:
        with writing(self.simulation.ledger._engine) as connection:
            self.row = dict(connection.execute(text(f"SELECT * FROM {JOBS}")).mappings().one())

    def restore(self) -> None:
        values = ", ".join(f"{name} = :{name}" for name in self.row)
        with writing(self.simulation.ledger._engine) as connection:
            connection.execute(text(f"UPDATE {JOBS} SET {values}"), self.row)


@pytest.mark.runbook("split-owned-by-targets")
def test_a_job_that_was_restored_alone_is_restored_with_the_routes() -> None:
    simulation = approved()
    before, behind = KeptRow(simulation), KeptRow(simulation)
    assert run_into(simulation, "cut_over", before.keep, dies=True) is None
    behind.keep()
    before.restore()
    assert said(simulation.run(holder="second")) == "split-owned-by-targets"
    simulation.ask(JobRequestKind.ABANDON)
    assert said(simulation.run(holder="third")) == "split-owned-by-targets"
    assert not simulation.source_takes_writes()
    behind.restore()
    goes_on(simulation)


@pytest.mark.runbook("routers-behind")
def test_an_application_that_never_let_go_is_ended() -> None:
    simulation = approved()
    assert said(ticked(simulation, lease_s=10_000.0)) == "routers-behind"
    goes_on(simulation)


@pytest.mark.runbook("routers-unable")
@pytest.mark.runbook("routers-lease-long")
@pytest.mark.parametrize(
    ("code", "capabilities", "left_s"),
    [("routers-unable", "", 20), ("routers-lease-long", "split-v1", 9_000_000)],
)
@pytest.mark.parametrize("call", ["flip", "cut_over"])
def test_an_application_that_cannot_wait_is_ended(
    call: str, code: str, capabilities: str, left_s: int
) -> None:
    simulation = approved()

    def comes() -> None:
        leased(simulation.ledger, "app", version=1, capabilities=capabilities, left_s=left_s)
        by_hand(simulation, f"UPDATE {LEASES} SET keyspace = 'shop'")

    assert said(run_into(simulation, call, comes)) == code
    assert simulation.source_takes_writes()
    by_hand(simulation, f"DELETE FROM {LEASES} WHERE router = 'app'")
    goes_on(simulation)


class ReadByAReport(SimSource):
    def retire(self, epoch: int) -> bool | Busy:
        return Busy("the tables") if self.database.is_read_by_others else super().retire(epoch)


@pytest.mark.runbook("split-waits")
def test_a_session_that_keeps_the_source_from_retiring_is_ended() -> None:
    simulation = approved(source_kind=ReadByAReport)
    (source,) = simulation.servers.sources.values()

    def read() -> None:
        source.is_read_by_others = True

    assert said(run_into(simulation, "retire", read)) == "split-waits"
    source.is_read_by_others = False
    goes_on(simulation)


@pytest.mark.runbook("split-wrong-shard")
@pytest.mark.parametrize("call", ["add_triggers", "drop_retired"])
def test_a_connection_that_leads_elsewhere_is_put_right(call: str) -> None:
    simulation = approved()
    fleet = simulation.servers
    (shard,) = fleet.sources.values() if call == "drop_retired" else [fleet.targets["-40"]]
    right = []

    def lead_elsewhere() -> None:
        right.append(shard.identity)
        shard.identity = "another's"

    assert said(run_into(simulation, call, lead_elsewhere)) == "split-wrong-shard"
    (shard.identity,) = right
    goes_on(simulation)


@pytest.mark.runbook("split-taken-up")
@pytest.mark.runbook("split-moved")
def test_of_two_that_drive_one_is_left() -> None:
    simulation = approved()
    assert run_into(simulation, "flip", lambda: None, dies=True) is None
    first, second = (
        HeldJob(
            simulation.ledger.split_jobs,
            simulation.clock,
            job_id=simulation.job_id,
            holder=holder,
        )
        for holder in ("first", "second")
    )
    first.settle()
    second.settle()
    codes = []
    for write in (first.settle, lambda: first.go(Go(Phase.CATCHUP))):
        with pytest.raises(JobMoved) as refused:
            write()
        codes.append(refused.value.problems[0].code)
    assert codes == ["split-taken-up", "split-moved"]
    goes_on(simulation)


@pytest.mark.runbook("routes-not-contiguous")
@pytest.mark.runbook("routes-moved")
@pytest.mark.parametrize(
    ("code", "broken", "restored"),
    [
        (
            "routes-not-contiguous",
            f"UPDATE {ROUTES} SET until_version = 1 WHERE shard = '80-'",
            f"UPDATE {ROUTES} SET until_version = 0 WHERE shard = '80-'",
        ),
        (
            "routes-moved",
            "UPDATE reconciler_route_catalogs SET version = 2",
            "UPDATE reconciler_route_catalogs SET version = 1",
        ),
    ],
)
def test_a_catalog_that_somebody_changed_is_restored(code: str, broken: str, restored: str) -> None:
    simulation = approved()
    assert said(run_into(simulation, "cut_over", lambda: by_hand(simulation, broken))) == code
    assert not simulation.job.is_past_cutover
    by_hand(simulation, restored)
    goes_on(simulation)
