"""What a refusal for want of permission says."""

from __future__ import annotations

import pytest

from reconciler.guard.permission import permission_refusals
from reconciler.model.policy import HazardKind, Policy
from tests.unit.plan.test_permission import DROP_A, DROP_B, DROP_TABLE, allow, statement

SPEC = "specs/commerce.yaml"


@pytest.mark.invariant("RV-7")
def test_each_finding_is_refused_with_the_line_that_would_permit_it() -> None:
    refusals = permission_refusals([statement("users", DROP_A, DROP_B)], Policy(), SPEC)
    assert [(refusal.code, str(refusal.object_id)) for refusal in refusals] == [
        ("permission-missing", "users"),
        ("permission-missing", "users"),
    ]
    assert SPEC in refusals[0].recovery
    line = '- {table: users, hazard: drop-column, object: a, reason: "..."}'
    assert line in refusals[0].recovery


def test_what_is_permitted_is_not_refused() -> None:
    policy = Policy(allow=(allow("users", HazardKind.DROP_TABLE),))
    assert permission_refusals([statement("users", DROP_TABLE)], policy, SPEC) == ()
