"""A plan says where `cutover` and `keep_old` of the spec hold nothing, for nothing is copied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.diff.model import Operation
from reconciler.model.engine import EngineName
from reconciler.plan.engines.without_copy import notes_without_copy
from reconciler.plan.model import ExecutionClass, PlannedStatement
from tests.offline_fleet import SPEC, STATES, environment, fleet, planned, repository
from tests.sim.plans import statement
from tests.unit.plan.test_permission import DROP_A, DROP_TABLE

pytestmark = pytest.mark.invariant("EN-89")

REBUILT = replace(statement("users", 0), execution=ExecutionClass(rebuilds=True))
LOSING = replace(statement("orders", 0), hazards=(DROP_A,))


def notes(*statements: PlannedStatement, cutover: bool = True, keep: bool = True) -> list[str]:
    spec = SPEC.replace(
        'connection: {host: "db-', 'rollout: {cutover: {gate: true}}\n    connection: {host: "db-'
    )
    keeps = "engine: {keep_old: 24h}\n" if keep else ""
    chosen = environment(repository(spec=(spec if cutover else SPEC) + keeps).keyspace())
    found = notes_without_copy(statements, chosen)
    return [note.partition(",")[0] for note in found]


def test_a_rebuild_without_a_copy_waits_for_nobody_and_a_loss_is_kept_by_nothing() -> None:
    server = "by the server's own DDL"
    assert notes(REBUILT, LOSING, REBUILT) == [
        f"table users is rebuilt {server}",
        f"table orders is changed {server}",
    ]
    assert notes(REBUILT, LOSING, cutover=False) == [f"table orders is changed {server}"]
    assert notes(REBUILT, LOSING, keep=False) == [f"table users is rebuilt {server}"]


def test_what_is_copied_and_what_has_nothing_to_lose_needs_no_note() -> None:
    copied = [replace(one, engine=EngineName.GH_OST) for one in (REBUILT, LOSING)]
    dropped = replace(LOSING, operation=Operation.DROP_TABLE, hazards=(DROP_TABLE,))
    assert notes(*copied, dropped, statement("users", 0)) == []


@pytest.mark.parametrize("has_it", [False, True])
def test_a_plan_notes_it(*, has_it: bool) -> None:
    keeps = "engine: {keep_old: 24h}\n" if has_it else ""
    allow = "{table: users, hazard: drop-column, object: age, reason: agreed}"
    spec = f"{SPEC}{keeps}policy:\n  allow: [{allow}]\n"
    outcome = planned(repository(STATES[0], spec=spec), fleet(STATES[1]))
    assert outcome.plan is not None, outcome.refusals
    told = [note for note in outcome.plan.meta.notes if "`keep_old` keeps nothing" in note]
    assert len(told) == has_it
