"""A plan that CI commits as an app: verified, reviewed, applied like any, and nobody's approval."""

from __future__ import annotations

import pytest

from tests.github_double.hub import ADA, APP, BEN, CAI
from tests.github_double.server import APP_TOKEN, PERSONS_TOKEN, TOKEN, Fault
from tests.github_jobs import ADD_COLUMN, PLAN_JSON, PLAN_SQL, Jobs, is_applied, refuses

COMMIT = ("plan", "--files-only", "--commit")


@pytest.fixture
def number(jobs: Jobs) -> int:
    """Ada's pull request without a plan, in a repository that an app may write to."""
    jobs.monkeypatch.setenv("RECONCILER_COMMIT_TOKEN", APP_TOKEN)
    jobs.branch()
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.commit("no plan")
    return jobs.propose()


def pushes(jobs: Jobs) -> list[str]:
    return [row.actor.login for row in jobs.hub.activity if row.actor and "feature" in row.ref]


@pytest.mark.invariant("RV-3")
def test_from_the_apps_commit_to_applied(jobs: Jobs, number: int) -> None:
    assert jobs.on_pull_request(number, "verify").code == 3
    jobs.hub.reviewed(BEN, number)
    ended = jobs.on_pull_request(number, *COMMIT)
    assert ended.code == 0, ended.said
    assert "committed" in ended.err
    assert APP_TOKEN not in ended.said
    assert pushes(jobs) == ["ada", APP.login]
    changed = jobs.hub.bare.git.show("--name-only", "--format=%s", "feature").split("\n")
    assert changed[0].startswith("Schema plan made by CI: ")
    assert changed[2:] == [PLAN_JSON, PLAN_SQL]
    assert jobs.on_pull_request(number, "verify").code == 0
    assert jobs.on_pull_request(number, *COMMIT).code == 0
    assert pushes(jobs) == ["ada", APP.login]  # what is there is not put there again
    jobs.hub.reviewed(ADA, number)
    jobs.merged(number)
    said = refuses(jobs, "approvals-missing")
    assert "ben: approved a commit in which this plan is not found" in said
    jobs.hub.reviewed(BEN, number)
    assert jobs.on_push("apply").code == 0
    assert is_applied(jobs)


@pytest.mark.invariant("RV-3")
def test_who_pushed_before_the_app_is_who_pushed_last(jobs: Jobs, number: int) -> None:
    jobs.fleet.edit("schemas/shop/users.sql", "age int", "age bigint")
    jobs.fleet.commit("Ben's own idea")
    jobs.push(user=BEN)
    assert jobs.on_pull_request(number, *COMMIT).code == 0
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)
    assert "ben: pushed last" in refuses(jobs, "approvals-missing")
    jobs.hub.reviewed(CAI, number)
    assert jobs.on_push("apply").code == 0


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("", "commit-token-missing"),
        (PERSONS_TOKEN, "commit-token-not-an-app"),
        (TOKEN, "commit-token-not-an-app"),
        ("wrong", "forge-denied"),
    ],
)
def test_only_an_app_of_ones_own_commits(jobs: Jobs, number: int, token: str, code: str) -> None:
    jobs.monkeypatch.setenv("RECONCILER_COMMIT_TOKEN", token)
    ended = jobs.on_pull_request(number, *COMMIT)
    assert ended.code == 1
    assert f"[{code}]" in ended.err
    assert pushes(jobs) == ["ada"]


@pytest.mark.invariant("GD-10")
def test_a_merge_queue_has_no_branch_to_commit_to(jobs: Jobs, number: int) -> None:
    ended = jobs.on_merge_group(number, *COMMIT)
    assert ended.code == 3
    assert "[event-not-allowed]" in ended.err


def test_no_commit_is_made_on_top_of_the_apps_own(jobs: Jobs, number: int) -> None:
    """Else a fleet that somebody changes all the time would make commits all the time."""
    assert jobs.on_pull_request(number, *COMMIT).code == 0
    shard = next(iter(jobs.fleet.databases))
    jobs.fleet.sql(shard, "ALTER TABLE users ADD COLUMN age int DEFAULT NULL AFTER name")
    ended = jobs.on_pull_request(number, *COMMIT)
    assert ended.code == 3, ended.said
    assert "[plan-committed-already]" in ended.err
    assert pushes(jobs) == ["ada", APP.login]


def test_a_branch_that_went_on_meanwhile_is_left_alone(jobs: Jobs, number: int) -> None:
    looked_at = jobs.hub.pulls[number].head_sha
    jobs.fleet.write("README.md", "later")
    jobs.fleet.commit("later")
    later = jobs.push()
    jobs.hub.pulls[number].head_sha = looked_at
    ended = jobs.on_pull_request(number, *COMMIT)
    assert ended.code == 1
    assert "forge-answer-unclear" in ended.err
    assert jobs.hub.head_of("feature") == later


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.FORBIDDEN, Fault.HALF, Fault.HANGS_UP])
def test_a_commit_that_may_have_been_made_is_not_made_twice(
    jobs: Jobs, number: int, fault: Fault
) -> None:
    calls: list[str] = []

    def fails(number: int, call: str) -> Fault | None:
        """From the second question on: the first one asks whose token it is."""
        calls.extend([call] if "graphql" in call else [])
        return fault if len(calls) > 1 else None

    jobs.double.fault = fails
    assert jobs.on_pull_request(number, *COMMIT).code == 1
    assert len(calls) == 2


@pytest.mark.invariant("RP-30")
def test_a_way_back_that_a_job_proposed_is_reviewed_and_applied_as_any(jobs: Jobs) -> None:
    allow = {"table": "users", "hazard": "drop-column", "object": "age", "reason": "a try"}
    jobs.fleet.spec.setdefault("policy", {})["allow"] = [allow]
    jobs.branch()
    jobs.fleet.write_spec()
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.plan_and_commit()
    forth = jobs.propose()
    jobs.hub.reviewed(BEN, forth)
    jobs.merged(forth)
    assert jobs.on_push("apply").code == 0
    assert is_applied(jobs)
    jobs.hub.protected("production/control", BEN)
    jobs.hub.run_by = (BEN, BEN)
    jobs.hub.jobs_may_open = False
    ended = jobs.on_push("revert", name="workflow_dispatch")
    assert ended.code == 0, ended.said
    assert f"/{jobs.hub.name}/compare/main...revert-shop-production-" in ended.out
    jobs.hub.jobs_may_open = True
    ended = jobs.on_push("revert", name="workflow_dispatch")
    assert ended.code == 0, ended.said
    assert jobs.on_push("revert", name="workflow_dispatch").code == 3, "it is proposed already"
    back, pull = max(jobs.hub.pulls.items())
    assert jobs.on_pull_request(back, "verify").code == 0
    message = jobs.hub.bare.git.show("-s", "--format=%B", pull.head_branch)
    assert "Asked by ben (account 2)" in message
    jobs.hub.reviewed(BEN, back)
    jobs.merged(back)
    assert is_applied(jobs), "nothing has run yet"
    refuses(jobs, "pusher-unknown")
    jobs.hub.reviewed(CAI, back)
    assert jobs.on_push("apply").code == 0
    assert not is_applied(jobs)
