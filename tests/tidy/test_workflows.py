"""The workflows and the action: valid, audited, pinned, and calling what exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.ci import ci

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent


def read(path: Path) -> dict[Any, Any]:
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict)
    return found


def ran(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_they_are_valid() -> None:
    schema = "--builtin-schema"
    checker = str(BIN / "check-jsonschema")
    ran(checker, schema, "vendor.github-workflows", *map(str, WORKFLOWS))
    ran(checker, schema, "vendor.github-actions", str(ACTION))


def test_the_audit_finds_nothing() -> None:
    files = map(str, [*WORKFLOWS, ACTION])
    ran(str(BIN / "zizmor"), "--offline", "--no-progress", "--persona", "pedantic", *files)


def steps_of(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_and_images_are_pinned_by_hash(path: Path) -> None:
    for step in steps_of(path):
        if "uses" in step and step["uses"] != "$/":
            assert re.search(r"@[0-9a-f]{40}$", step["uses"])
    for job in read(path)["jobs"].values():
        for service in job.get("services", {}).values():
            assert re.search(r"@sha256:[0-9a-f]{64}$", service["image"])


def test_no_input_is_pasted_into_a_script() -> None:
    (step,) = read(ACTION)["runs"]["steps"]
    assert "${{" not in step["run"]
    for path in WORKFLOWS:
        assert not [step for step in steps_of(path) if "${{" in step.get("run", "")]


def test_the_workflow_asks_for_commands_and_inputs_that_exist() -> None:
    known = set(read(ACTION)["inputs"])
    commands = set()
    for step in steps_of(ROOT / ".github" / "workflows" / "schema.yml"):
        if step.get("uses") == "$/":
            assert set(step["with"]) <= known
            commands.add(step["with"]["command"])
    assert commands == {"verify", "plan", "apply", "drift"}
    assert commands <= set(ci.commands)


def test_no_run_that_waits_to_apply_is_ever_cancelled() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "schema.yml")
    for concurrency in (workflow["concurrency"], workflow["jobs"]["apply"]["concurrency"]):
        assert concurrency["queue"] == "max"
        assert concurrency["cancel-in-progress"] is False


def test_the_login_that_changes_shards_is_in_the_apply_job_alone() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "schema.yml")["jobs"]
    with_writer = [name for name, job in jobs.items() if "SCHEMA_WRITER" in str(job)]
    assert with_writer == ["apply"]
