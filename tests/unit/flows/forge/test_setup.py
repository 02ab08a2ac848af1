"""`ci setup`: jobs with what they need, settings that hold, and nothing over what is there."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from reconciler.cli.ci_setup import setup
from reconciler.edges.github.settings import _together
from reconciler.errors import InvalidInput, Refused
from reconciler.flows.forge.doctor import _judge_rules
from reconciler.flows.forge.doctor_checks import judge_checks
from reconciler.flows.forge.setup import CHECKLIST, SetupRequest, files_of, write_files
from reconciler.flows.keyspaces import Loaded
from reconciler.outcomes.doctor import CheckMark
from reconciler.ports.forge_settings import (
    BranchRules,
    ForgeEnvironment,
    RequiredCheck,
)
from reconciler.spec.load import DesiredFiles, load_repository
from tests.offline_fleet import Files
from tests.offline_forge import NEW_REPOSITORY
from tests.sample_regions import REGIONS, spec_of

ACTION = f"OWNER/reconciler@{'a1' * 20}"
ASKED = SetupRequest(action=ACTION, branch="main", owners=("@org/schema",))
IMAGE = f"mariadb:11.8@sha256:{'0' * 64}"
SCHEMA = ".github/workflows/schema.yml"
REQUESTS = ".github/workflows/schema-requests.yml"
CONNECTION = '{host: "db-{shard}", database: d, user: "${SCHEMA_USER}"}'
SPEC = f"""\
version: 1
keyspace: shop
schema: schemas/shop
environments:
  test:
    connection: {CONNECTION.replace("SCHEMA_USER", "DB_TEST").replace("db-", "test-")}
    shards: [a, b]
  live:
    connection: {CONNECTION}
    shards: [a, b]
    scratch: {{host: 127.0.0.1, user: root, password: "${{SCRATCH_PASSWORD}}"}}
    after: test
    review: {{approvals: 2}}
    ledger: "mysql://${{LEDGER_LOGIN}}@ledger.internal/reconciler"
