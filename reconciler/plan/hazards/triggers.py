"""Why a statement of a trigger may hurt: what writes do without it, and whose rights it has."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.programs import Trigger
from reconciler.plan.hazards.statement_context import needing_permission


def trigger_hazards(
    before: Trigger | None, after: Trigger | None, definer: str
) -> Iterator[Hazard]:
    """`definer` is the account that the spec names."""
    if after is None:
        assert before is not None, "one of the two is there"
        reason = f"writes to {before.table} go on without it"
        yield needing_permission(HazardKind.DROP_PROGRAM, before.name, reason)
    elif before is None or before.definer != after.definer:
        reason = f"whoever writes to {after.table} has the rights of {definer} in it"
        yield needing_permission(HazardKind.RUNS_AS, after.name, reason)
