"""Dangers that the reviewed files do not permit: a refusal each, with the line to add (RV-7)."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.guard.model import Refusal
from reconciler.model.object_id import table_id
from reconciler.model.policy import Policy
from reconciler.plan.model import PlannedStatement
from reconciler.plan.permission import check_permissions
from reconciler.plan.permission_lines import allow_lines


def permission_refusals(
    statements: Iterable[PlannedStatement], policy: Policy, spec_path: str
) -> tuple[Refusal, ...]:
    """Permission is part of the files, per finding and with a reason; no flag of a run gives it."""
    missing = check_permissions(statements, policy.allow).missing
    return tuple(
        Refusal(
            code="permission-missing",
            object_id=table_id(finding.table),
            object=finding.object,
            message=f"table {finding.table}: {finding.hazard.kind} of {finding.hazard.object} needs"
            f" permission: {finding.hazard.reason}",
            recovery=f"if it is meant, add `{allow_lines([finding])[0]}` to policy.allow in"
            f" {spec_path}, with its true reason",
        )
        for finding in missing
    )
