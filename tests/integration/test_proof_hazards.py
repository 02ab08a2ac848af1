"""The hazards of the unit cases, once more from a proof on a real server: both must agree.

What a statement costs (blocks-writes, rebuilds) is found by the proof itself and left out here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.policy import HazardKind
from reconciler.model.server import Flavor
from reconciler.prove.change_set import Proven
from tests.integration.proving import Bench, bench_on
from tests.unit.plan.hazards.hazard_cases import HazardCase, hazard_cases, shown

COSTS = (HazardKind.BLOCKS_WRITES, HazardKind.REBUILDS)
NOT_ON_A_SERVER = (
    "stop_encryption",  # takes a keyring, which a throwaway server does not have
    "lose_null_default",  # no CREATE TABLE can say it
    "gain_null_default",  # nor this: tests/cases/live asks a server
    "add_computed_default",  # uuid() is refused with a binary log (1674): in test_proof
)


@pytest.fixture(scope="module")
def bench(mysql_server: RunningServer) -> Iterator[Bench]:
    with bench_on(mysql_server) as bench:
        yield bench


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in hazard_cases()
        if case.flavor is Flavor.MYSQL and case.text.name not in NOT_ON_A_SERVER
    ],
    ids=lambda case: case.text.name,
)
def test_a_proof_finds_the_same_hazards(bench: Bench, case: HazardCase) -> None:
    ends = [[definition] if definition else [] for definition in (case.before, case.after)]
    proof = bench.prove(*ends, renames=case.renames)
    assert isinstance(proof, Proven), proof
    found = [
        shown(hazard)
        for statement in proof.statements
        for hazard in statement.hazards
        if hazard.kind not in COSTS
    ]
    costs = tuple(f"{kind} " for kind in COSTS)
    assert sorted(found) == [line for line in case.expected if not line.startswith(costs)]
