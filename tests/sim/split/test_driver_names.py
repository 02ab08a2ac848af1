"""A driver knows itself again by its name as it is stored, and no other process by its own."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.drive.split.held_job import HeldJob
from reconciler.ports.split_jobs import JobMoved
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import Approval
from tests.series import series
from tests.sim.split.fate import Fate
from tests.sim.split.run import SplitSimulation

#: None is stored as it is said: cut off, and made visible.
CHANGED = {
    "long": "ada by https://forge.example/" + "x" * 300,
    "not printed": "ada\x1b[2J\nby https://forge.example",
    "cut within what is made visible": "a" * 253 + "\x1b" * 9,
}


@pytest.mark.invariant("SP-123")
@pytest.mark.parametrize("holder", series(CHANGED.values()), ids=CHANGED)
def test_a_driver_whose_name_is_stored_otherwise_is_overtaken_by_nobody(holder: str) -> None:
    """Whichever answer is lost, of those that it gets at the beginning."""
    for at in range(0, 60, 4):
        simulation = SplitSimulation(Random(1), writes=0.0)
        simulation.approve(Approval.START)
        result = simulation.run(Fate(lose_at=at), holder=holder)
        assert result is not None
        assert result.how is TickEnd.AWAITS_CUTOVER, at
        assert simulation.job.holder is None, "it has put the job down"


@pytest.mark.invariant("SP-50")
@pytest.mark.invariant("SP-123")
def test_a_process_that_has_the_name_of_another_one_takes_the_job_from_it() -> None:
    """A container that was started again, beside one that still runs."""
    simulation = SplitSimulation(Random(1), writes=0.0)
    first, second = (
        HeldJob(
            simulation.ledger.split_jobs,
            simulation.clock,
            job_id=simulation.job_id,
            holder="root on worker (process 1)",
        )
        for _ in range(2)
    )
    first.settle()
    first.beat()
    second.settle()
    with pytest.raises(JobMoved):
        first.beat()
    second.beat()
    assert second.job.revision > first.job.revision
