"""What jobs leave on the forge and elsewhere: deployments, statuses, the issue, metrics, a chat."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from reconciler.cli.ci_wire import JobWiring
from reconciler.flows.forge.deployment import Deployment
from reconciler.limits import SUMMARY_BYTES_MAX
from reconciler.plan.codec import load_plan
from tests import loopback
from tests.github_double.hub import BEN
from tests.github_jobs import ADD_COLUMN, PLAN_JSON, Jobs, change


def merge_change(jobs: Jobs, name: str, *edits: tuple[str, str]) -> int:
    """An approved and merged pull request with other columns."""
    jobs.branch(name)
    for old, new in edits:
        jobs.fleet.edit("schemas/shop/users.sql", old, new)
    jobs.fleet.plan_and_commit(name)
    number = jobs.propose(name)
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)
    return number


def test_a_deployment_follows_its_rollout_and_retires_the_one_before(jobs: Jobs) -> None:
    merge_change(jobs, "first", ADD_COLUMN)
    assert jobs.on_push("apply").code == 0
    merge_change(jobs, "second", ("age int", "age bigint"))
    # Left by a run that was killed, and one of somebody else's to the same environment.
    payload = {"environment": "production", "task": "schema:shop", "payload": {}}
    jobs.hub.deployments.append({"id": 2_000, "states": ["in_progress"], **payload})
    jobs.hub.deployments.append({"id": 2_001, "states": ["success"], **payload, "task": "deploy"})
    jobs.hub.skip_ids(2_100)
    assert jobs.on_push("apply").code == 0
    first, killed, others, second = jobs.hub.deployments
    assert first["states"] == ["in_progress", "success", "inactive"]
    assert killed["states"] == ["in_progress", "inactive"]
    assert others["states"] == ["success"]
    assert second["states"] == ["in_progress", "success"]
    assert second["payload"]["plan_id"].startswith("sha256:")


def test_a_rollout_that_fails_is_a_failed_deployment_and_the_one_before_stays(jobs: Jobs) -> None:
    merge_change(jobs, "first", ADD_COLUMN)
    assert jobs.on_push("apply").code == 0
    number = merge_change(jobs, "second", ("PRIMARY KEY (id)", "PRIMARY KEY (id),\n  UNIQUE (age)"))
    for shard in jobs.fleet.databases:
        jobs.fleet.sql(shard, "INSERT INTO users (id, name, age) VALUES (1, 'a', 7), (2, 'b', 7)")
    ended = jobs.on_push("apply")
    assert ended.code in (1, 4), ended.said
    first, second = jobs.hub.deployments
    assert first["states"] == ["in_progress", "success"]
    assert second["states"] == ["in_progress", "failure"]
    assert jobs.hub.statuses[-1]["state"] == "failure"
    assert "**What went wrong**" in jobs.comments(number)[0]


def test_an_apply_that_is_refused_is_a_failed_deployment_that_never_began(jobs: Jobs) -> None:
    number = change(jobs)
    jobs.merged(number)
    assert jobs.on_push("apply").code == 3
    assert [d["states"] for d in jobs.hub.deployments] == [["failure"]]


def test_a_rollout_that_ends_without_an_outcome_is_an_error_and_not_for_ever_in_progress(
    jobs: Jobs,
) -> None:
    number = change(jobs)
    plan = load_plan(jobs.fleet.read(PLAN_JSON).encode(), PLAN_JSON)
    assert jobs.on_pull_request(number, "verify").code == 0
    job = JobWiring(jobs.place).job
    for begins in (True, False):
        deployment = Deployment(job, jobs.hub.tip, "production")
        deployment.note(plan)
        if begins:
            deployment.begin()
        deployment.lost()
    assert [d["states"] for d in jobs.hub.deployments] == [["in_progress", "error"]]


def test_a_stale_plan_is_marked_until_the_fleet_is_back(jobs: Jobs) -> None:
    number = change(jobs)
    assert jobs.on_pull_request(number, "verify").code == 0
    (verdict,) = jobs.hub.statuses
    shard = next(iter(jobs.fleet.databases))
    jobs.fleet.sql(shard, "ALTER TABLE users ADD COLUMN surprise int")
    assert jobs.on_schedule("drift").code == 2
    stale = jobs.hub.statuses[-1]
    assert stale["sha"] == jobs.hub.pulls[number].head_sha
    assert (stale["state"], stale["context"]) == ("failure", verdict["context"])
    assert stale["description"].startswith("stale: plan ")
    assert "1 of 4 shards have moved" in stale["description"]
    said = len(jobs.hub.statuses)
    assert jobs.on_schedule("drift").code == 2
    assert len(jobs.hub.statuses) == said
    jobs.fleet.sql(shard, "ALTER TABLE users DROP COLUMN surprise")
    assert jobs.on_schedule("drift").code == 0
    again = jobs.hub.statuses[-1]
    assert (again["state"], again["description"]) == ("success", verdict["description"])
    assert jobs.on_schedule("drift").code == 0
    assert len(jobs.hub.statuses) == said + 1


def test_a_plan_that_comes_with_another_policy_is_judged_by_that(jobs: Jobs) -> None:
    jobs.branch()
    jobs.fleet.spec["policy"]["column_order"] = "ignore"
    jobs.fleet.write_spec()
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.plan_and_commit()
    number = jobs.propose()
    assert jobs.on_pull_request(number, "verify").code == 0
    assert jobs.on_schedule("drift").code == 0
    assert [status["state"] for status in jobs.hub.statuses] == ["success"]
    shard = next(iter(jobs.fleet.databases))
    jobs.fleet.sql(shard, "ALTER TABLE users ADD COLUMN surprise int")
    assert jobs.on_schedule("drift").code == 2
    assert "1 of 4 shards have moved" in jobs.hub.statuses[-1]["description"]


def test_a_plan_stays_stale_while_a_shard_cannot_be_seen(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = change(jobs)
    jobs.on_pull_request(number, "verify")
    shard = next(iter(jobs.fleet.databases))
    jobs.fleet.sql(shard, "ALTER TABLE users ADD COLUMN surprise int")
    jobs.on_schedule("drift")
    jobs.fleet.sql(shard, "ALTER TABLE users DROP COLUMN surprise")
    said = len(jobs.hub.statuses)
    monkeypatch.setenv("FLEET_PASSWORD_1", "wrong")
    ended = jobs.on_schedule("drift")
    assert ended.code == 3, ended.said
    assert len(jobs.hub.statuses) == said
    (issue,) = jobs.hub.issues.values()
    assert issue["state"] == "open"
    assert "unreachable" in issue["body"]


@contextmanager
def chat() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A webhook, and what it was told."""
    told: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            told.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

    with loopback.serving(Handler) as url:
        yield f"{url}/hooks/s3cret", told