"""


def written(
    spec: str = SPEC,
    asked: SetupRequest = ASKED,
    below: str = "",
    there: Mapping[str, str] | None = None,
    beside: Mapping[str, str] | None = None,
) -> dict[str, str]:
    tree = Files(
        {"specs/shop.yaml": spec.encode(), "schemas/shop/t.sql": b"CREATE TABLE t (i int);"}
        | {path: text.encode() for path, text in (beside or {}).items()}
    )
    loaded = Loaded(root=Path("/nowhere"), tree=tree, keyspaces=load_repository(tree))
    top = Files({path: text.encode() for path, text in (there or {}).items()})
    return dict(files_of(loaded, asked, below=below, top=top).contents)


def jobs_of(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)["jobs"]
    return found


def env_of(job: dict[str, Any], command: str) -> set[str]:
    (step,) = [s for s in job["steps"] if s.get("with", {}).get("command") == command]
    return set(step.get("env", {}))


def refused(**changed: Any) -> str:
    with pytest.raises(InvalidInput) as raised:
        written(asked=replace(ASKED, **changed))
    return raised.value.problems[0].code


def test_an_environment_is_applied_behind_those_that_come_before_it() -> None:
    jobs = jobs_of(written()[SCHEMA])
    assert list(jobs) == ["verify", "apply-1", "apply-2", "drift"]
    assert jobs["apply-1"]["environment"] == "test"
    assert (jobs["apply-2"]["environment"], jobs["apply-2"]["needs"]) == ("live", ["apply-1"])
    assert {job["environment"] for job in (jobs["verify"], jobs["drift"])} == {"schema-reader"}


def test_a_job_is_given_what_its_specs_name_and_no_more() -> None:
    jobs = jobs_of(written()[SCHEMA])
    live = {"SCHEMA_USER", "DB_TEST", "SCRATCH_PASSWORD"}  # it looks at what comes before, too
    chat = {"RECONCILER_WEBHOOK_URL"}
    assert env_of(jobs["apply-1"], "apply") == {"DB_TEST"} | chat
    assert env_of(jobs["apply-2"], "apply") == {*live, *chat, "LEDGER_LOGIN"}
    assert env_of(jobs["verify"], "verify") == live, "the ledger is opened by who applies"
    assert env_of(jobs["drift"], "drift") == {*live, *chat}
    with_engine = SPEC + "engine: {default: gh-ost}\n"
    assert "LEDGER_LOGIN" in env_of(jobs_of(written(with_engine)[SCHEMA])["drift"], "drift")


def test_a_service_container_stands_in_place_of_what_the_specs_say() -> None:
    jobs = jobs_of(written(asked=replace(ASKED, scratch=IMAGE))[SCHEMA])
    for name, command in (("verify", "verify"), ("apply-2", "apply"), ("drift", "drift")):
        service = jobs[name]["services"]["scratch"]
        assert service["image"] == IMAGE
        assert service["env"] == {"MARIADB_ROOT_PASSWORD": "scratch"}
        assert "mariadb-admin ping" in service["options"]
        (env,) = [
            s["env"] for s in jobs[name]["steps"] if s.get("with", {}).get("command") == command
        ]
        assert yaml.safe_load(env["RECONCILER_SCRATCH"])["host"] == "127.0.0.1"
        assert "SCRATCH_PASSWORD" not in env


def test_a_runner_without_containers_tries_on_its_own_server() -> None:
    jobs = jobs_of(
        written(asked=replace(ASKED, scratch="auto", runner=("self-hosted", "schema")))[SCHEMA]
    )
    for job in jobs.values():
        assert "services" not in job
        assert job["runs-on"] == ["self-hosted", "schema"]
    assert "RECONCILER_SCRATCH" in env_of(jobs["verify"], "verify")


def test_what_is_asked_by_hand_is_asked_where_a_ledger_keeps_it() -> None:
    jobs = jobs_of(written()[REQUESTS])
    assert list(jobs) == ["ask", "revert"]
    assert jobs["ask"]["environment"] == "live"
    assert "inputs.environment == 'live'" in jobs["ask"]["if"]
    without = SPEC[: SPEC.index("    ledger:")]
    assert REQUESTS not in written(without)


def test_the_way_past_the_approvals_is_for_one_environment_and_none_by_default() -> None:
    assert "break-glass" not in written()[SCHEMA]
    jobs = jobs_of(written(asked=replace(ASKED, glass="live"))[SCHEMA])
    assert "'break-glass'" in jobs["apply-2"]["environment"]
    assert jobs["apply-2"]["permissions"]["issues"] == "write"
    assert jobs["apply-1"]["environment"] == "test"
    assert "issues" not in jobs["apply-1"]["permissions"]


def test_what_is_rolled_out_by_regions_has_its_own_workflows() -> None:
    spec = spec_of(REGIONS)
    found = written(spec)
    assert "apply" not in jobs_of(found[SCHEMA])
    assert "wave-1" in jobs_of(found[".github/workflows/rollout-production.yml"])
    assert "ask" in jobs_of(found[".github/workflows/rollout-production-requests.yml"])


def test_of_an_environment_with_and_without_regions_each_workflow_asks_its_own() -> None:
    mail = SPEC.replace("shop", "mail").replace("live:", "production:")
    beside = {"specs/mail.yaml": mail, "schemas/mail/t.sql": "CREATE TABLE t (i int);"}
    found = written(spec_of(REGIONS), beside=beside)
    steps = jobs_of(found[SCHEMA])["apply-2"]["steps"]
    assert [s["with"]["keyspaces"] for s in steps if "keyspaces" in s.get("with", {})] == ["mail"]
    steps = jobs_of(found[REQUESTS])["ask"]["steps"]
    asked = [s["with"]["keyspaces"] for s in steps if "keyspaces" in s.get("with", {})]
    assert asked == ["${{ inputs.keyspaces || 'mail' }}"], "it has no login of the others' ledger"


CHECKS = ".github/workflows/checks-production.yml"
LOOKED_AT = replace(ASKED, checks_by_region=True)


@pytest.mark.invariant("RG-112")
def test_checks_over_regions_are_written_with_all_that_they_rely_on() -> None:
    found = written(spec_of(REGIONS), LOOKED_AT)
    assert SCHEMA not in found, "no runner reaches every shard"
    jobs = jobs_of(found[CHECKS])
    assert list(jobs) == ["observe", "verify", "drift"]
    listed = found[CHECKLIST]
    places = {re.sub(r" #.*", "", str(job["environment"])) for job in jobs.values()}
    assert places == {"production/reader/${{ matrix.region }}", "production/checks"}
    made = re.findall(
        r"--method PUT repos/\{owner\}/\{repo\}/environments/(\S+)", listed.replace("'", "")
    )
    for place in ("reader%2Feu", "reader%2Fus", "checks"):
        assert f"production%2F{place}" in made
    for region in ("eu", "us"):
        assert f"KEY --env production/reader/{region}\n" in listed
        assert f"KEY_{region.upper()} --env production/checks\n" in listed
    assert '"context": "verify production"' in listed
    assert '"context": "verify"' not in listed
    assert "schema-reader" not in listed


@pytest.mark.invariant("RG-110")
def test_places_as_the_list_makes_them_are_those_that_the_doctor_looks_for() -> None:
    spec = spec_of(REGIONS)
    listed = written(spec, LOOKED_AT)[CHECKLIST]
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", listed, re.DOTALL))
    done = subprocess.run(["sh", "-n"], input=blocks, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    secrets: dict[str, list[str]] = {}
    for name, place in re.findall(r"gh secret set (\S+) --env (\S+)", listed):
        secrets.setdefault(place, []).append(name)
    there = {
        place: ForgeEnvironment(
            name=place, limits_branches=False, reviewers=0, secrets=tuple(names)
        )
        for place, names in secrets.items()
    }
    tree = Files(
        {"specs/shop.yaml": spec.encode(), "schemas/shop/t.sql": b"CREATE TABLE t (i int);"}
    )
    (files,) = load_repository(tree).values()
    assert isinstance(files, DesiredFiles)
    required = BranchRules(checks=(RequiredCheck(context="verify production", source=1),))
    settings = replace(NEW_REPOSITORY, rules=required, shared_secrets=())
    found = [*judge_checks(files.spec.environments, there, settings)]
    assert len(found) == 14
    assert [one for one in found if one.mark is not CheckMark.OK] == []


@pytest.mark.invariant("RG-98")
@pytest.mark.invariant("RG-112")
def test_one_runner_looks_at_what_is_left() -> None:
    spec = spec_of(REGIONS) + f"  test:\n    connection: {CONNECTION}\n    shards: [a, b]\n"
    found = written(spec, LOOKED_AT)
    jobs = jobs_of(found[SCHEMA])
    for name in ("verify", "drift"):
        given = [s["with"] for s in jobs[name]["steps"] if "command" in s.get("with", {})]
        assert {one["environment"] for one in given} == {"test"}
    for workflow in (SCHEMA, CHECKS):
        steps = jobs_of(found[workflow])["verify"]["steps"]
        known = [s["with"]["known"] for s in steps if s.get("with", {}).get("command") == "verify"]
        assert known == ["production test"], "whoever adds another has to write them again"
    kept = [
        step["with"]["name"]
        for workflow in (SCHEMA, CHECKS)
        for step in jobs_of(found[workflow])["verify"]["steps"]
        if "plans" in step.get("with", {}).get("path", "")
    ]
    assert kept == ["reconciler-plans-test", "reconciler-plans-production"]
    assert env_of(jobs["verify"], "verify") == {"SCHEMA_USER"}
    assert '"context": "verify"' in found[CHECKLIST]
    assert '"context": "verify production"' in found[CHECKLIST]
    assert "environment" not in str(
        [s.get("with") for s in jobs_of(written(spec)[SCHEMA])["verify"]["steps"]]
    ), "it looks at all of them"


@pytest.mark.invariant("RG-112")
@pytest.mark.parametrize(
    ("spec", "changed"),
    [
        (SPEC, {}),
        (spec_of(REGIONS), {"host": "git.internal"}),
        (spec_of(REGIONS), {"scratch": "auto"}),
    ],
)
def test_checks_over_regions_that_cannot_be_kept_are_refused(
    spec: str, changed: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as raised:
        written(spec, replace(LOOKED_AT, **changed))
    assert [problem.code for problem in raised.value.problems] == ["setup-checks-by-region"]


def test_a_server_of_ones_own_gets_no_action_that_it_cannot_run() -> None:
    found = written(asked=replace(ASKED, host="git.internal"))
    assert "upload-artifact" not in found[SCHEMA]
    assert "export GH_HOST=git.internal" in found[CHECKLIST]


def test_a_project_below_the_top_is_told_where_it_lies() -> None:
    found = written(below="db")
    assert "directory: 'db'" in found[SCHEMA]
    assert "/db/specs/ @org/schema\n" in found[".github/CODEOWNERS"]
    assert "doctor github -C db" in found[CHECKLIST]


def test_owners_that_are_there_already_stay_and_what_they_lack_is_in_the_list() -> None:
    lacking = written(there={"CODEOWNERS": "/src/ @dev\n"})
    assert ".github/CODEOWNERS" not in lacking
    assert "/plans/ @org/schema\n" in lacking[CHECKLIST]
    assert "Add at its end" not in written(there={"docs/CODEOWNERS": "* @dev\n"})[CHECKLIST]


def test_what_could_be_moved_or_means_nothing_is_refused() -> None:
    assert refused(action="OWNER/reconciler@v1") == "action-not-pinned"
    assert refused(scratch="mysql:8.4") == "image-not-pinned"
    assert refused(owners=()) == "owner-unknown"
    assert refused(on_call=("somebody",)) == "owner-unknown"
    assert refused(branch="main'; x") == "setup-word"
    assert refused(host="a b") == "setup-word"
    assert refused(glass="nowhere") == "setup-glass-unknown"
    with pytest.raises(InvalidInput):
        written("version: 1\n")


def test_the_rules_of_the_list_are_those_that_the_doctor_looks_for() -> None:
    """Of what the commands send, GitHub shows the rules as it was given them."""
    text = written()[CHECKLIST].replace("$actions", "15368").replace("$r1", "7")
    (ruleset,) = [
        body
        for body in map(json.loads, re.findall(r"<<JSON\n(\{.*?\n\})\nJSON", text, re.DOTALL))
        if "rules" in body
    ]
    rules: dict[str, list[dict[str, Any]]] = {"pull_request": [], "required_status_checks": []}
    for rule in ruleset["rules"]:
        rules.setdefault(rule["type"], []).append(rule.get("parameters", {}))
    seen = _together({}, rules, tuple(ruleset["bypass_actors"]))
    assert seen.approvals == 2
    settings = replace(NEW_REPOSITORY, rules=seen)
    assert {finding.mark for finding in _judge_rules(settings)} == {CheckMark.OK}


def test_the_commands_of_the_list_are_a_shells(tmp_path: Path) -> None:
    """`gh` is one that writes down what it is given; what it is sent is JSON."""
    said, asked = tmp_path / "said", replace(ASKED, on_call=("@org/on-call", "@me"), glass="live")
    (tmp_path / "gh").write_text(
        f'#!/bin/sh\necho "$@" >> {said}\n'
        'case "$*" in *--jq*) echo 7 ;; *--input*) cat >> "$0.sent" ;; esac\n'
    )
    (tmp_path / "gh").chmod(0o755)
    (tmp_path / "reconciler").write_text("#!/bin/sh\n")
    (tmp_path / "reconciler").chmod(0o755)
    blocks = re.findall(r"```sh\n(.*?)```", written(asked=asked)[CHECKLIST], re.DOTALL)
    done = subprocess.run(
        ["sh", "-eu", "-c", "\n".join(blocks)],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    sent = (tmp_path / "gh.sent").read_text()
    bodies = []
    decoder, at = json.JSONDecoder(), 0
    while at < len(sent.rstrip()):
        body, at = decoder.raw_decode(sent, at)
        bodies.append(body)
        at += 1
    assert [b["reviewers"] for b in bodies if "reviewers" in b] == [
        [{"type": "Team", "id": 7}, {"type": "User", "id": 7}]
    ] * 2
    lines = said.read_text().splitlines()
    assert "secret set LEDGER_LOGIN --env live" in lines
    assert "variable set SCHEMA_USER --env schema-reader" in lines
    assert not [line for line in lines if "LEDGER_LOGIN --env schema-reader" in line]
    places = {"schema-reader", "test", "live", "live%2Fcontrol", "break-glass"}
    assert {
        match[1]
        for line in lines
        if (match := re.search(r"PUT .*environments/(\S+) --input", line))
    } == places


def test_nothing_is_written_over_what_is_there_without_a_word() -> None:
    tree = Files(
        {"specs/shop.yaml": SPEC.encode(), "schemas/shop/t.sql": b"CREATE TABLE t (i int);"}
    )
    loaded = Loaded(root=Path("/nowhere"), tree=tree, keyspaces=load_repository(tree))
    files = files_of(loaded, ASKED, below="", top=tree)
    assert set(write_files(files, tree, tree, replaces=False)) == set(files.contents)
    assert write_files(files, tree, tree, replaces=False) == ()
    tree.write(SCHEMA, b"mine")
    tree.remove(REQUESTS)
    with pytest.raises(Refused) as raised:
        write_files(files, tree, tree, replaces=False)
    assert SCHEMA in raised.value.problems[0].message
    assert REQUESTS not in tree.content, "all or nothing"
    assert write_files(files, tree, tree, replaces=True) == tuple(sorted((SCHEMA, REQUESTS)))
    assert tree.content[SCHEMA].decode() == files.contents[SCHEMA]


def test_what_was_not_said_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "shop.yaml").write_text(SPEC)
    (tmp_path / "schemas" / "shop").mkdir(parents=True)
    (tmp_path / "schemas" / "shop" / "t.sql").write_text("CREATE TABLE t (i int);\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *who, *command], cwd=tmp_path, check=True)
    silent = CliRunner().invoke(setup, ["-C", str(tmp_path), "--no-ask"])
    assert "--action is missing" in silent.output
    asked = CliRunner().invoke(
        setup, ["-C", str(tmp_path), "--ask"], input=f"{ACTION}\n@org/schema @me\n"
    )
    assert asked.exit_code == 0, asked.output
    assert "reconciler doctor github" in asked.output
    assert " @org/schema @me\n" in (tmp_path / ".github" / "CODEOWNERS").read_text()
