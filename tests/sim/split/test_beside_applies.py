"""Behind its cutover a split keeps applies of a schema out only while it works on shards that
serve."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from reconciler.errors import Refused
from reconciler.ledger.model import Lease
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import Approval
from reconciler.reshard.phases import Phase
from tests.contract.ledgers import ended, new_apply
from tests.series import series
from tests.sim.split.chaos import MOVES, brought_to_end
from tests.sim.split.fate import Fate
from tests.sim.split.run import WHERE, SplitSimulation

#: To hold a lock changes nothing.
_HARMLESS = "take_over"


class Applies:
    """One that begins whenever it is let, and ends when `random` says so."""

    def __init__(self, simulation: SplitSimulation, random: Random) -> None:
        self.simulation, self.random = simulation, random
        self.lease: Lease | None = None
        self.begun_in: list[Phase] = []
        self.faults: list[str] = []

    def moment(self, label: str) -> None:
        """Right before a call that leaves something behind."""
        self.turn()
        if self.lease is not None and label.startswith("target") and _HARMLESS not in label:
            self.faults.append(label)

    def turn(self) -> None:
        ledger = self.simulation.ledger
        if self.lease is None:
            new = replace(new_apply(WHERE[1]), environment=WHERE[0])
            try:
                self.lease = ledger.begin(new, holder="schema", now_s=1.0)
            except Refused:
                return
            self.begun_in.append(self.simulation.job.phase)
        elif self.random.random() < 0.3:
            self.end()

    def end(self) -> None:
        if self.lease is not None:
            ended(self.simulation.ledger, self.lease)
        self.lease = None


@pytest.mark.invariant("SP-79")
@pytest.mark.parametrize("seed", series(range(12)))
def test_no_shard_that_serves_is_worked_on_beside_an_apply(seed: int) -> None:
    """Whatever dies between the two, and wherever."""
    random = Random(seed)
    sources, targets = random.choice(MOVES)
    simulation = SplitSimulation(
        Random(seed), sources=sources, targets=targets, writes=0.05, rows=6
    )
    simulation.approve()
    applies = Applies(simulation, random)
    for number in range(40):
        kill_at = random.choice((None, random.randrange(300)))
        simulation.run(Fate(kill_at=kill_at, before_call=applies.moment), holder=f"tick {number}")
        applies.turn()
        if simulation.job.phase is Phase.DONE:
            break
    applies.end()
    assert applies.faults == []
    assert {*applies.begun_in} <= {Phase.CLEANUP, Phase.DONE}
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-79")
def test_an_apply_begins_while_the_source_waits_for_its_clean_up() -> None:
    simulation = SplitSimulation(Random(4), writes=0.1, rows=6)
    applies = Applies(simulation, Random(4))
    simulation.approve(Approval.START)
    simulation.run()
    applies.turn()
    assert applies.lease is None
    simulation.approve(Approval.CUTOVER)
    result = simulation.run(holder="second")
    assert result is not None
    assert (result.how, result.job.reserves) == (TickEnd.AWAITS_CLEANUP, False)
    applies.turn()
    assert applies.begun_in == [Phase.CLEANUP]
    simulation.approve(Approval.CLEANUP)
    waiting = simulation.run(holder="third")
    assert waiting is not None
    assert waiting.problem is not None
    assert (waiting.how, waiting.problem.code) == (TickEnd.IN_PROGRESS, "apply-unfinished")
    applies.end()
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-79")
def test_a_target_that_is_locked_in_the_clean_up_keeps_nobody_out() -> None:
    """The next run drops what is left there."""
    simulation = SplitSimulation(Random(4), writes=0.0, rows=6)
    simulation.approve()
    target = simulation.servers.targets["-40"]
    fate = Fate()

    def lock(label: str) -> None:
        target.is_read_by_others = target.is_read_by_others or label == "jobs.reserve"

    fate.before_call = lock
    result = simulation.run(fate)
    assert result is not None
    assert (result.how, result.job.reserves) == (TickEnd.IN_PROGRESS, False)
    applies = Applies(simulation, Random(4))
    applies.turn()
    assert applies.begun_in == [Phase.CLEANUP]
    applies.end()
    target.is_read_by_others = False
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()
