"""What no deploy request could be compared with is refused where it is planned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.diff.session import StatementSession
from reconciler.guard.compare import compare_plans
from reconciler.guard.deployable import deploy_refusals
from reconciler.plan.model import CarriedOut, PlanCore, PlannedStatement
from tests.sample_plans import sample_plan, statement


def core_of(*statements: PlannedStatement) -> PlanCore:
    core = sample_plan().core
    change_set = replace(core.change_sets[0], statements=statements)
    return replace(core, change_sets=(change_set,), carried_out=CarriedOut.BY_DEPLOY_REQUEST)


def codes(core: PlanCore) -> list[str]:
    return [refusal.code for refusal in deploy_refusals(core)]


@pytest.mark.invariant("PS-14")
def test_alters_creates_and_drops_can_be_deployed() -> None:
    made = replace(statement("notes", 0), sql="CREATE TABLE `notes` (`id` int NOT NULL)")
    assert codes(core_of(statement("users", 0), made)) == []


@pytest.mark.invariant("PS-14")
@pytest.mark.parametrize(
    "sql", ["RENAME TABLE `users` TO `people`", "ALTER TABLE `users` ADD COLUMN `a` int; SELECT 1"]
)
def test_what_cannot_be_compared_is_refused_in_the_plan(sql: str) -> None:
    core = core_of(statement("users", 0, sql))
    assert codes(core) == ["planetscale-cannot-deploy"]
    assert next(deploy_refusals(core)).observed == sql


@pytest.mark.invariant("PS-14")
def test_a_statement_that_needs_a_session_is_refused_in_the_plan() -> None:
    special = replace(statement("users", 0), session=StatementSession(foreign_key_checks=False))
    assert codes(core_of(special)) == ["planetscale-cannot-deploy"]


def test_a_plan_for_shards_is_nobodys_deploy() -> None:
    core = replace(
        core_of(statement("users", 0, "RENAME TABLE `users` TO `people`")),
        carried_out=CarriedOut.BY_STATEMENT,
    )
    assert codes(core) == []


@pytest.mark.invariant("PS-14")
def test_a_plan_for_a_deploy_request_is_never_run_on_shards() -> None:
    core = core_of(*sample_plan().core.change_sets[0].statements)
    shards = replace(core, carried_out=CarriedOut.BY_STATEMENT)
    for reviewed, derived in ((core, shards), (shards, core)):
        [refusal] = compare_plans(reviewed, derived, {})
        assert refusal.code == "plan-differs"
        assert "deploy request of PlanetScale" in refusal.message
