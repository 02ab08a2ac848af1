"""A Reshard under writers ends in one of two ways, whatever happens on the way."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.errors import Problem
from reconciler.reshard.actions import ReshardStep, TickEnd
from reconciler.reshard.job import Approval, JobRequestKind
from reconciler.reshard.phases import Phase
from tests.series import QUICK_EVERY, series, sevenths
from tests.sim.reshard.run import PARTS_MAX, ReshardSimulation
from tests.sim.reshard.vitess import TABLE
from tests.sim.split.fate import Fate

MOVES = [(("-80",), ("-40", "40-80")), (("-40", "40-80"), ("-80",))]


@pytest.mark.invariant("SP-91")
@pytest.mark.parametrize(("sources", "targets"), MOVES)
def test_rows_are_on_their_owners_and_every_step_is_sent_once(
    sources: tuple[str, ...], targets: tuple[str, ...]
) -> None:
    simulation = ReshardSimulation(Random(1), sources=sources, targets=targets)
    simulation.approve()
    assert simulation.ended() is Phase.DONE
    sent = simulation.vitess.sent
    assert sorted(sent) == sorted(set(sent)), "nothing is sent twice"


@pytest.mark.invariant("SP-91")
def test_each_approval_is_waited_for() -> None:
    simulation = ReshardSimulation(Random(2))
    for approval, waits in (
        (Approval.START, TickEnd.AWAITS_START),
        (Approval.CUTOVER, TickEnd.AWAITS_CUTOVER),
        (Approval.CLEANUP, TickEnd.AWAITS_CLEANUP),
    ):
        result = simulation.run()
        assert result is not None
        assert result.how is waits
        assert bool(result.foreseen) == (waits is TickEnd.AWAITS_CUTOVER)
        simulation.approve(approval)
    assert simulation.ended() is Phase.DONE


def labels() -> list[str]:
    simulation = ReshardSimulation(Random(3))
    simulation.approve()
    fate = Fate()
    result = simulation.run(fate)
    assert result is not None
    assert result.how is TickEnd.DONE
    return fate.labels


@pytest.mark.invariant("SP-91")
@pytest.mark.parametrize("how", ["killed", "lost"])
@pytest.mark.parametrize("seventh", sevenths())
def test_a_driver_that_dies_or_hears_nothing_at_any_durable_call_is_taken_up(
    how: str, seventh: int
) -> None:
    for at in range(len(labels()))[seventh::QUICK_EVERY]:
        simulation = ReshardSimulation(Random(3))
        simulation.approve()
        simulation.run(Fate(kill_at=at) if how == "killed" else Fate(lose_at=at))
        assert simulation.ended() is Phase.DONE, at


@pytest.mark.runbook("reshard-switch-waits")
@pytest.mark.invariant("SP-91")
@pytest.mark.parametrize(
    "step",
    series(
        [
            *(ReshardStep.SWITCH_WRITES, ReshardStep.COMPLETE),
            *(ReshardStep.CREATE, ReshardStep.START, ReshardStep.COMPARE, ReshardStep.SWITCH_READS),
        ]
    ),
)
def test_a_step_that_vtctld_dies_in_is_brought_to_its_end(step: ReshardStep) -> None:
    """Cut off between any two of its parts, by a driver that dies with it."""
    for parts in range(PARTS_MAX):
        simulation = ReshardSimulation(Random(parts))
        simulation.approve()
        simulation.cut(step, parts)
        simulation.run(holder="first")
        assert simulation.ended() is Phase.DONE, parts
        if simulation.vitess.cuts == 0:
            break


@pytest.mark.invariant("SP-91")
@pytest.mark.parametrize("step", [ReshardStep.SWITCH_BACK, ReshardStep.TAKE_DOWN])
def test_a_way_back_that_vtctld_dies_in_is_brought_to_its_end(step: ReshardStep) -> None:
    for parts in range(PARTS_MAX):
        simulation = ReshardSimulation(Random(parts))
        simulation.approve(Approval.START, Approval.CUTOVER)
        simulation.run()
        assert simulation.job.phase is Phase.CLEANUP
        simulation.ask(JobRequestKind.ABANDON)
        simulation.cut(step, parts)
        assert simulation.ended() is Phase.ABANDONED, parts
        if simulation.vitess.cuts == 0:
            break


@pytest.mark.invariant("SP-95")
@pytest.mark.parametrize("phase", [Phase.PLANNED, Phase.CATCHUP, Phase.CLEANUP])
def test_a_split_is_given_up_until_its_completion_is_allowed(phase: Phase) -> None:
    simulation = ReshardSimulation(Random(5))
    before = {Phase.CATCHUP: (Approval.START,), Phase.CLEANUP: (Approval.START, Approval.CUTOVER)}
    if phase in before:
        simulation.approve(*before[phase])
    simulation.run()
    assert simulation.job.phase is phase
    simulation.ask(JobRequestKind.ABANDON)
    assert simulation.ended() is Phase.ABANDONED


@pytest.mark.invariant("SP-95")
def test_nobody_goes_back_once_the_completion_is_allowed() -> None:
    simulation = ReshardSimulation(Random(6))
    simulation.approve(Approval.START, Approval.CUTOVER)
    simulation.run()
    simulation.approve(Approval.CLEANUP)
    simulation.ask(JobRequestKind.ABANDON)
    assert simulation.ended() is Phase.DONE
    [request] = simulation.ledger.split_jobs.requests(simulation.job_id)
    assert request.problem is not None
    assert request.problem.code == "reshard-completion-allowed"


@pytest.mark.invariant("SP-94")
def test_a_switch_that_vitess_refuses_leaves_the_sources_serving() -> None:
    simulation = ReshardSimulation(Random(7))
    simulation.approve()
    simulation.vitess.refuses = 1
    assert simulation.ended() is Phase.DONE
    assert ReshardStep.READS_BACK in simulation.vitess.sent


@pytest.mark.invariant("SP-93")
def test_a_workflow_of_somebody_else_is_named_and_left_alone() -> None:
    simulation = ReshardSimulation(Random(8))
    simulation.approve()
    stranger = Problem(code="reshard-workflow-of-others", message="theirs", recovery="wait")
    simulation.vitess.strangers.append(stranger)
    result = simulation.run()
    assert result is not None
    assert (result.how, result.problem) == (TickEnd.REFUSED, stranger)
    assert simulation.vitess.sent == []


@pytest.mark.invariant("SP-93")
def test_targets_that_hold_something_are_never_cleared() -> None:
    simulation = ReshardSimulation(Random(9))
    simulation.approve()
    simulation.vitess.shards["-40"].tables.add(TABLE)
    simulation.vitess.shards["-40"].rows[1] = 1
    result = simulation.run()
    assert result is not None
    assert result.how is TickEnd.FAILED
    assert result.problem is not None
    assert result.problem.code == "reshard-target-not-empty"
    assert simulation.vitess.shards["-40"].rows == {1: 1}
    assert simulation.vitess.sent == []


@pytest.mark.invariant("SP-91")
def test_rows_that_vdiff_finds_different_are_copied_from_the_beginning() -> None:
    simulation = ReshardSimulation(Random(10))
    simulation.approve(Approval.START)
    moment = simulation.vitess.moment

    def scribble() -> None:
        moment()
        simulation.vitess.shards["-40"].rows[3] = -1

    simulation.vitess.moment = scribble
    result = simulation.run()
    assert result is not None
    assert result.problem is not None
    assert result.problem.code == "reshard-rows-differ"
    assert simulation.job.retry_phase is Phase.PLANNED
    simulation.vitess.moment = moment
    simulation.approve()
    assert simulation.ended() is Phase.DONE


def test_a_stopped_split_rests_and_goes_on() -> None:
    simulation = ReshardSimulation(Random(12))
    simulation.approve()
    simulation.ask(JobRequestKind.STOP)
    result = simulation.run()
    assert result is not None
    assert result.how is TickEnd.HELD
    simulation.ask(JobRequestKind.RESUME)
    assert simulation.ended() is Phase.DONE
