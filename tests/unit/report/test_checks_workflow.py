"""The workflow of checks over regions, run as its forge would: who begins, and with what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.golden.write import CHECKS
from tests.workflow_runs import Ended, WorkflowRun
from tests.yaml_cases import read_yaml

WORKFLOW: dict[Any, Any] = read_yaml(CHECKS)
JOBS: dict[str, Any] = WORKFLOW["jobs"]
OURS = "acme/shop"
REGIONS = ["ap", "eu", "us"]


def event(name: str, of: str | None = None) -> dict[str, Any]:
    """`of` is the repository from which a pull request comes."""
    head = {"pull_request": {"head": {"repo": {"full_name": of}}}} if of else {}
    return {"event_name": name, "repository": OURS, "event": head}


OWN, FORK = event("pull_request", OURS), event("pull_request", "stranger/shop")
GROUP, SCHEDULE = event("merge_group"), event("schedule")


class Forge:
    def __init__(self, ends: Mapping[str, str] | None = None) -> None:
        self.begun: list[tuple[str, str]] = []
        self._ends = ends or {}

    def __call__(self, job: str, leg: Mapping[str, str]) -> Ended:
        self.begun.append((job, leg.get("region", "")))
        return self._ends.get(leg.get("region", job), "success"), {}


LOOKS = [("observe", region) for region in REGIONS]


@pytest.mark.invariant("RG-92")
@pytest.mark.parametrize(
    ("github", "begun"),
    [
        (OWN, [*LOOKS, ("verify", "")]),
        (GROUP, [*LOOKS, ("verify", "")]),
        (SCHEDULE, [*LOOKS, ("drift", "")]),
        (FORK, [("verify", "")]),
        (event("pull_request", None), [("verify", "")]),  # its repository is gone
    ],
    ids=["pull request", "merge group", "schedule", "fork", "nowhere"],
)
@pytest.mark.threat("TM-REGION-18")
def test_each_region_looks_and_one_job_judges_and_none_looks_for_a_fork(
    github: dict[str, Any], begun: list[tuple[str, str]]
) -> None:
    forge = Forge()
    assert WorkflowRun(JOBS, github=github).attempt(forge) == "success"
    assert forge.begun == begun


@pytest.mark.invariant("RG-92")
@pytest.mark.parametrize("result", ["failure", "cancelled"])
@pytest.mark.parametrize(("github", "judge"), [(OWN, "verify"), (SCHEDULE, "drift")])
def test_a_region_whose_job_did_not_succeed_never_keeps_the_other_from_judging(
    github: dict[str, Any], judge: str, result: str
) -> None:
    """A required check that is left out counts as passed."""
    forge = Forge({"eu": result})
    WorkflowRun(JOBS, github=github).attempt(forge)
    assert forge.begun == [*LOOKS, (judge, "")]


@pytest.mark.invariant("RG-92")
def test_a_run_that_somebody_cancels_is_not_passed_either() -> None:
    forge = Forge()
    WorkflowRun(JOBS, github=OWN, is_cancelled=True).attempt(forge)
    assert ("verify", "") in forge.begun


def test_nothing_begins_where_it_is_switched_off() -> None:
    forge = Forge()
    WorkflowRun(JOBS, github=OWN, variables={}).attempt(forge)
    assert forge.begun == []


@pytest.mark.invariant("RG-92")
def test_a_region_s_job_has_its_own_place_and_runners_and_no_other_right_than_to_read() -> None:
    job = JOBS["observe"]
    assert job["environment"] == "production/reader/${{ matrix.region }}"
    assert job["runs-on"] == {"group": "schema-${{ matrix.region }}"}
    assert job["strategy"]["matrix"] == {"region": REGIONS}
    assert job["permissions"] == {"contents": "read"}
    assert "services" not in job
    assert not re.search(r"LEDGER|SCRATCH", str(job)), "what reads needs neither"


@pytest.mark.invariant("RG-92")
@pytest.mark.parametrize("name", ["verify", "drift"])
def test_the_job_that_judges_has_the_keys_and_no_login_of_a_shard(name: str) -> None:
    job = JOBS[name]
    assert job["environment"] == "production/checks"
    assert job["runs-on"] == "ubuntu-24.04"
    secrets = set(re.findall(r"secrets\.(\w+)", str(job))) - {"SCHEMA_WEBHOOK_URL"}
    assert secrets == {f"RECONCILER_OBSERVATION_KEY_{word}" for word in ("AP", "EU", "US")}
    assert "MYSQL_AP" not in str(job)
    for step in job["steps"]:
        if "observations" in step.get("with", {}):
            # Where no file of the checkout, and so of a pull request, can lie.
            assert step["with"]["observations"] == "${{ runner.temp }}/observations"
            assert secrets <= step["env"].keys()


@pytest.mark.invariant("RG-92")
def test_nothing_starts_it_that_gives_secrets_to_the_code_of_a_fork() -> None:
    assert set(WORKFLOW[True]) == {"pull_request", "merge_group", "schedule"}  # YAML reads `on` so
    assert WORKFLOW["permissions"] == {}
