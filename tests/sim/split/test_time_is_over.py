"""A tick whose time is over, or that was told to end, leaves nobody waiting for the next one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, cast

import pytest

from reconciler.drive.split.limits import OVERTIME_S
from reconciler.drive.split.tick import run_tick
from reconciler.drive.split.world import TickResult
from reconciler.errors import Refused
from reconciler.limits import LEASE_LEFT_S_MAX, LEASE_SKEW_S_MAX
from reconciler.ports.routes import Routes
from reconciler.ports.split_servers import Busy
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.catalog import RouterLease, routers_behind
from reconciler.reshard.helper_tables import FenceState
from reconciler.reshard.job import SplitJob
from reconciler.reshard.phases import Phase
from tests.series import series
from tests.sim.split.chaos import brought_to_end
from tests.sim.split.fate import Fate, lost
from tests.sim.split.run import WHERE, SplitSimulation
from tests.sim.split.servers import SimSource


@dataclass
class Leased:
    """The routes of a fleet with an application that routes as before, for so long behind the
    cutover, by the clock of the simulation."""

    routes: Routes
    simulation: SplitSimulation
    lease_s: float
    cut_over_at_s: float = field(default=0.0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.routes, name)

    def cut_over(self, job: SplitJob) -> SplitJob:
        self.cut_over_at_s = self.simulation.clock.time_s
        return self.routes.cut_over(job)

    def open_targets(self, job: SplitJob) -> SplitJob:
        left_s = self.cut_over_at_s + self.lease_s - self.simulation.clock.time_s
        if left_s > 0:
            lease = RouterLease(
                router="app", seen_version=1, capabilities=("split-v1",), left_s=left_s
            )
            catalog = self.routes.read(*WHERE)
            assert catalog is not None
            behind = routers_behind(catalog, [lease], 2)
            assert behind is not None
            raise Refused(behind)
        return self.routes.open_targets(job)


def ticked(
    simulation: SplitSimulation,
    *,
    told_to_end: Callable[[], bool] = lambda: False,
    lease_s: float = 0.0,
    runtime_s: float = 120.0,
    fence_budget_s: float = 6.0,
    fate: Fate | None = None,
) -> TickResult:
    world = simulation.world(fate or Fate())
    routes = cast(Routes, Leased(world.routes, simulation, lease_s))
    order = replace(simulation.order("ticked", runtime_s=runtime_s), fence_budget_s=fence_budget_s)
    return run_tick(replace(world, routes=routes, interrupts=lambda: int(told_to_end())), order)


class HeldUp(SimSource):
    """A report reads the source, so that what is sealed cannot be cut over; then a writer whose
    statement the fence has refused keeps its row, or the connection is lost."""

    reopened = 0
    held_for = 3

    def may_retire(self) -> Busy | None:
        return Busy("the tables")

    def reopen(self, epoch: int) -> bool | Busy:
        type(self).reopened += 1
        if self.reopened <= self.held_for:
            return self.answer()
        return super().reopen(epoch)

    def answer(self) -> Busy:
        return Busy("the fence")


class Lost(HeldUp):
    def answer(self) -> Busy:
        raise lost("source.reopen")


class LostForLong(Lost):
    held_for = 30


def sealed(simulation: SplitSimulation) -> bool:
    (source,) = simulation.servers.sources.values()
    return source.fence is FenceState.SEALED


@pytest.mark.invariant("SP-114")
@pytest.mark.parametrize("kind", series([HeldUp, Lost, LostForLong]))
@pytest.mark.parametrize("ends", ["told to", "by its time"])
def test_a_sealed_fence_is_opened_before_a_tick_ends(kind: type[HeldUp], ends: str) -> None:
    """The job is back in its catch-up by then, and no other run comes for an hour."""
    simulation = SplitSimulation(
        Random(1), source_kind=type("Once", (kind,), {"reopened": 0}), writes=0.0
    )
    simulation.approve()
    was_sealed: list[bool] = []

    def told_to_end() -> bool:
        was_sealed.append(sealed(simulation))
        return ends == "told to" and any(was_sealed)

    result = ticked(simulation, told_to_end=told_to_end, runtime_s=60.0)
    assert any(was_sealed)
    assert result.how is TickEnd.IN_PROGRESS
    assert simulation.source_takes_writes()


@pytest.mark.invariant("SP-114")
def test_a_fence_that_cannot_be_opened_is_given_up_in_the_end() -> None:
    simulation = SplitSimulation(
        Random(1), source_kind=type("Ever", (HeldUp,), {"held_for": 10**9}), writes=0.0
    )
    simulation.approve()
    result = ticked(simulation, told_to_end=lambda: sealed(simulation))
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.IN_PROGRESS, "split-waits")
    assert simulation.clock.time_s > 1_000.0 + OVERTIME_S


@pytest.mark.invariant("SP-115")
def test_a_tick_that_is_told_to_end_behind_its_cutover_opens_the_targets_first() -> None:
    """A deployment stops the runner in the second in which nobody serves."""
    simulation = SplitSimulation(Random(1), writes=0.0)
    simulation.approve()
    result = ticked(simulation, told_to_end=lambda: simulation.job.is_past_cutover, lease_s=20.0)
    assert result.job.opened_version is not None
    assert all(target.takes_writes() for target in simulation.servers.targets.values())
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-115")
@pytest.mark.parametrize("lost_for", [1, 30])
@pytest.mark.parametrize("call", ["retire", "open_guard"])
def test_servers_that_do_not_answer_behind_the_cutover_are_waited_for(
    call: str, lost_for: int
) -> None:
    """One fails over in these very seconds; nobody serves, or writes, before it is back."""
    simulation = SplitSimulation(Random(1), writes=0.0)
    simulation.approve()
    calls: list[str] = []

    def lose(label: str) -> None:
        if label.endswith(f".{call}"):
            calls.append(label)
            if len(calls) <= lost_for:
                raise lost(label)

    result = ticked(
        simulation,
        told_to_end=lambda: simulation.job.is_past_cutover,
        fate=Fate(before_call=lose),
    )
    assert len(calls) > lost_for
    assert result.job.opened_version is not None
    assert all(target.takes_writes() for target in simulation.servers.targets.values())


@pytest.mark.invariant("SP-115")
@pytest.mark.parametrize("runtime_s", [16.0, 20.0, 30.0, 44.0])
def test_no_fence_is_closed_without_time_for_the_leases_behind_it(runtime_s: float) -> None:
    """Three budgets of five seconds are no time for a lease of twenty-five."""
    simulation = SplitSimulation(Random(1), writes=0.0)
    simulation.approve()
    result = ticked(simulation, runtime_s=runtime_s, fence_budget_s=5.0)
    assert runtime_s < 3 * 5.0 + LEASE_LEFT_S_MAX + LEASE_SKEW_S_MAX
    assert (result.how, result.job.fence_epoch) == (TickEnd.IN_PROGRESS, 0)


@pytest.mark.invariant("SP-115")
def test_a_lease_that_never_ends_is_not_waited_for_without_end() -> None:
    simulation = SplitSimulation(Random(1), writes=0.0)
    simulation.approve()
    result = ticked(
        simulation, told_to_end=lambda: simulation.job.is_past_cutover, lease_s=10_000.0
    )
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.IN_PROGRESS, "routers-behind")
    assert result.job.opened_version is None
