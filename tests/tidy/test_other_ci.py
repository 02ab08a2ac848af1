"""The examples for other CIs, as far as they run without them: their scripts, on a `git` and a
`reconciler` that write down what they are asked, and each command as the verb would take it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import click
import pytest

from reconciler.cli.main import reconciler
from tests.tidy.source import ROOT
from tests.yaml_cases import read_yaml

EXAMPLES = ROOT / "docs" / "examples"
GITLAB = EXAMPLES / "gitlab" / "gitlab-ci.yml"
JENKINS = EXAMPLES / "jenkins" / "Jenkinsfile"
COMMIT = "0123456789abcdef" * 2 + "01234567"
GIVEN = {
    "CI_DEFAULT_BRANCH": "main",
    "CI_COMMIT_SHA": COMMIT,
    "PROTECTED": "main",
}
BRANCH = ["--protected-branch", "main"]
LOOP = {
    "verify": ["verify", "--environment", "production", *BRANCH],
    "apply": ["apply", "--environment", "production", "--ref", COMMIT, *BRANCH],
}


def scripts_of_gitlab() -> dict[str, str]:
    found: dict[str, Any] = read_yaml(GITLAB)
    jobs = {name: job for name, job in found.items() if isinstance(job, dict) and "script" in job}
    return {
        name: "\n".join(
            line
            for part in job["script"]
            for line in (part if isinstance(part, list) else [part])  # an anchor is a list in it
        )
        for name, job in jobs.items()
    }


def scripts_of_jenkins() -> dict[str, str]:
    text = JENKINS.read_text(encoding="utf-8")
    stages = re.findall(r"stage\('([^']+)'\)(.*?)'''\n(.*?)'''", text, re.DOTALL)
    return {name: textwrap.dedent(script) for name, _, script in stages}


def asked(script: str, folder: Path) -> list[list[str]]:
    """What `reconciler` is given; every other command must succeed."""
    for program, does in (
        ("git", f'case "$*" in *HEAD*) echo {COMMIT} ;; *shallow*) echo false ;; esac'),
        (
            "reconciler",
            f'for one; do printf "%s\\n" "$one"; done >> {folder}/asked; echo >> {folder}/asked',
        ),
    ):
        (folder / program).write_text(f"#!/bin/sh\n{does}\n")
        (folder / program).chmod(0o755)
    subprocess.run(
        ["sh", "-eu", "-c", script], env={**GIVEN, "PATH": f"{folder}:/usr/bin:/bin"}, check=True
    )
    written = folder / "asked"
    text = written.read_text() if written.exists() else ""
    return [call.split("\n") for call in text.strip("\n").split("\n\n") if call]


@pytest.mark.parametrize(
    "scripts", [scripts_of_gitlab(), scripts_of_jenkins()], ids=["gitlab", "jenkins"]
)
def test_the_loop_is_there_and_asks_for_what_the_verbs_take(
    scripts: dict[str, str], tmp_path: Path
) -> None:
    calls: dict[str, list[str]] = {}
    for name, script in scripts.items():
        (tmp_path / name).mkdir()
        for call in asked(script, tmp_path / name):
            calls[name] = call
            verb = reconciler.get_command(click.Context(reconciler), call[0])
            assert verb is not None
            verb.make_context(call[0], call[1:])  # raises for what it does not take
    assert {name: calls[name] for name in LOOP} == LOOP
    assert calls["drift"][0] == "drift"


def test_one_apply_at_a_time_and_none_is_cancelled() -> None:
    apply = read_yaml(GITLAB)["apply"]
    assert apply["interruptible"] is False
    assert apply["resource_group"]
    assert "disableConcurrentBuilds()" in JENKINS.read_text(encoding="utf-8")


def test_gitlab_takes_its_example() -> None:
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema"]
    done = subprocess.run(
        [*command, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", str(GITLAB)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_hook_runs_a_verb_where_its_files_are() -> None:
    (hook,) = read_yaml(ROOT / ".pre-commit-hooks.yaml")
    program, verb, *options = shlex.split(hook["entry"])
    assert program == "reconciler"
    found = reconciler.get_command(click.Context(reconciler), verb)
    assert found is not None
    found.make_context(verb, options)
    assert hook["pass_filenames"] is False
    for path in ("specs/shop.yaml", "db/schemas/shop/users.sql", "plans/production/shop.plan.json"):
        assert re.search(hook["files"], path)
    assert not re.search(hook["files"], "src/myspecs/a.py")
