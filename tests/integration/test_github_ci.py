"""From pull request to applied change on real shards, and everything that must send nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.flows.limits import FORK_FILES_MORE_MAX
from reconciler.plan.codec import dump_plan, load_plan, plan_from_core
from reconciler.plan.commitment import with_words
from reconciler.plan.readable import render_readable_sql
from tests.github_double.hub import BEN, CAI, EVE, MergeKind
from tests.github_double.server import TOKEN, Fault
from tests.github_jobs import (
    ADD_COLUMN,
    PLAN_JSON,
    PLAN_SQL,
    Jobs,
    change,
    is_applied,
    refuses,
    review_spec,
)


@pytest.mark.invariant("RV-4")
@pytest.mark.parametrize("kind", list(MergeKind))
def test_from_pull_request_to_applied_and_in_sync(
    jobs: Jobs, kind: MergeKind, tmp_path: Path
) -> None:
    number, page = change(jobs), tmp_path / "page.html"
    verified = jobs.on_pull_request(number, "verify", "--page", str(page))
    assert verified.code == 0, verified.said
    assert "ADD COLUMN" in page.read_text(encoding="utf-8")
    (comment,) = jobs.comments(number)
    assert comment.startswith("<!-- reconciler change production/shop -->\n")
    assert "ADD COLUMN `age`" in comment
    assert "time: instant, up to 1 s on a shard" in comment
    assert jobs.hub.statuses[-1]["state"] == "success"
    assert jobs.hub.statuses[-1]["sha"] == jobs.hub.pulls[number].head_sha
    jobs.hub.reviewed(BEN, number)
    assert jobs.on_merge_group(number, "verify").code == 0
    jobs.merged(number, kind)
    applied = jobs.on_push("apply")
    assert applied.code == 0, applied.said
    assert is_applied(jobs)
    (deployment,) = jobs.hub.deployments
    assert deployment["environment"] == "production"
    assert deployment["states"] == ["in_progress", "success"]
    assert deployment["payload"]["keyspace"] == "shop"
    assert any("completed" in body for body in jobs.comments(number))
    assert jobs.on_schedule("drift", "--page", str(page)).code == 0
    assert "ADD COLUMN" not in page.read_text(encoding="utf-8")
    again = jobs.on_push("apply")
    assert again.code == 0, again.said
    assert len(jobs.hub.deployments) == 1


@pytest.mark.invariant("RV-4")
def test_a_merge_queue_pushes_two_pull_requests_and_the_plan_runs_once(jobs: Jobs) -> None:
    number = change(jobs)
    jobs.hub.reviewed(BEN, number)
    jobs.branch("docs")
    jobs.fleet.write("README.md", "shop")
    jobs.fleet.commit("docs")
    docs = jobs.propose("docs")
    jobs.hub.merged_together([number, docs], MergeKind.SQUASH)
    assert jobs.on_push("apply").code == 0
    assert is_applied(jobs)


@pytest.mark.invariant("GD-10")
@pytest.mark.parametrize("verb", ["verify", "plan"])
def test_an_environment_that_no_spec_has_is_not_verified_in_silence(jobs: Jobs, verb: str) -> None:
    number = change(jobs)
    ended = jobs.on_pull_request(number, verb, "-e", "prodution")
    assert ended.code == 64
    assert "did you mean 'production'?" in ended.said
    assert jobs.hub.statuses == []


def test_a_pull_request_without_schema_passes_without_any_connection(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.branch()
    jobs.fleet.write("README.md", "shop")
    jobs.fleet.commit("docs")
    number = jobs.propose()
    monkeypatch.setenv("FLEET_PASSWORD", "wrong")
    monkeypatch.setenv("FLEET_PASSWORD_0", "wrong")
    ended = jobs.on_pull_request(number, "verify")
    assert (ended.code, ended.out) == (0, "no schema change\n")
    assert jobs.comments(number) == []
    assert jobs.hub.statuses[-1]["description"] == "no schema change"


def test_a_missing_plan_is_refused_with_the_command_to_run(jobs: Jobs) -> None:
    jobs.branch()
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.commit("no plan")
    number = jobs.propose()
    ended = jobs.on_pull_request(number, "verify")
    assert ended.code == 3, ended.said
    assert "reconciler plan shop" in ended.said
    assert "reconciler plan shop" in jobs.comments(number)[0]
    assert "ADD COLUMN `age`" in jobs.comments(number)[0]
    assert jobs.hub.statuses[-1]["state"] == "failure"
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)
    # Nobody has reviewed the spec of this repository yet: the shards are not even looked at.
    refuses(jobs, "not-by-pull-request")
    review_spec(jobs)
    refuses(jobs, "plan-missing")


@pytest.mark.parametrize(
    ("path", "code"), [(PLAN_JSON, "plan-id-mismatch"), (PLAN_SQL, "readable-plan-mismatch")]
)
def test_an_edited_plan_is_refused(jobs: Jobs, path: str, code: str) -> None:
    jobs.branch()
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.plan_and_commit()
    jobs.fleet.write(path, jobs.fleet.read(path).replace("`age`", "`agf`"))
    jobs.fleet.commit("edited")
    number = jobs.propose()
    verified = jobs.on_pull_request(number, "verify")
    assert verified.code == 3
    assert f"[{code}]" in verified.said
    assert jobs.hub.statuses[-1]["state"] == "failure"
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)
    refuses(jobs, code)


@pytest.mark.invariant("GD-1")
def test_a_plan_that_was_forged_with_care_is_not_what_is_derived(jobs: Jobs) -> None:
    """Both files agree and the id is right; approved and merged, it still runs nothing."""
    jobs.branch()
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.plan_and_commit()
    plan = load_plan(jobs.fleet.read(PLAN_JSON).encode(), PLAN_JSON)
    (change_set,) = plan.core.change_sets
    (statement,) = change_set.statements
    evil = replace(
        statement, sql=statement.sql.replace("ADD COLUMN", "DROP COLUMN `name`, ADD COLUMN")
    )
    core = replace(plan.core, change_sets=(replace(change_set, statements=(evil,)),))
    readable = render_readable_sql(core)
    core = with_words(core, readable)
    jobs.fleet.write(PLAN_JSON, dump_plan(plan_from_core(core, plan.meta)).decode())
    jobs.fleet.write(PLAN_SQL, readable)
    jobs.fleet.commit("forged")
    number = jobs.propose()
    verified = jobs.on_pull_request(number, "verify")
    assert verified.code == 3
    assert jobs.hub.statuses[-1]["state"] == "failure"
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)
    refuses(jobs, "statement-differs")


@pytest.mark.invariant("RV-4")
def test_two_pull_requests_in_one_push_and_one_was_not_approved(jobs: Jobs) -> None:
    jobs.branch("docs")
    jobs.fleet.write("README.md", "shop")
    jobs.fleet.commit("docs")
    docs = jobs.propose("docs")
    jobs.hub.reviewed(BEN, docs)
    number = change(jobs)
    jobs.hub.merged_together([docs, number], MergeKind.SQUASH)
    assert f"pull request #{number} has 0 of 1 approvals" in refuses(jobs, "approvals-missing")


@pytest.mark.invariant("RV-2")
def test_approved_then_pushed_over(jobs: Jobs) -> None:
    number = change(jobs)
    jobs.hub.reviewed(BEN, number)
    jobs.fleet.edit("schemas/shop/users.sql", "age int", "age bigint")
    jobs.fleet.plan_and_commit("other")
    jobs.push()
    jobs.merged(number)
    assert "ben: approved another plan" in refuses(jobs, "approvals-missing")


@pytest.mark.invariant("RV-3")
def test_self_approved_and_dismissed(jobs: Jobs) -> None:
    number = change(jobs)
    jobs.hub.reviewed(jobs.hub.pulls[number].author, number)
    jobs.hub.reviewed(EVE, number)
    jobs.hub.reviewed(BEN, number)
    jobs.hub.dismissed(number)
    jobs.merged(number)
    said = refuses(jobs, "approvals-missing")
    assert "ada: is the author" in said
    assert "ben: the approval was dismissed" in said
    jobs.hub.reviewed(CAI, number)
    assert jobs.on_push("apply").code == 0
    assert is_applied(jobs)


def test_a_push_past_review(jobs: Jobs) -> None:
    jobs.branch("main")
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.plan_and_commit()
    jobs.push("main")
    refuses(jobs, "not-by-pull-request")


def test_schema_changed_on_the_default_branch_in_between(jobs: Jobs) -> None:
    number = change(jobs)
    jobs.hub.reviewed(BEN, number)
    jobs.branch("main")
    jobs.fleet.edit("schemas/shop/orders.sql", "legacy int", "legacy bigint")
    jobs.fleet.commit("in between")
    jobs.push("main")
    verified = jobs.on_merge_group(number, "verify")
    assert verified.code == 3, verified.said
    jobs.merged(number)
    refuses(jobs, "input-changed")


@pytest.mark.invariant("RV-5")
def test_an_old_run_run_again_does_nothing_and_says_superseded(jobs: Jobs) -> None:
    first = change(jobs, "first")
    jobs.hub.reviewed(BEN, first)
    older = jobs.merged(first)
    assert jobs.on_push("apply").code == 0
    jobs.branch("second")
    jobs.fleet.edit("schemas/shop/users.sql", "age int", "age bigint")
    jobs.fleet.plan_and_commit("second")
    second = jobs.propose("second")
    jobs.hub.reviewed(BEN, second)
    jobs.merged(second)
    before, deployments = jobs.fleet.all_definitions(), len(jobs.hub.deployments)
    account = jobs.comments(first)
    jobs.monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "2")
    ended = jobs.on_push("apply", commit=older)
    assert ended.code == 0, ended.said
    assert "superseded" in ended.said
    assert jobs.fleet.all_definitions() == before
    assert len(jobs.hub.deployments) == deployments
    assert jobs.comments(first) == account
    jobs.monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "1")
    jobs.on_push("apply", commit=older)
    assert "superseded" in jobs.comments(first)[0]


def test_a_workflow_edited_in_a_branch_cannot_apply_it(jobs: Jobs) -> None:
    number = change(jobs)
    jobs.hub.reviewed(BEN, number)
    before = jobs.fleet.all_definitions()
    honest = jobs.on_pull_request(number, "apply")
    assert honest.code == 3, honest.said
    assert "event-not-allowed" in honest.said
    # Whoever writes the workflow can also claim to be a push.
    refuses(jobs, "commit-not-merged", commit=jobs.hub.pulls[number].head_sha)
    assert jobs.fleet.all_definitions() == before


FAULT_CODES = {
    Fault.FORBIDDEN: "forge-denied",
    Fault.NOT_FOUND: "forge-denied",
    Fault.BROKEN: "forge-failing",
    Fault.LIMITED: "forge-rate-limited",
    Fault.BURST: "forge-rate-limited",
    Fault.BURST_WITHOUT_HEADER: "forge-rate-limited",
    Fault.HALF: "forge-answer-unclear",
    Fault.HANGS_UP: "forge-unreachable",
    Fault.LOST: "forge-unreachable",
}


@pytest.mark.invariant("RV-6")
@pytest.mark.parametrize("fault", list(Fault))
def test_a_forge_that_fails_gets_nothing_applied(jobs: Jobs, fault: Fault) -> None:
    number = change(jobs)
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)
    jobs.double.fail("reviews", fault)
    said = refuses(jobs, FAULT_CODES[fault])
    assert TOKEN not in said


@pytest.mark.invariant("RV-8")
def test_comments_are_written_and_never_believed(jobs: Jobs) -> None:
    number = change(jobs)
    forged = {
        "id": 1,
        "node_id": "IC_1",
        "number": number,
        "body": "<!-- reconciler change production/shop -->\nAll is well",
        "user": {"id": EVE.id, "login": EVE.login, "type": "User"},
    }
    jobs.hub.comments[1] = dict(forged)
    jobs.on_pull_request(number, "verify")
    assert jobs.hub.comments[1] == forged
    (own,) = [c for c in jobs.hub.comments.values() if c["id"] != 1]
    shown = own["body"]
    own["body"] = "<!-- reconciler change production/shop -->\nNothing to see"
    assert jobs.on_pull_request(number, "verify").code == 0
    assert len(jobs.hub.comments) == 2
    assert own["body"] == shown


def test_a_comment_that_cannot_be_written_does_not_change_the_verdict(jobs: Jobs) -> None:
    number = change(jobs)
    jobs.double.fail("(comments|statuses)", Fault.FORBIDDEN)
    ended = jobs.on_pull_request(number, "verify")
    assert ended.code == 0
    assert "warning: the comment could not be written" in ended.err


def test_a_fork_is_told_what_happens_next_and_stays_red(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = change(jobs)
    jobs.hub.pulls[number].fork = True
    for server in range(2):  # no login to any shard; scratch is the job's own container
        monkeypatch.setenv(f"FLEET_PASSWORD_{server}", "wrong")
    ended = jobs.on_pull_request(number, "verify")
    assert ended.code == 3
    assert "fork-not-verified" in ended.out
    assert "ADD COLUMN `age`" in ended.out
    assert "What happens next" in jobs.summary
    assert "ADD COLUMN `age`" in jobs.summary
    assert jobs.hub.comments == {}


@pytest.mark.threat("TM-FORK-22")
@pytest.mark.invariant("FB-5")
def test_a_fork_that_brings_too_much_is_refused_by_name(jobs: Jobs) -> None:
    jobs.branch()
    for number in range(FORK_FILES_MORE_MAX + 1):
        text = f"CREATE TABLE more_{number} (id int PRIMARY KEY);\n"
        jobs.fleet.write(f"schemas/shop/more_{number}.sql", text)
    jobs.fleet.commit("more")
    number = jobs.propose()
    jobs.hub.pulls[number].fork = True
    for verb in ("verify", "plan"):
        ended = jobs.on_pull_request(number, verb)
        assert ended.code == 3
        assert "[fork-too-large]" in ended.said
        assert f"{FORK_FILES_MORE_MAX + 1} more files than the base" in ended.said
        assert "CREATE TABLE" not in ended.said


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ("{", "event-unreadable"),
        ("[" * 100_000, "event-unreadable"),
        ('"text"', "event-unreadable"),
        ("{}", "event-unreadable"),
        ('{"pull_request": {"number": "1"}}', "event-unreadable"),
    ],
)
def test_an_event_that_is_none_is_a_clear_error(jobs: Jobs, event: str, code: str) -> None:
    ended = jobs.run(("verify",), "pull_request", jobs.hub.tip, event, "pull/1/merge")
    assert ended.code == 1
    assert code in ended.err


def test_pull_request_target_is_refused(jobs: Jobs) -> None:
    ended = jobs.run(("verify",), "pull_request_target", jobs.hub.tip, {}, "heads/main")
    assert ended.code == 1
    assert "event-dangerous" in ended.err


def test_one_drift_issue_edited_in_place_and_closed_when_clean(jobs: Jobs, tmp_path: Path) -> None:
    number = change(jobs)
    shard = next(iter(jobs.fleet.databases))
    jobs.fleet.sql(shard, "ALTER TABLE orders ADD COLUMN surprise int")
    metrics, result = tmp_path / "drift.prom", tmp_path / "drift.json"
    drift = ("drift", "--metrics", str(metrics), "--json", str(result))
    assert jobs.on_schedule(*drift).code == 2
    (issue,) = jobs.hub.issues.values()
    assert issue["state"] == "open"
    assert "surprise" in issue["body"]
    assert 'state="drifted"} 1' in metrics.read_text()
    assert json.loads(result.read_text())
    stale = jobs.hub.statuses[-1]
    assert stale["sha"] == jobs.hub.pulls[number].head_sha
    assert "stale" in stale["description"]
    assert jobs.on_schedule(*drift).code == 2
    assert len(jobs.hub.issues) == 1
    jobs.fleet.sql(shard, "ALTER TABLE orders DROP COLUMN surprise")
    assert jobs.on_schedule(*drift).code == 0
    assert issue["state"] == "closed"
    jobs.fleet.sql(shard, "ALTER TABLE orders ADD COLUMN surprise int")
    assert jobs.on_schedule(*drift).code == 2
    assert issue["state"] == "open"


def test_breaking_the_glass_needs_another_person_and_opens_an_issue(jobs: Jobs) -> None:
    jobs.branch("main")
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.plan_and_commit()
    jobs.push("main")
    glass = ("--break-glass", "prod is down, @everyone")
    refuses(jobs, "break-glass-not-approved", *glass)
    let_in = {
        "state": "approved",
        "environments": [{"name": "break-glass"}],
        "user": {"id": 1, "login": "ada", "type": "User"},
    }
    jobs.hub.run_approvals = [let_in]
    refuses(jobs, "break-glass-not-approved", *glass)
    assert jobs.hub.issues == {}
    jobs.hub.run_approvals = [{**let_in, "user": {"id": 2, "login": "ben", "type": "User"}}]
    jobs.double.fail("POST .*/issues$", Fault.FORBIDDEN)
    refuses(jobs, "forge-denied", *glass)
    jobs.double.fault = lambda number, call: None
    ended = jobs.on_push("apply", *glass)
    assert ended.code == 0, ended.said
    assert "warning: --break-glass" in ended.err
    assert is_applied(jobs)
    (issue,) = jobs.hub.issues.values()
    assert "prod is down" in issue["body"]
    assert "@everyone" not in issue["body"]


def test_an_environment_waits_for_the_one_before_it(jobs: Jobs) -> None:
    production = jobs.fleet.environment
    shards = list(production["shards"])
    jobs.branch("main")
    staging = {**production, "shards": [{**shards[0], "name": "one"}]}
    staging = {key: value for key, value in staging.items() if key != "rollout"}
    production.update(shards=shards[1:], after="staging")
    for number, shard in enumerate(production["shards"]):
        shard["name"] = f"p{number}"
    production.pop("rollout")
    jobs.fleet.spec["environments"]["staging"] = staging
    jobs.fleet.write_spec()
    jobs.fleet.commit("two environments")
    jobs.push("main")
    jobs.branch()
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    for environment in ("staging", "production"):
        assert jobs.fleet.run("plan", "--write", "-e", environment).code == 0
    jobs.fleet.commit("plans")
    number = jobs.propose()
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)
    refuses(jobs, "not-promoted", "-e", "production")
    assert jobs.on_push("apply", "-e", "staging").code == 0
    assert jobs.on_push("apply", "-e", "production").code == 0
    assert is_applied(jobs)


def test_secrets_are_in_nothing_that_is_said(jobs: Jobs) -> None:
    number = change(jobs)
    said = jobs.on_pull_request(number, "verify").said + jobs.summary
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)
    said += jobs.on_push("apply").said + jobs.summary + json.dumps(jobs.hub.deployments)
    said += "".join(jobs.comments(number)) + json.dumps(jobs.hub.statuses)
    password = jobs.fleet.servers[0].admin.password
    assert TOKEN not in said
    assert password
    assert password not in said


def test_the_comment_follows_the_change_and_a_second_one_is_folded_away(jobs: Jobs) -> None:
    number = change(jobs)
    jobs.on_pull_request(number, "verify")
    (first,) = jobs.hub.comments.values()
    twin = {**first, "id": 5000, "node_id": "IC_5000"}
    jobs.hub.comments[5000] = twin
    jobs.on_pull_request(number, "verify")
    assert jobs.hub.minimised == [first["node_id"]]
    del jobs.hub.comments[5000]
    jobs.fleet.git("rm", "--quiet", "-r", "plans")
    jobs.fleet.edit("schemas/shop/users.sql", *reversed(ADD_COLUMN))
    jobs.fleet.commit("never mind")
    jobs.push()
    assert jobs.on_pull_request(number, "verify").code == 0
    assert "no schema change" in first["body"]


def test_the_comment_of_a_keyspace_that_is_no_more_is_folded_away(jobs: Jobs) -> None:
    number = change(jobs)
    jobs.on_pull_request(number, "verify")
    (first,) = jobs.hub.comments.values()
    jobs.fleet.git("mv", "specs/shop.yaml", "specs/store.yaml")
    jobs.fleet.edit("specs/store.yaml", "keyspace: shop", "keyspace: store")
    jobs.fleet.git("rm", "--quiet", "-r", "plans")
    jobs.fleet.commit("another name")
    jobs.push()
    assert jobs.on_pull_request(number, "verify").code == 3
    assert jobs.hub.minimised == [first["node_id"]]
    assert len(jobs.hub.comments) == 2


def test_a_keyspace_that_leaves_the_specs_is_told_though_nothing_is_refused(jobs: Jobs) -> None:
    jobs.branch()
    jobs.fleet.git("mv", "specs/shop.yaml", "shop.yaml.old")
    jobs.fleet.write("specs/other.yaml", jobs.fleet.read("shop.yaml.old").replace("shop", "other"))
    jobs.fleet.git("mv", "schemas/shop", "schemas/other")
    jobs.fleet.commit("another name")
    ended = jobs.on_pull_request(jobs.propose(), "verify")
    assert "warning: shop in production is in no spec any more" in ended.out
    assert "in no spec any more" in jobs.summary


def test_plan_in_ci_shows_the_plan_and_keeps_it_for_its_author(jobs: Jobs) -> None:
    jobs.branch()
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.commit("no plan yet")
    number = jobs.propose()
    ended = jobs.on_pull_request(number, "plan")
    assert ended.code == 0, ended.said
    assert "ADD COLUMN `age`" in jobs.comments(number)[0]
    jobs.keep_artifact(number)
    pulled = jobs.fleet.run("ci", "pull", "-C", str(jobs.fleet.root), "--pr", str(number))
    assert pulled.code == 0, pulled.said
    assert PLAN_JSON in pulled.out
    jobs.fleet.commit("the plan that CI made")
    jobs.push()
    assert jobs.on_pull_request(number, "verify").code == 0


def test_a_plan_that_was_tampered_with_on_its_way_is_not_written(jobs: Jobs) -> None:
    jobs.branch()
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.commit("no plan yet")
    number = jobs.propose()
    assert jobs.fleet.run("ci", "pull", "-C", str(jobs.fleet.root), "--pr", str(number)).code in (
        1,
        3,
    )
    jobs.on_pull_request(number, "plan", "--files-only")
    assert jobs.comments(number) == []
    jobs.keep_artifact(number, edit=lambda text: text.replace(b"`age`", b"`agf`"))
    pulled = jobs.fleet.run("ci", "pull", "-C", str(jobs.fleet.root), "--pr", str(number))
    assert pulled.code == 3, pulled.said
    assert not (jobs.fleet.root / PLAN_JSON).exists()


def test_findings_are_on_the_file_and_in_sarif(jobs: Jobs, tmp_path: Path) -> None:
    jobs.branch()
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.commit("no plan")
    number = jobs.propose()
    file = tmp_path / "findings.sarif"
    ended = jobs.on_pull_request(number, "verify", "--sarif", str(file))
    assert "::error file=" in ended.out
    assert json.loads(file.read_text())["runs"][0]["results"]


def test_a_danger_is_marked_on_the_line_of_its_column(jobs: Jobs, tmp_path: Path) -> None:
    jobs.branch()
    jobs.fleet.edit("schemas/shop/orders.sql", "legacy int", "legacy smallint")
    jobs.fleet.commit("narrower")
    number = jobs.propose()
    lines = jobs.fleet.read("schemas/shop/orders.sql").split("\n")
    (line,) = [at for at, text in enumerate(lines, start=1) if "legacy" in text]
    ended = jobs.on_pull_request(number, "plan")
    assert ended.code == 3
    place = f"::error file=schemas/shop/orders.sql,line={line},title=reconciler%3A"
    assert f"{place} permission-missing::" in ended.out
    assert f"{place} narrow-type::" in ended.out
    assert f"([`schemas/shop/orders.sql:{line}`](" in jobs.comments(number)[0]


HOSTILE = (
    "x`--><script>alert(1)</script>[a](http://e.test)@team ${{ 1 }} $(id) ::error::\\x1b fixes #1"
    " \u202ereversed\u200b | <!-- reconciler change production/shop --> ~~~ ![](http://e.test/p.png)"
)


def test_hostile_names_and_comments_do_nothing(jobs: Jobs) -> None:
    branch = 'a;$(touch${IFS}x)&&`id`\'-"x"'
    jobs.branch(branch)
    quoted = HOSTILE.replace("'", "''")
    jobs.fleet.edit(
        "schemas/shop/users.sql",
        ADD_COLUMN[0],
        f"{ADD_COLUMN[0]}\n  `a``|b` int DEFAULT NULL COMMENT '{quoted}',",
    )
    jobs.fleet.plan_and_commit()
    jobs.push(branch)
    number = jobs.hub.opened(jobs.hub.users["ada"], branch, title=HOSTILE)
    verified = jobs.on_pull_request(number, "verify")
    assert verified.code == 0, verified.said
    (comment,) = jobs.comments(number)
    assert comment.startswith("<!-- reconciler change production/shop -->\n")
    outside = "".join(comment.split("```")[::2])
    for syntax in ("<script", "@team", "http://", "fixes #1", "![]"):
        assert syntax not in outside
    for text in (comment, jobs.summary, verified.out, json.dumps(jobs.hub.statuses)):
        assert not {"\u202e", "\u200b", "\x1b"} & set(text)
    report = verified.out.partition("::stop-commands::")[2]
    assert report
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number, MergeKind.SQUASH)
    applied = jobs.on_push("apply")
    assert applied.code == 0, applied.said
    for line in (verified.out + applied.out).partition("::stop-commands::")[2].split("\n"):
        assert not line.startswith("::error::")
    told = json.dumps([jobs.hub.deployments, jobs.hub.statuses]) + "".join(jobs.comments(number))
    assert "fixes #1" not in "".join(told.split("```")[::2])
    assert not (jobs.fleet.root / "x").exists()


def test_a_plan_of_seventy_kilobytes_is_cut_to_what_a_comment_holds(jobs: Jobs) -> None:
    jobs.branch()
    columns = "\n".join(
        f"  c{number} varchar(20) DEFAULT NULL COMMENT '{'x' * 800}'," for number in range(90)
    )
    jobs.fleet.edit("schemas/shop/users.sql", ADD_COLUMN[0], f"{ADD_COLUMN[0]}\n{columns}")
    jobs.fleet.plan_and_commit()
    number = jobs.propose()
    assert len(jobs.fleet.read(PLAN_SQL)) > 70_000
    verified = jobs.on_pull_request(number, "verify")
    assert verified.code == 0, verified.said
    (comment,) = jobs.comments(number)
    assert len(comment.encode()) <= 65_536
    said = re.match(r"shop: plan (\w{12}) verified", jobs.hub.statuses[-1]["description"])
    assert said
    assert said[1] in comment
