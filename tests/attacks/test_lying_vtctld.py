"""A vtctld, or whoever answers for Vitess, that lies about what it keeps, has and does."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.edges.vitess.topology import read_shards
from reconciler.errors import Unavailable
from reconciler.guard.topology import topology_problems
from reconciler.model.engine import EngineName
from reconciler.model.topology import Serving, Topology, TopologyShard
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.spec.model import CutoverSpec, RolloutSpec
from tests.sample_vschema import routed
from tests.sim.fleet import Online, SimFleet
from tests.sim.plans import plan_for
from tests.sim.run import Simulation
from tests.sim.test_finalizer import BEHIND, ONLY_LAST, simulation, vitess_of
from tests.unit.edges.vitess.test_topology_read import BOTH, SHARDS, without

ROLLOUT = RolloutSpec(parallel=2, cutover=CutoverSpec())


@pytest.mark.invariant("FZ-8")
@pytest.mark.threat("TM-VTCTLD-1")
def test_a_vschema_that_was_taken_and_is_another_is_no_success() -> None:
    sim = simulation(BEHIND)
    vitess = vitess_of(sim)
    keep = vitess.take_effect
    vitess.take_effect = lambda document: keep(routed("users", "more"))  # type: ignore[method-assign]
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert outcome.problem is not None
    assert outcome.problem.code == "vschema-read-back"
    assert vitess.sent == [ONLY_LAST.document], "it is not sent again over what is there"


@pytest.mark.invariant("FZ-6")
@pytest.mark.threat("TM-VTCTLD-1")
def test_a_vschema_that_it_would_keep_otherwise_is_not_sent() -> None:
    sim = simulation(BEHIND)
    vitess_of(sim).takes = lambda text: routed("users", "more")
    assert sim.run().verdict is ApplyVerdict.FAILED
    assert vitess_of(sim).sent == []


@pytest.mark.invariant("VT-34")
@pytest.mark.threat("TM-VTCTLD-2")
def test_a_shard_that_vtgate_serves_is_not_left_out() -> None:
    hiding: Any = without(SHARDS, "shards", "80-")
    with pytest.raises(Unavailable, match="shard 80-, which vtgate serves"):
        read_shards(hiding, BOTH)


@pytest.mark.invariant("VT-12")
@pytest.mark.threat("TM-VTCTLD-2")
@pytest.mark.parametrize("shown", [["-80"], ["-40", "80-"], ["-80", "c0-"], []])
def test_shards_that_hold_not_every_key_are_no_keyspace(shown: list[str]) -> None:
    """Of one that vtgate does not serve either."""
    shards = tuple(
        TopologyShard(name=name, primary="zone1-1", serving=Serving.YES) for name in shown
    )
    topology = Topology(
        keyspace="shop", shards=shards, cells=(), sidecar_database="_vt", vtgate_version="24.0.0"
    )
    assert {problem.code for problem in topology_problems(topology, ())} == {"vitess-shards"}


def lying_simulation() -> Simulation:
    plan = plan_for(ROLLOUT, shards=("-",), tables=("users",), each=1, engine=EngineName.VITESS)
    fleet = SimFleet(plan, answer=lambda shard, statement: Online())
    return Simulation(plan=plan, rollout=ROLLOUT, fleet=fleet)


@pytest.mark.invariant("EN-9")
@pytest.mark.threat("TM-VTCTLD-3")
def test_a_migration_of_another_statement_is_not_swapped_in() -> None:
    sim = lying_simulation()
    sim.fleet.copies_as = {"-": "users as another statement makes them"}
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == "copy-differs"
    assert sim.fleet.cut_over == []


@pytest.mark.invariant("EN-9")
@pytest.mark.threat("TM-VTCTLD-3")
def test_a_migration_that_is_complete_and_changed_nothing_is_no_success() -> None:
    sim = lying_simulation()
    sim.fleet.take_effect = lambda shard, statement: None  # type: ignore[method-assign]
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert outcome.problem is not None
    assert outcome.problem.code == "read-back"
