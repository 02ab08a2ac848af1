"""A test on a Vitess cluster is run, told of as left out, or fails: never silently neither."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.series import series
from tests.suite import nested
from tests.tidy.source import ROOT

CONFTEST = """
import pytest
import tests.vitess
from tests.vitess import VitessTests

tests.vitess.why_missing = lambda: {missing!r}

def pytest_configure(config):
    config.addinivalue_line("markers", "vitess: needs it")
    config.pluginmanager.register(VitessTests(wanted={wanted}))
"""
TESTS = """
import pytest

def test_of_something_else(): pass

@pytest.mark.vitess
@pytest.mark.parametrize("x", [1, 2])
def test_on_a_cluster(x): pass
"""


def ran(
    folder: Path, *options: str, wanted: bool, missing: str = ""
) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.format(missing=missing, wanted=wanted))
    (folder / "test_it.py").write_text(TESTS)
    return nested.ran("pytest", folder, *options)


@pytest.mark.parametrize("options", series([[], ["-n", "2"]]), ids=["one process", "two"])
def test_where_they_are_not_asked_for_they_are_left_out_and_told(
    tmp_path: Path, options: list[str]
) -> None:
    done = ran(tmp_path, *options, wanted=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    told = "tests on a Vitess cluster that were left out: 2; `make test-vitess` runs them"
    assert told in done.stdout


def test_where_they_are_asked_for_they_run(tmp_path: Path) -> None:
    done = ran(tmp_path, wanted=True)
    assert "3 passed" in done.stdout, done.stdout
    assert "left out" not in done.stdout


def test_where_a_program_is_missing_they_fail_by_its_name(tmp_path: Path) -> None:
    done = ran(tmp_path, wanted=True, missing="vtgate is not on this machine: run `make vitess`")
    assert done.returncode == 1
    assert "vtgate is not on this machine: run `make vitess`" in done.stdout
    assert "1 passed, 2 errors" in done.stdout


def test_the_run_of_them_asks_for_them() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\ntest-vitess: venv servers vitess " in makefile
    assert "-m vitess --vitess\n" in makefile
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").endswith("make test-vitess\n")
