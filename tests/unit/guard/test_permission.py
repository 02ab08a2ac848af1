"""What a refusal for want of permission says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.guard.permission import permission_refusals
from reconciler.model.policy import HazardKind, Policy
from reconciler.plan.model import PlanCore, PlannedStatement
from tests.sim.plans import plan_for
from tests.unit.plan.test_permission import DROP_A, DROP_B, DROP_TABLE, allow, statement

SPEC = "specs/commerce.yaml"


def core_with(*statements: PlannedStatement, matching: tuple[str, ...] = ()) -> PlanCore:
    from reconciler.spec.model import RolloutSpec

    core = plan_for(RolloutSpec(), matching=matching).core
    (change_set,) = core.change_sets
    return replace(core, change_sets=(replace(change_set, statements=statements),))


@pytest.mark.invariant("RV-7")
def test_each_finding_is_refused_with_the_line_that_would_permit_it() -> None:
    refusals = permission_refusals(core_with(statement("users", DROP_A, DROP_B)), Policy(), SPEC)
    assert [(refusal.code, str(refusal.object_id)) for refusal in refusals] == [
        ("permission-missing", "users"),
        ("permission-missing", "users"),
    ]
    assert SPEC in refusals[0].recovery
    line = '- {table: users, hazard: drop-column, object: a, reason: "..."}'
    assert line in refusals[0].recovery


def test_two_reasons_that_one_permission_answers_are_one_refusal() -> None:
    """Programs that were not seen, and tables of other databases that were not."""
    reasons = ("events were not seen", "whether other databases refer to it is not known")
    unproven = [replace(DROP_TABLE, kind=HazardKind.UNPROVEN, reason=one) for one in reasons]
    core = core_with(statement("users", *unproven))
    (refusal,) = permission_refusals(core, Policy(), SPEC)
    assert all(one in refusal.message for one in reasons)
    assert '- {table: users, hazard: unproven, reason: "..."}' in refusal.recovery
    assert refusal.recovery.startswith("grant the login what it lacks, or say once in `unused`")


def test_what_is_permitted_is_not_refused() -> None:
    policy = Policy(allow=(allow("users", HazardKind.DROP_TABLE),))
    assert permission_refusals(core_with(statement("users", DROP_TABLE)), policy, SPEC) == ()


@pytest.mark.invariant("GD-7")
@pytest.mark.parametrize(
    ("matching", "said", "shard"),
    [
        ((), "all 4 shards, table users: drop-column of a", None),
        (("-40", "40-80"), "shards 80-c0, c0-, table users: drop-column of a", "80-c0"),
        (("-40", "40-80", "c0-"), "shard 80-c0, table users: drop-column of a", "80-c0"),
    ],
)
def test_it_names_the_shards_that_it_is_about(
    matching: tuple[str, ...], said: str, shard: str | None
) -> None:
    core = core_with(statement("users", DROP_A), matching=matching)
    (refusal,) = permission_refusals(core, Policy(), SPEC)
    assert refusal.message.startswith(said)
    assert refusal.shard == shard
