"""What comes back of a plan that PlanetScale deployed: as long as its way back is open, PlanetScale
itself reverts the deploy, with the rows that were written since (EN-34)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reconciler.drive.deploy.loop import branch_name
from reconciler.drive.status import past_applies
from reconciler.errors import ReconcilerError
from reconciler.limits import REVERT_WINDOW_S_MAX
from reconciler.model.deploy_request import DeploymentState, DeployRequest
from reconciler.plan.model import Plan, utc_text
from reconciler.ports.deploy_requests import DeployRequests
from reconciler.ports.ledger import Ledger
from reconciler.spec.model import PlanetScaleDatabase


def deploy_ways_back(
    plan: Plan,
    database: PlanetScaleDatabase,
    open_ledger: Callable[[], Ledger],
    deploys: DeployRequests,
    *,
    now_s: float,
) -> tuple[str, ...]:
    """One sentence. Raises nothing that the ledger raises, or PlanetScale."""
    if not plan.core.change_sets:
        return ()
    try:
        found = [*_requests(plan, database, open_ledger(), deploys)]
    except ReconcilerError as unread:
        why = unread.problems[0].message
        return (f"whether PlanetScale can still revert the deploy is not known: {why}",)
    return (_said(found, min(database.revert_window_s, REVERT_WINDOW_S_MAX), now_s),)


def _said(found: Sequence[DeployRequest], window_s: int, now_s: float) -> str:
    for request in found:
        until_s = (request.ended_s or now_s) + window_s
        if request.state is DeploymentState.COMPLETE_PENDING_REVERT and now_s < until_s:
            return (
                f"PlanetScale can revert deploy request {request.number} until"
                f" {utc_text(until_s)}: in place of this plan, that puts the tables back with their"
                " rows and with those written since"
            )
    return (
        "the definitions come back, rows do not: PlanetScale has no way back open for a deploy"
        " request of this plan"
    )


def _requests(
    plan: Plan, database: PlanetScaleDatabase, ledger: Ledger, deploys: DeployRequests
) -> Iterator[DeployRequest]:
    for found in past_applies(ledger, plan.core.environment, plan.core.keyspace):
        if found.plan_id == plan.plan_id:
            yield from deploys.requests_from(database, branch_name(plan.plan_id, found.apply_id))
