"""A test that needs an engine is run, told of as left out, or fails: never silently neither."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.series import series
from tests.suite import nested
from tests.tidy.source import ROOT

CONFTEST = """
import pytest
from tests.engines import EngineTests

def pytest_configure(config):
    config.addinivalue_line("markers", "engine(name): needs it")
    config.pluginmanager.register(
        EngineTests(lambda name: "no spirit here" if name == "spirit" else "", every_engine={every})
    )
"""
TESTS = """
import pytest

@pytest.mark.engine("gh-ost")
def test_there(): pass

@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.engine("spirit"))])
def test_of_one_of_two(x): assert x == 1
"""


def ran(folder: Path, *options: str, every_engine: bool) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.replace("{every}", str(every_engine)))
    (folder / "test_it.py").write_text(TESTS)
    return nested.ran("pytest", folder, *options)


@pytest.mark.parametrize("options", series([[], ["-n", "2"]]), ids=["one process", "two"])
def test_what_is_not_there_is_left_out_and_told(tmp_path: Path, options: list[str]) -> None:
    done = ran(tmp_path, *options, every_engine=False)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    told = "engines that are not there, so not tested: spirit; `make test-engines` runs them all"
    assert told in done.stdout


def test_where_all_are_asked_for_a_missing_one_fails_by_its_name(tmp_path: Path) -> None:
    done = ran(tmp_path, every_engine=True)
    assert done.returncode == 1
    assert "no spirit here" in done.stdout
    assert "2 passed, 1 error" in done.stdout


def test_the_run_of_all_engines_asks_for_all_and_no_other_has_any() -> None:
    """CI runs both, so that each test is run once."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\ntest-engines: venv servers engines " in makefile
    assert "-m engine --every-engine\n" in makefile
    offline = "\n\t$(PYTEST) --forked=cores $(OFFLINE)\n"
    others = "\t$(PYTEST) --forked=$(WORKERS) -m 'not engine and not oldest' --hypothesis-profile"
    assert f"{offline}{others} quarter $(ON_SERVERS)\n" in makefile
    assert "\nON_SERVERS := $(addprefix --ignore=,$(OFFLINE)) tests\n" in makefile
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\nmake test\nmake test-random\nmake test-engines\n" in run
