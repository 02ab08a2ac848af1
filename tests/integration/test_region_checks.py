"""The workflow of checks over two regions, job by job as it stands in its file: each region's job
has the address and the login of its own region, and the job that judges has neither."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fleet import Ended, Fleet
from tests.integration.test_region_jobs import Graph, published
from tests.integration.test_regions import REGIONS
from tests.workflow_runs import Ended as JobEnded
from tests.workflow_runs import WorkflowRun

BY_HAND = "by_hand int"


@dataclass
class Checks:
    """A pull request, and what the forge's environments hold. `handed_on` are the artifacts."""

    graph: Graph
    handed_on: Path
    number: int
    places: dict[str, dict[str, str]]
    told: dict[tuple[str, str], Ended] = field(default_factory=dict)

    @cached_property
    def jobs(self) -> dict[str, Any]:
        fleet = self.graph.fleet
        action = f"OWNER/reconciler@{'0' * 40}"
        asked = ("ci", "workflow", "-C", str(fleet.root), "--of", "checks", "--action", action)
        ended = fleet.run(*asked)
        assert ended.code == 0, ended.said
        found: dict[str, Any] = yaml.safe_load(ended.out)["jobs"]
        return found

    def run(self, event: str = "pull_request") -> dict[str, str]:
        """How each job of a new run ended."""
        shutil.rmtree(self.handed_on, ignore_errors=True)
        hub = self.graph.hub
        head = {"pull_request": {"head": {"repo": {"full_name": hub.name}}}}
        github = {"event_name": event, "repository": hub.name, "event": head}
        run = WorkflowRun(self.jobs, github=github)
        run.attempt(lambda job, leg: self._work(event, job, leg))
        return run.results

    def status(self) -> tuple[str, str]:
        head = self.graph.hub.pulls[self.number].head_sha
        newest = next(s for s in reversed(self.graph.hub.statuses) if s["sha"] == head)
        return newest["context"], newest["state"]

    def _work(self, event: str, job: str, leg: Mapping[str, str]) -> JobEnded:
        found = self.jobs[job]
        region = leg.get("region", "")
        place = self.places[found["environment"].replace("${{ matrix.region }}", region)]
        ours = [step for step in found["steps"] if "OWNER/" in step["uses"]]
        (step,) = (step for step in ours if "failure()" not in step.get("if", ""))
        self._machine(place, step["env"])
        given = {name: self._filled(str(value), region) for name, value in step["with"].items()}
        command = given.pop("command")
        given.pop("page", None)
        verb = (command, *(f"--{name}={value}" for name, value in given.items()))
        jobs = self.graph.jobs
        ended = (
            jobs.on_schedule(*verb)
            if event == "schedule"
            else jobs.on_pull_request(self.number, *verb)
        )
        self.told[job, region] = ended
        return ("success" if ended.code == 0 else "failure"), {}

    def _machine(self, place: Mapping[str, str], env: Mapping[str, str]) -> None:
        """What is no secret of the job's place is filled in as nothing."""
        patch = self.graph.fleet.monkeypatch
        known = {
            name for each in (*self.places.values(), *self.graph.secrets.values()) for name in each
        }
        for name in known - env.keys():
            patch.delenv(name, raising=False)
        for name, value in env.items():
            secret = re.match(r"\$\{\{ secrets\.(\w+)", value)
            patch.setenv(name, place.get(secret[1], "") if secret else value)

    def _filled(self, text: str, region: str) -> str:
        text = text.replace("${{ matrix.region }}", region)
        return text.replace("${{ runner.temp }}/observations", str(self.handed_on))


@pytest.fixture
def checks(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checks]:
    with published(fleet, tmp_path, monkeypatch) as graph:
        graph.jobs.branch("feature")
        number = graph.proposed("feature")
        keys = {region: region[0] * 32 for region in REGIONS}
        places = {
            f"production/reader/{region}": {
                "RECONCILER_OBSERVATION_KEY": keys[region],
                **{
                    name: value
                    for name, value in graph.secrets[region].items()
                    if name.endswith(region.upper())
                },
            }
            for region in REGIONS
        }
        places["production/checks"] = {
            "FLEET_SCRATCH_PASSWORD": graph.secrets["eu"]["FLEET_SCRATCH_PASSWORD"],
            **{f"RECONCILER_OBSERVATION_KEY_{region.upper()}": key for region, key in keys.items()},
        }
        yield Checks(graph, tmp_path / "observations", number, places)


@pytest.mark.invariant("RG-90")
@pytest.mark.invariant("RG-92")
@pytest.mark.threat("TM-REGION-15")
def test_a_pull_request_is_judged_by_what_each_region_saw(checks: Checks) -> None:
    fleet, reader = checks.graph.fleet, checks.places["production/reader/eu"]
    assert checks.run() == {"observe": "success", "verify": "success", "drift": "skipped"}
    assert checks.status() == ("reconciler/production", "success")
    _hold_nothing_of_the_servers(checks)
    # A key that is not there is none that anybody could do without.
    key = reader.pop("RECONCILER_OBSERVATION_KEY")
    assert checks.run()["verify"] == "failure"
    assert "[observation-key-short]" in checks.told["observe", "eu"].said
    assert "[region-not-observed]" in checks.told["verify", ""].said
    # Whoever has another region's key is not believed.
    us = checks.places["production/reader/us"]["RECONCILER_OBSERVATION_KEY"]
    reader["RECONCILER_OBSERVATION_KEY"] = us
    assert checks.run() == {"observe": "success", "verify": "failure", "drift": "skipped"}
    assert "[observation-forged]" in checks.told["verify", ""].said
    assert checks.status() == ("reconciler/production", "failure")
    # What a region sees counts: in the pull request, and on a schedule.
    reader["RECONCILER_OBSERVATION_KEY"] = key
    fleet.sql("80-c0", f"ALTER TABLE users ADD {BY_HAND}")
    assert checks.run()["verify"] == "failure"
    assert "[drift]" in checks.told["verify", ""].said
    assert checks.run("schedule") == {"observe": "success", "verify": "skipped", "drift": "failure"}
    assert checks.told["drift", ""].code == 2
    (issue,) = checks.graph.hub.issues.values()
    assert issue["title"] == "Schema drift in production"


def _hold_nothing_of_the_servers(checks: Checks) -> None:
    files = [path for path in checks.handed_on.rglob("*") if path.is_file()]
    assert len(files) == len(REGIONS)
    for server in checks.graph.fleet.servers:
        for secret in (server.admin.password, f"{server.port}", "127.0.0.1"):
            assert all(secret.encode() not in path.read_bytes() for path in files)
