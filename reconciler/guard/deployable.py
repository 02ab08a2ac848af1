"""What no deploy request of PlanetScale can be compared with, and so is refused in the plan: later,
it would be refused with a branch made and a request open."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.session import DEFAULT_SESSION
from reconciler.guard.deploy_operations import not_comparable
from reconciler.guard.model import Refusal
from reconciler.plan.model import CarriedOut, PlanCore, PlannedStatement


def deploy_refusals(core: PlanCore) -> Iterator[Refusal]:
    """Nothing for a plan that PlanetScale has no part in."""
    if core.carried_out is not CarriedOut.BY_DEPLOY_REQUEST:
        return
    for change_set in core.change_sets:
        for statement in change_set.statements:
            if statement.session != DEFAULT_SESSION:
                why = "it needs a session of its own, and a deploy request has none"
                yield _refusal(change_set.shards[0], statement, why)
        unread = not_comparable(tuple(one.sql for one in change_set.statements))
        for statement in change_set.statements:
            if statement.sql == unread:
                why = "what PlanetScale makes of it cannot be compared with the plan"
                yield _refusal(change_set.shards[0], statement, why)


def _refusal(shard: str, statement: PlannedStatement, why: str) -> Refusal:
    return Refusal(
        code="planetscale-cannot-deploy",
        shard=shard,
        object_id=statement.object_id,
        message=f"table {statement.object_id}: no deploy request can carry this out: {why}",
        recovery="split the change into several plans, or write it so that one ALTER TABLE of each"
        " table is enough",
        observed=statement.sql,
    )
