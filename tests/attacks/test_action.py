"""A merged file at the root of the checkout, where the action's interpreter could find it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.tidy.source import ROOT
from tests.yaml_cases import read_yaml

ACTION = read_yaml(ROOT / "action.yml")
(STEP,) = ACTION["runs"]["steps"]

# What Python, pip, setuptools or git would read or run if they looked where they stand.
_MODULES = ("venv.py", "pip.py", "ensurepip.py", "click.py", "sitecustomize.py", "usercustomize.py")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Every file in it tells that it was run."""
    folder = tmp_path / "checkout"
    (folder / "reconciler").mkdir(parents=True)
    trap = f"open({str(tmp_path / 'ran')!r}, 'a').write(__file__ + chr(10))\n"
    for name in (*_MODULES, "reconciler/__init__.py", "reconciler/__main__.py", "setup.py"):
        (folder / name).write_text(trap)
    (folder / "pip.conf").write_text("[install]\nindex-url = https://example.invalid/simple\n")
    (folder / "setup.cfg").write_text("[install]\nprefix = /nowhere\n")
    return folder


@pytest.mark.invariant("FB-4")
@pytest.mark.threat("TM-CHECKOUT-4")
def test_nothing_of_the_checkout_runs_in_the_job(checkout: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environ = {
        **{name: text for name, text in os.environ.items() if not name.startswith("GITHUB_")},
        "RUNNER_TEMP": str(temporary),
        "GITHUB_WORKSPACE": str(checkout),
        "PYTHONPATH": str(checkout),
        **{name: "" for name in STEP["env"] if name.startswith("RECONCILER_")},
        "RECONCILER_DIRECTORY": ".",
    }
    environ |= {"RECONCILER_SOURCE": str(ROOT), "RECONCILER_COMMAND": "verify"}
    environ["PIP_NO_COMPILE"] = "1"  # it runs once: most of what is installed is never imported
    ended = subprocess.run(
        ["bash", "-c", STEP["run"]],
        cwd=checkout,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    # The program itself was reached: it is in no job of GitHub's, and says so.
    assert "GITHUB_" in ended.stderr, ended.stderr


@pytest.mark.invariant("FB-4")
def test_no_interpreter_is_called_that_looks_where_it_stands() -> None:
    calls = re.findall(r"(?:python3|bin/python\"?) (.*)", STEP["run"])
    assert calls
    assert [call for call in calls if not call.startswith("-I ")] == []
    assert STEP["run"].index('cd "$RUNNER_TEMP"') < STEP["run"].index("python3")
