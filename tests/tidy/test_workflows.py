"""The workflows and the action: pinned, and calling what exists. That they are valid, and what
the audit of security finds, `make check` says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.ci import ci
from tests.yaml_cases import read_yaml

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
GITHUB = ROOT / ".github"
ROLLOUT = ROOT / "docs" / "rollout-workflow.yml"  # as `ci workflow` writes them
REQUESTS = ROOT / "docs" / "requests-workflow.yml"
SPLIT_REQUESTS = ROOT / "docs" / "split-requests-workflow.yml"
CHECKS = ROOT / "docs" / "checks-workflow.yml"
SETUP = sorted((ROOT / "docs" / "examples" / "github").glob("*.yml"))  # as `ci setup` does
WORKFLOWS = [
    *sorted((GITHUB / "workflows").glob("*.yml")),
    ROLLOUT,
    REQUESTS,
    SPLIT_REQUESTS,
    CHECKS,
    *SETUP,
]
CI = GITHUB / "workflows" / "ci.yml"
RELEASE = GITHUB / "workflows" / "release.yml"


def read(path: Path) -> dict[Any, Any]:
    found = read_yaml(path)
    assert isinstance(found, dict)
    return found


def steps_of(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_actions_and_images_are_pinned_by_hash(path: Path) -> None:
    for step in steps_of(path):
        if "uses" in step and step["uses"] != "$/":
            assert re.search(r"@[0-9a-f]{40}$", step["uses"])
    for image in images_of(path):
        assert re.search(r"@sha256:[0-9a-f]{64}$", image)


def images_of(path: Path) -> list[str]:
    """The images of the services, each as the matrix fills it in."""
    images = []
    for job in read(path)["jobs"].values():
        rows = job.get("strategy", {}).get("matrix", {}).get("include", [{}])
        for service in job.get("services", {}).values():
            images += [
                service["image"].replace("${{ matrix.image }}", str(row.get("image")))
                for row in rows
            ]
    return images


def test_no_input_is_pasted_into_a_script() -> None:
    (step,) = read(ACTION)["runs"]["steps"]
    assert "${{" not in step["run"]
    for path in WORKFLOWS:
        assert not [step for step in steps_of(path) if "${{" in step.get("run", "")]


def test_the_workflow_asks_for_commands_and_inputs_that_exist() -> None:
    known = set(read(ACTION)["inputs"])
    for path, wanted in (
        (ROOT / ".github" / "workflows" / "schema.yml", {"verify", "plan", "apply", "drift"}),
        (ROLLOUT, {"parts", "apply"}),
        (REQUESTS, {"ask"}),
        (SPLIT_REQUESTS, {"ask", "revert"}),
        (CHECKS, {"observe", "verify", "plan", "drift"}),
        *zip(SETUP, ({"ask", "revert"}, {"verify", "plan", "apply", "drift"}), strict=True),
    ):
        commands = set()
        for step in steps_of(path):
            if step.get("uses", "").startswith(("$/", "OWNER/reconciler@")):
                assert set(step["with"]) <= known
                commands.add(step["with"]["command"])
        assert commands == wanted
        assert commands <= set(ci.commands)


def test_every_input_of_the_action_is_an_option_of_a_command() -> None:
    (step,) = read(ACTION)["runs"]["steps"]
    added = set(re.findall(r"add (--[a-z-]+) ", step["run"]))
    options = {
        option
        for command in ci.commands.values()
        for each in command.params
        for option in each.opts
    }
    assert added <= options


def test_no_run_that_waits_to_apply_is_ever_cancelled() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "schema.yml")
    for concurrency in (workflow["concurrency"], workflow["jobs"]["apply"]["concurrency"]):
        assert concurrency["queue"] == "max"
        assert concurrency["cancel-in-progress"] is False


def test_the_login_that_changes_shards_is_in_the_apply_job_alone() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "schema.yml")["jobs"]
    with_writer = [name for name, job in jobs.items() if "SCHEMA_WRITER" in str(job)]
    assert with_writer == ["apply"]


@pytest.mark.invariant("RP-30")
def test_the_job_that_proposes_a_way_back_alone_may_write_branches() -> None:
    writes = {}
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            rights = job.get("permissions", {})
            if rights.get("contents") == "write" and path.parent != GITHUB / "workflows":
                writes[path.stem, name] = rights
    assert {name for _, name in writes} == {"revert"}
    for rights in writes.values():
        assert rights == {"contents": "write", "pull-requests": "write", "actions": "read"}


def test_every_python_that_the_package_promises_is_tried() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = (re.search(r":: Python :: (3\.\d+)$", words) for words in project["classifiers"])
    rows = read(CI)["jobs"]["python"]["strategy"]["matrix"]["include"]
    assert [row["python"] for row in rows] == [match[1] for match in found if match]
    assert {row["tests"] for row in (rows[0], rows[-1])} == {"test"}


def test_every_series_that_the_readme_promises_is_tried() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (promise,) = re.findall(r"  mean to it: (.+?)\.\s", readme)
    rows = read(CI)["jobs"]["server"]["strategy"]["matrix"]["include"]
    tried: dict[str, list[str]] = {}
    for row in rows:
        flavor, series = row["server"].split()
        assert row["image"].startswith(f"{flavor.lower()}:{series}")
        assert row["variable"] == f"RECONCILER_TEST_{flavor.upper()}"
        tried.setdefault(flavor, []).append(series)
    assert promise == "; ".join(f"{flavor} {', '.join(of)}" for flavor, of in tried.items())


def test_only_what_people_let_in_publishes() -> None:
    jobs = read(RELEASE)["jobs"]
    assert "permissions" not in read(RELEASE) or read(RELEASE)["permissions"] == {}
    for name, job in jobs.items():
        rights = set(job["permissions"])
        if name in ("publish", "image"):
            assert job["environment"] == "release"
        else:
            assert rights <= {"contents", "id-token", "attestations"}
        assert not re.search(r"secrets\.", str(job)), "nobody's password is stored"
    assert jobs["build"]["permissions"] == {"contents": "read"}


def test_the_image_is_pinned_and_runs_as_nobody_in_particular() -> None:
    lines = (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines()
    bases = {line.split()[1] for line in lines if line.startswith("FROM ")}
    assert all(re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", base) for base in bases)
    assert len(bases) == 1
    assert "USER 10001" in lines[-4:]
