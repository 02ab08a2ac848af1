"""What Vitess copies are the tables of the plan, as they were reviewed, and no others."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.reshard.actions import ReshardStep, TickEnd
from reconciler.reshard.job import Approval, JobRequestKind
from reconciler.reshard.phases import Phase
from tests.sim.reshard.run import ReshardSimulation
from tests.sim.reshard.vitess import PLANNED


def failed_as(simulation: ReshardSimulation, holder: str = "next") -> str:
    result = simulation.run(holder=holder)
    assert result is not None
    assert result.how is TickEnd.FAILED
    assert result.problem is not None
    return result.problem.code


@pytest.mark.invariant("SP-102")
@pytest.mark.threat("TM-ACCOUNT-28")
def test_a_copy_that_begins_again_copies_no_other_tables_than_were_reviewed() -> None:
    """A source was altered while rows were copied, and a retry finds it so."""
    simulation = ReshardSimulation(Random(11))
    simulation.approve(Approval.START)
    simulation.run()
    simulation.vitess.definition = "another"
    simulation.approve()
    for code in ("split-table-changed", "reshard-definition-changed"):
        assert failed_as(simulation) == code
        assert simulation.job.retry_phase is Phase.PLANNED
        simulation.ask(JobRequestKind.RETRY)
    assert simulation.vitess.sent.count(ReshardStep.CREATE) == 1
    simulation.vitess.definition = PLANNED
    assert simulation.ended() is Phase.DONE


@pytest.mark.invariant("SP-102")
@pytest.mark.threat("TM-ACCOUNT-28")
@pytest.mark.parametrize("change", ["altered", "dropped"])
def test_what_was_altered_before_the_first_row_is_not_copied(change: str) -> None:
    simulation = ReshardSimulation(Random(12), writes=0.0)
    result = simulation.run()
    assert result is not None
    assert result.how is TickEnd.AWAITS_START
    source = simulation.vitess.shards["-80"]
    tables = set(source.tables)
    if change == "altered":
        simulation.vitess.definition = "another"
    else:
        source.tables.clear()
    simulation.approve()
    assert failed_as(simulation) == "reshard-definition-changed"
    assert simulation.job.ground == ()
    assert simulation.vitess.sent == []
    simulation.vitess.definition = PLANNED
    source.tables |= tables
    assert simulation.ended() is Phase.DONE


@pytest.mark.invariant("SP-107")
@pytest.mark.threat("TM-ACCOUNT-28")
@pytest.mark.parametrize("phase", [Phase.PLANNED, Phase.BACKFILL, Phase.CATCHUP])
def test_a_table_that_no_plan_knows_fails_the_split_which_then_goes_on_where_it_was(
    phase: Phase,
) -> None:
    simulation = ReshardSimulation(Random(13))
    if phase is not Phase.PLANNED:
        simulation.approve(Approval.START)
        simulation.run(runtime_s=0.02 if phase is Phase.BACKFILL else 200.0)
    assert simulation.job.phase is phase
    created = simulation.vitess.sent.count(ReshardStep.CREATE)
    source = simulation.vitess.shards["-80"]
    source.tables.add("invoices")
    simulation.approve()
    assert failed_as(simulation) == "split-table-unplanned"
    assert simulation.job.retry_phase is phase
    assert simulation.vitess.sent.count(ReshardStep.CREATE) == created
    source.tables.discard("invoices")
    assert simulation.ended() is Phase.DONE
    assert simulation.vitess.sent.count(ReshardStep.CREATE) == 1
