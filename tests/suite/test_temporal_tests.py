"""A test on a Temporal server is run, told of as left out, or fails: never silently neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.suite import nested
from tests.tidy.source import ROOT

CONFTEST = """
import tests.temporal.plugin
from tests.temporal.plugin import TemporalTests

if {missing}:
    tests.temporal.plugin.temporal_program = lambda: None

def pytest_configure(config):
    config.addinivalue_line("markers", "temporal: needs it")
    config.pluginmanager.register(TemporalTests(wanted={wanted}))
"""
TESTS = """
import pytest

def test_of_something_else(): pass

@pytest.mark.temporal
def test_on_a_server(): pass
"""


@pytest.mark.parametrize(
    ("wanted", "code", "told"),
    [
        (False, 0, "tests on a Temporal server that were left out: 1; `make test-temporal` runs"),
        (True, 1, "temporal is not on this machine: run `make temporal`"),
    ],
)
def test_where_it_is_missing_that_is_said(
    tmp_path: Path, wanted: bool, code: int, told: str
) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST.format(missing=True, wanted=wanted))
    (tmp_path / "test_it.py").write_text(TESTS)
    done = nested.ran("pytest", tmp_path)
    assert done.returncode == code, done.stdout
    assert told in done.stdout
    assert "1 passed" in done.stdout


def test_the_run_of_them_asks_for_them() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\ntest-temporal: venv servers temporal " in makefile
    assert "-m temporal --temporal\n" in makefile
    assert "\nmake test-temporal\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