def test_drift_reaches_issue_metrics_json_sarif_and_chat(jobs: Jobs, tmp_path: Path) -> None:
    shard = next(iter(jobs.fleet.databases))
    files = {name: tmp_path / f"drift.{name}" for name in ("metrics", "json", "sarif")}
    options = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    with chat() as (url, told):
        jobs.monkeypatch.setenv("RECONCILER_WEBHOOK_URL", url)
        assert jobs.on_schedule("drift", *options).code == 0
        assert told == []
        assert jobs.hub.issues == {}
        assert 'state="matching"} 4' in files["metrics"].read_text()
        jobs.fleet.sql(shard, "ALTER TABLE orders ADD COLUMN surprise int")
        ended = jobs.on_schedule("drift", *options)
        assert ended.code == 2
        assert "s3cret" not in ended.said + jobs.summary
    (message,) = told
    assert message["text"].startswith("shop in production: 1 of 4 shards drifted\n")
    (issue,) = jobs.hub.issues.values()
    for wanted in (shard, "surprise", "DROP COLUMN", "reconciler pull"):
        assert wanted in issue["body"]
    assert 'state="drifted"} 1' in files["metrics"].read_text()
    assert json.loads(files["json"].read_text())["keyspaces"][0]["outcome"] == "differences"
    assert "surprise" in files["sarif"].read_text()


def test_a_chat_that_does_not_answer_changes_nothing(jobs: Jobs) -> None:
    jobs.fleet.sql(next(iter(jobs.fleet.databases)), "ALTER TABLE orders ADD COLUMN x int")
    with chat() as (url, _):
        pass
    jobs.monkeypatch.setenv("RECONCILER_WEBHOOK_URL", url)
    ended = jobs.on_schedule("drift")
    assert ended.code == 2
    assert "webhook-failed" in ended.err
    assert "s3cret" not in ended.said


@pytest.mark.invariant("RP-7")
@pytest.mark.parametrize("taken", [0, SUMMARY_BYTES_MAX - 750, SUMMARY_BYTES_MAX])
def test_a_summary_holds_what_there_is_room_for(jobs: Jobs, taken: int) -> None:
    """GitHub drops a step's summary whole if it is over its limit."""
    number = change(jobs)
    jobs.summary_begins_with = "x" * taken
    assert jobs.on_pull_request(number, "verify").code == 0
    assert len(jobs.summary.encode()) <= SUMMARY_BYTES_MAX
    shown = jobs.summary[taken:]
    if taken < SUMMARY_BYTES_MAX:
        assert "### " in shown
        assert "Plan id: `sha256:" in shown
        assert shown.count("```") % 2 == 0
    assert ("ADD COLUMN `age`" in shown) == (taken == 0)


@pytest.mark.threat("TM-FORK-1")
@pytest.mark.invariant("FB-1")
def test_drift_is_told_before_pull_requests_are_read_and_of_forks_nothing_is(jobs: Jobs) -> None:
    number = change(jobs)
    fork = change(jobs, "of-a-fork")
    jobs.hub.pulls[fork].fork = True
    shard = next(iter(jobs.fleet.databases))
    jobs.fleet.sql(shard, "ALTER TABLE orders ADD COLUMN surprise int")
    jobs.double.calls.clear()
    assert jobs.on_schedule("drift").code == 2
    calls = jobs.double.calls
    told = next(place for place, call in enumerate(calls) if call.startswith("POST"))
    assert "/issues" in calls[told]
    read = [place for place, call in enumerate(calls) if "/pulls" in call or "/git/" in call]
    assert read
    assert min(read) > told
    heads = {n: jobs.hub.pulls[n].head_sha for n in (number, fork)}
    assert any(f"/git/trees/{heads[number]}" in call for call in calls)
    assert not any(heads[fork] in call for call in calls)
