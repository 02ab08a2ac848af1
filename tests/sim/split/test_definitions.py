"""What a split makes on its targets is what was reviewed, whatever a source shows meanwhile."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from reconciler.errors import Problem
from reconciler.model.schema import ForeignKey
from reconciler.ports.split_servers import AddedKey, Definition
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import JobRequestKind
from reconciler.reshard.phases import Phase
from tests.sim.split.chaos import brought_to_end
from tests.sim.split.database import ORDERS, Database, Transaction
from tests.sim.split.fate import Fate
from tests.sim.split.run import BUDGET_S, SplitSimulation
from tests.sim.split.servers import SimSource

CASCADE = AddedKey(
    key=ForeignKey(
        name="of_parent",
        columns=("customer",),
        parent_table="customers",
        parent_columns=("id",),
        on_delete="CASCADE",
    ),
    sql="ALTER TABLE `orders` ADD CONSTRAINT `of_parent` FOREIGN KEY ...",
)


def waiting_for_xa(simulation: SplitSimulation) -> tuple[Database, Transaction]:
    """Its tables are made and tracked, and somebody has left a transaction prepared before."""
    (source,) = simulation.servers.sources.values()
    left = source.begin()
    key, row = min(source.tables[ORDERS].rows.items())
    left.write(ORDERS, key, (*row[:3], b"prepared"))
    left.is_prepared = True
    result = simulation.run(runtime_s=20.0)
    assert result is not None
    assert (result.job.phase, result.job.ground) == (Phase.BACKFILL, ())
    return source, left


@pytest.mark.invariant("SP-111")
@pytest.mark.threat("TM-ACCOUNT-24")
@pytest.mark.parametrize("how", ["a cascade", "a column", "no key"])
def test_what_is_altered_while_a_split_waits_to_begin_ends_it_before_a_row_is_read(
    how: str,
) -> None:
    """A cascade fires no trigger: its rows would never be followed, nor be compared again."""
    simulation = SplitSimulation(Random(1), writes=0.0)
    simulation.approve()
    source, left = waiting_for_xa(simulation)
    orders = source.tables[ORDERS]
    match how:
        case "a cascade":
            orders.foreign_keys = (CASCADE,)
        case "a column":
            orders.definition = "d2"
        case "no key":
            orders.has_key = False
    left.commit()
    result = simulation.run(holder="second")
    assert result is not None
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.FAILED, "split-definition-changed")
    assert (result.job.ground, result.job.retry_phase) == ((), Phase.PLANNED)
    assert all(target.acks == {} for target in simulation.servers.targets.values())
    orders.foreign_keys, orders.definition, orders.has_key = (), "d1", True
    simulation.ask(JobRequestKind.RETRY)
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


GONE = Problem(code="split-server-unfit", message="its account is gone", recovery="create it")


@pytest.mark.invariant("SP-68")
@pytest.mark.threat("TM-ACCOUNT-22")
@pytest.mark.parametrize("call", ["arm_guard", "flip", "seal", "raise_counter"])
def test_a_trigger_that_is_made_behind_the_look_at_all_keeps_the_split_from_its_cutover(
    call: str,
) -> None:
    """No fence keeps one from being made, nor its account on a target from being dropped."""
    simulation = SplitSimulation(Random(1), writes=0.0)
    simulation.approve()
    target = simulation.servers.targets["40-80"]

    def make(label: str) -> None:
        if label.endswith(f".{call}"):
            target.of_triggers = (GONE,)

    result = simulation.run(Fate(before_call=make))
    assert result is not None
    assert (result.how, result.problem) == (TickEnd.FAILED, GONE)
    assert result.job.cutover_version is None
    assert simulation.source_takes_writes()
    target.of_triggers = ()
    simulation.ask(JobRequestKind.RETRY)
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-68")
def test_triggers_are_looked_at_again_before_each_fence() -> None:
    """The first one has expired under load, and its tick goes on for an hour."""
    simulation = SplitSimulation(Random(1), writes=0.0)
    simulation.approve()

    def expire(label: str) -> None:
        if label.endswith(".seal") and simulation.job.fence_epoch == 1:
            simulation.clock.time_s += 2 * BUDGET_S
            simulation.servers.targets["40-80"].of_triggers = (GONE,)

    result = simulation.run(Fate(before_call=expire))
    assert result is not None
    assert (result.how, result.problem) == (TickEnd.FAILED, GONE)
    assert (result.job.fence_epoch, result.job.retry_phase) == (1, Phase.ARM)
    assert simulation.source_takes_writes()


class SaysOtherwise(SimSource):
    """To who has asked for the definition as often as `honest` says, it shows another."""

    honest = 0
    asked = 0

    def definition(self, table: str) -> Definition:
        found = super().definition(table)
        if table != ORDERS or not self.work.job:
            return found
        type(self).asked += 1
        if self.asked <= self.honest:
            return found
        return replace(found, bare="nobody reviewed it", foreign_keys=(CASCADE,))


@pytest.mark.invariant("SP-112")
@pytest.mark.threat("TM-SERVER-43")
@pytest.mark.parametrize("honest", range(8))
def test_a_source_that_shows_another_definition_when_it_is_asked_again_is_not_believed(
    honest: int,
) -> None:
    kind = type("Lying", (SaysOtherwise,), {"honest": honest})
    simulation = SplitSimulation(Random(1), source_kind=kind, writes=0.0)
    simulation.approve()
    result = simulation.run()
    assert result is not None
    if result.how is not TickEnd.DONE:
        assert result.problem is not None
        assert result.problem.code == "split-definition-changed"
        assert simulation.source_takes_writes()
    for target in simulation.servers.targets.values():
        made = target.tables.get(ORDERS)
        assert made is None or (made.definition, made.foreign_keys) == ("d1", ())
