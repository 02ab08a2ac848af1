"""`ci plan` on the pull request that takes a plan back which is merged and half run: it is the way
out, and gets its plan, whoever took the files back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.flows.forge.plan import PlanComment, PlanDestination, plan_change
from reconciler.outcomes.exit_code import ExitCode
from reconciler.plan.files import plan_paths, read_plan
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SPEC,
    STATES,
    Files,
    fleet,
    repository,
    with_plan,
)
from tests.offline_forge import (
    BASE,
    HEAD,
    MERGED,
    PULL_REQUEST,
    Clone,
    KeptLog,
    KeptNotices,
    LookedAt,
    forge_job,
)
from tests.unit.flows.forge.test_jobs import NONE

PATHS = plan_paths(ENVIRONMENT, KEYSPACE)
ALLOWED = f"""{SPEC}
policy:
  allow:
    - {{table: users, hazard: drop-column, object: age, reason: unused}}
"""


def planned(after: Files, *, begun_before_it: bool = False) -> tuple[ExitCode, str]:
    merged, log = with_plan(repository(STATES[1], spec=ALLOWED), fleet(STATES[0])), KeptLog()
    live = fleet(STATES[0])
    live.shown["db--80"] = {"users": STATES[1]}
    trees = {BASE: merged, HEAD: after, MERGED: after.copy()}
    job = forge_job(PULL_REQUEST, trees, KeptNotices(), log)
    if begun_before_it:
        job = replace(job, clone=NoSuchPlan(trees))
    code = plan_change(
        job,
        [ENVIRONMENT],
        LookedAt(live),
        NONE,
        comment=PlanComment.WRITTEN,
        destination=PlanDestination(checkout=after, writer=after),
    )
    return code, " ".join("\n".join(log.shown).split())


class NoSuchPlan(Clone):
    """The branch began before the plan was merged."""

    def versions_of(self, path: str) -> Iterator[bytes]:
        return iter(())


@pytest.mark.invariant("PL-13")
def test_the_pull_request_of_a_revert_gets_its_plan() -> None:
    after = repository(STATES[0], spec=ALLOWED)
    code, said = planned(after)
    assert code is ExitCode.FINE, said
    assert "this takes back plan sha256:" in said
    back = read_plan(after, ENVIRONMENT, KEYSPACE)
    assert back is not None
    (found,) = back.core.change_sets
    assert found.shards == ("-80",)
    assert [one.sql for one in found.statements] == [
        "ALTER TABLE `users` ALGORITHM=INSTANT, DROP COLUMN `age`"
    ]


@pytest.mark.invariant("PL-13")
@pytest.mark.parametrize("state", [2, 0])
def test_what_does_not_take_it_back_waits_for_it(state: int) -> None:
    """A change on top of it; and a branch that began before it, and has just its old files."""
    code, said = planned(repository(STATES[state], spec=ALLOWED), begun_before_it=state == 0)
    assert code is ExitCode.REFUSED
    assert "[pending-apply]" in said
