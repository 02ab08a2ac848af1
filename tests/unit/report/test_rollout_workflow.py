"""The workflow of a rollout over regions, run as its forge would: what begins, what does not."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.golden.write import REQUESTS, WORKFLOW
from tests.workflow_runs import Ended, WorkflowRun
from tests.yaml_cases import read_yaml

JOBS: dict[str, Any] = read_yaml(WORKFLOW)["jobs"]
ORDERED = {1: ("eu",), 2: ("ap", "eu", "us"), 3: ("us",)}
DONE = [
    ("wave-1", "eu"),
    ("hold-2", ""),
    ("wave-2", "ap"),
    ("wave-2", "eu"),
    ("wave-2", "us"),
    ("hold-3", ""),
    ("wave-3", "us"),
]


class Forge:
    """What each job does: `ends` says it of jobs that do not succeed, by name and region."""

    def __init__(self, ordered: Mapping[int, tuple[str, ...]] = ORDERED) -> None:
        self.ends: dict[tuple[str, str], str] = {}
        self.begun: list[tuple[str, str]] = []
        self._waves = {
            str(wave): {
                "held": wave != min(ordered),
                "parts": [
                    {"keyspace": "commerce", "region": r, "plan": "sha256:1"} for r in regions
                ],
            }
            for wave, regions in ordered.items()
        }

    def __call__(self, job: str, leg: Mapping[str, str]) -> Ended:
        if job == "parts":
            result = self.ends.get((job, ""), "success")
            # A step that fails leaves no output behind.
            return result, {"waves": json.dumps(self._waves)} if result == "success" else {}
        at = (job, leg.get("region", ""))
        self.begun.append(at)
        return self.ends.get(at, "success"), {}


@pytest.mark.invariant("RG-31")
def test_every_part_of_a_wave_stands_behind_all_parts_of_the_waves_before() -> None:
    run, forge = WorkflowRun(JOBS), Forge()
    assert run.attempt(forge) == "success"
    assert forge.begun == DONE


@pytest.mark.invariant("RG-31")
@pytest.mark.parametrize("result", ["failure", "cancelled"])
@pytest.mark.parametrize("at", DONE, ids=" ".join)
def test_whatever_did_not_succeed_keeps_everything_behind_it_from_beginning(
    at: tuple[str, str], result: str
) -> None:
    """A part that was refused, a gate that was refused, and a job whose time ran out, which the
    forge calls cancelled and no failure."""
    run, forge = WorkflowRun(JOBS), Forge()
    forge.ends[at] = result
    assert run.attempt(forge) == "failure"
    beside = [each for each in DONE if each[0] == at[0]]
    assert forge.begun == DONE[: DONE.index(beside[0])] + beside


@pytest.mark.invariant("RG-31")
def test_a_rerun_takes_up_the_part_that_failed_and_goes_on() -> None:
    run, forge = WorkflowRun(JOBS), Forge()
    forge.ends["wave-2", "eu"] = "failure"
    assert run.attempt(forge) == "failure"
    forge.begun.clear()
    del forge.ends["wave-2", "eu"]
    assert run.attempt(forge) == "success"
    assert forge.begun == [("wave-2", "eu"), ("hold-3", ""), ("wave-3", "us")]


@pytest.mark.invariant("RG-31")
def test_waves_without_work_fall_out_and_hold_nobody() -> None:
    run, forge = WorkflowRun(JOBS), Forge({2: ("us",), 3: ("eu",)})
    assert run.attempt(forge) == "success"
    assert forge.begun == [("wave-2", "us"), ("hold-3", ""), ("wave-3", "eu")]
    nothing = Forge({2: ("us",)})
    assert WorkflowRun(JOBS).attempt(nothing) == "success"
    assert nothing.begun == [("wave-2", "us")]


@pytest.mark.invariant("RG-31")
@pytest.mark.parametrize("result", ["failure", "cancelled"])
def test_nothing_begins_where_no_part_was_ordered(result: str) -> None:
    forge = Forge()
    forge.ends["parts", ""] = result
    assert WorkflowRun(JOBS).attempt(forge) == "failure"
    assert forge.begun == []


@pytest.mark.parametrize(
    "run",
    [
        WorkflowRun(JOBS, variables={}),
        WorkflowRun(JOBS, ref="refs/heads/feature"),
        WorkflowRun(JOBS, is_cancelled=True),
    ],
    ids=["switched off", "another branch", "cancelled"],
)
def test_nothing_begins_where_it_is_not_wanted(run: WorkflowRun) -> None:
    forge = Forge()
    run.attempt(forge)
    assert forge.begun == []


def test_no_two_rollouts_run_at_once_and_none_that_waits_is_dropped() -> None:
    concurrency = read_yaml(WORKFLOW)["concurrency"]
    assert concurrency["cancel-in-progress"] is False
    assert concurrency["queue"] == "max"


def test_logins_are_in_the_jobs_of_parts_alone_each_behind_the_place_of_its_region() -> None:
    for name, job in JOBS.items():
        if name.startswith("wave-"):
            assert job["environment"] == "production/region/${{ matrix.region }}"
            assert job["runs-on"] == {"group": "schema-${{ matrix.region }}"}
        else:
            assert "secrets." not in str(job)
        if name.startswith("hold-"):
            assert job["environment"] == f"production/wave/{name.removeprefix('hold-')}"
            assert job["permissions"] == {}


@pytest.mark.invariant("RG-55")
def test_a_request_waits_for_no_other_region_and_a_stop_for_nothing() -> None:
    """A resume goes on for days."""
    workflow = read_yaml(REQUESTS)
    assert "concurrency" not in workflow
    group = workflow["jobs"]["ask"]["concurrency"]["group"]
    assert {"inputs.what", "matrix.region"} <= set(re.findall(r"[\w.]+", group))
    (step,) = [s for s in workflow["jobs"]["ask"]["steps"] if "with" in s and "what" in s["with"]]
    assert step["with"]["wave"] == "${{ inputs.what == 'resume' && inputs.wave || '' }}"
