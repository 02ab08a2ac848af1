"""`plan --revert` of a plan that waits, where its files were taken back before: the way back takes
its place, and nothing else does (PL-13)."""

from __future__ import annotations

import pytest

from reconciler.flows.plan import plan_keyspace
from reconciler.flows.revert import Reverted, revert_files
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.files import read_plan
from reconciler.plan.model import Plan
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SPEC,
    SPEC_PATH,
    STATES,
    USERS_PATH,
    Files,
    environment,
    fleet,
    no_ledger,
    repository,
    with_plan,
    world,
)

PERMITTED = f"""{SPEC}
policy:
  allow:
    - {{table: users, hazard: drop-column, object: age, reason: unused}}
"""
ORDERS_PATH = "schemas/shop/orders.sql"
ORDERS = STATES[0].replace("users", "orders")


def merged() -> tuple[Files, Plan]:
    """A column that no shard has yet."""
    files = with_plan(repository(STATES[1]), fleet(STATES[0]))
    plan = read_plan(files, ENVIRONMENT, KEYSPACE)
    assert plan is not None
    return files, plan


def taken_back(files: Files, plan: Plan) -> Reverted:
    found = files.keyspace()
    return revert_files(
        world(fleet(STATES[0])), plan, found, environment(found), files, open_ledger=no_ledger
    )


def planned(files: Files, waits: Files, takes_back: str | None) -> PlanOutcome:
    """Of shards of which one has come as far as the plan that waits."""
    live, found = fleet(STATES[0]), files.keyspace()
    live.shown["db--80"] = {"users": STATES[1]}
    return plan_keyspace(
        world(live),
        found,
        environment(found),
        protected=waits,
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
        takes_back=takes_back,
    )


def test_files_that_were_taken_back_are_the_way_back_once_it_is_permitted() -> None:
    waits, plan = merged()
    files = waits.copy()
    first = taken_back(files, plan)
    assert (first.written, first.takes_back) == ((USERS_PATH,), plan.plan_id)
    files.content[SPEC_PATH] = PERMITTED.encode()
    again = taken_back(files, plan)
    assert (again.written, again.takes_back) == ((), plan.plan_id)
    assert planned(files, waits, again.takes_back).refusals == ()


@pytest.mark.invariant("PL-13")
def test_what_is_changed_beside_files_that_were_taken_back_waits() -> None:
    waits, plan = merged()
    files = waits.copy()
    taken_back(files, plan)
    files.content[SPEC_PATH] = PERMITTED.encode()
    files.content[ORDERS_PATH] = f"{ORDERS};\n".encode()
    again = taken_back(files, plan)
    assert again.takes_back is None
    codes = [refusal.code for refusal in planned(files, waits, again.takes_back).refusals]
    assert codes == ["pending-apply"]
