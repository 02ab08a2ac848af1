"""A driver that is stopped in the middle of a step, and wakes up when another has gone on."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from reconciler.drive.split.world import TickResult
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import Approval, JobRequestKind
from reconciler.reshard.phases import Phase
from tests.series import QUICK_EVERY, series, sevenths
from tests.sim.split.chaos import brought_to_end
from tests.sim.split.fate import Fate
from tests.sim.split.run import SplitSimulation
from tests.sim.split.sessions import SimSession


class CutsNobodyOff(SimSession):
    def take_over(self) -> None:
        """Whoever had the turn goes on."""


def planned(session: type[SimSession]) -> SplitSimulation:
    simulation = SplitSimulation(Random(2), writes=0.1, rows=4)
    simulation.servers.session = session
    return simulation


def copied(session: type[SimSession]) -> SplitSimulation:
    simulation = planned(session)
    simulation.approve(Approval.START)
    simulation.run(holder="copies")
    simulation.settle_writers()
    return simulation


def to_start_over(session: type[SimSession]) -> SplitSimulation:
    simulation = copied(session)
    simulation.meddle("untracked")
    simulation.run(holder="fails")
    simulation.ask(JobRequestKind.RETRY)
    return simulation


def to_take_down(session: type[SimSession]) -> SplitSimulation:
    simulation = copied(session)
    simulation.ask(JobRequestKind.ABANDON)
    return simulation


BEGINNINGS = [planned, to_start_over, to_take_down]


def asked_of_servers(simulation: SplitSimulation) -> dict[str, int]:
    """The first place of each call that leaves something on a server, in a tick to which nothing
    happens."""
    fate = Fate()
    simulation.approve()
    simulation.run(fate)
    places: dict[str, int] = {}
    for at, label in enumerate(fate.labels):
        if label.startswith(("before source", "before target")):
            places.setdefault(label, at)
    return places


def stopped(
    simulation: SplitSimulation, at: int, meanwhile: Callable[[], None]
) -> TickResult | None:
    return simulation.run(Fate(nested_at=at, nested=meanwhile), holder="late")


def stopped_until_the_end(simulation: SplitSimulation, at: int) -> None:
    def brings() -> None:
        brought_to_end(simulation)

    stopped(simulation, at, brings)


def to_its_end(begin: Callable[[type[SimSession]], SplitSimulation], at: int) -> SplitSimulation:
    """Somebody else brings the split to its end while this driver is stopped."""
    simulation = begin(SimSession)
    simulation.approve()
    stopped_until_the_end(simulation, at)
    return simulation


@pytest.mark.invariant("SP-50")
@pytest.mark.invariant("SP-57")
@pytest.mark.parametrize("begin", BEGINNINGS)
@pytest.mark.parametrize("seventh", sevenths())
def test_nothing_is_left_by_who_wakes_up_behind_the_end(
    begin: Callable[[type[SimSession]], SplitSimulation], seventh: int
) -> None:
    places = asked_of_servers(begin(SimSession))
    assert any("claim" in label or "drop_made" in label for label in places)
    for label, at in list(places.items())[seventh::QUICK_EVERY]:
        simulation = to_its_end(begin, at)
        try:
            if simulation.job.phase is Phase.DONE:
                simulation.check_done()
            else:
                simulation.check_abandoned()
        except AssertionError as wrong:
            raise AssertionError(f"stopped {label}") from wrong


def failures(simulation: SplitSimulation) -> int:
    path = simulation.ledger.split_jobs.path(simulation.job_id)
    return sum(entry.after is Phase.FAILED for entry in path)


def wakes_up_beside_a_copy(session: type[SimSession], call: str) -> SplitSimulation:
    """Stopped while it starts over; its successor has copied everything in the meantime."""
    at = asked_of_servers(to_start_over(SimSession))[f"before {call}"]
    simulation = to_start_over(session)
    simulation.approve(Approval.START)

    def copies() -> None:
        simulation.run(holder="next")
        simulation.settle_writers()

    result = stopped(simulation, at, copies)
    assert result is not None
    assert (result.how, failures(simulation)) == (TickEnd.OVERTAKEN, 1)
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()
    assert failures(simulation) == 1
    return simulation


UNDOES = ["source -80.drop_tracker", "source -80.drop_helpers", "target 40-80.drop_made"]


@pytest.mark.invariant("SP-57")
@pytest.mark.parametrize(
    "call", series([*UNDOES, "source -80.take_over", "target 40-80.take_over"])
)
def test_who_starts_over_late_undoes_nothing_of_a_later_copy(call: str) -> None:
    wakes_up_beside_a_copy(SimSession, call)


@pytest.mark.parametrize("call", series(UNDOES))
def test_without_a_turn_the_simulation_tells(call: str) -> None:
    with pytest.raises(AssertionError):
        wakes_up_beside_a_copy(CutsNobodyOff, call)


def test_without_a_turn_a_target_that_serves_is_claimed_again() -> None:
    at = asked_of_servers(planned(SimSession))["before target -40.claim"]
    simulation = planned(CutsNobodyOff)
    simulation.approve()
    stopped_until_the_end(simulation, at)
    with pytest.raises(AssertionError):
        simulation.check_done()
