"""`make quick` tells of each test once, and a process of it that dies fails the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.forked import TESTS_AT_ONCE_MIN, parts
from tests.suite.nested import ran

CONFTEST = """
from tests.forked import Forked

def pytest_configure(config):
    config.pluginmanager.register(Forked())
"""
TESTS = """
import os
import pytest

@pytest.fixture(scope="module", autouse=True)
def ends():
    yield
    print("torn down")

@pytest.mark.parametrize("number", range(40))
def test_holds(number):
    print("said by", number)
    assert number != 33

@pytest.mark.skipif("DIES" not in os.environ, reason="lives")
def test_dies():
    os._exit(0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS)
    return tmp_path


def test_each_test_is_told_of_once_and_what_fails_fails_the_run(folder: Path) -> None:
    ended = ran("pytest", folder)
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout + ended.stderr
    assert "1 failed, 39 passed, 1 skipped in" in ended.stdout
    assert "said by 33\n" in ended.stdout
    assert "said by 32\n" not in ended.stdout


def test_a_process_that_dies_fails_the_run(folder: Path) -> None:
    """Even if it says that all is well."""
    ended = ran("pytest", folder, "--deselect", "test_it.py::test_holds[33]", DIES="1")
    assert ended.returncode == 3, ended.stdout + ended.stderr
    told = "of 40 tests 1 have not ended, the first of them: test_it.py::test_dies"
    assert told in ended.stdout


@pytest.mark.parametrize("processes", [1, 2, 64])
@pytest.mark.parametrize("count", [0, 1, 5, 7_919])
@pytest.mark.parametrize("long", [0, 1])
def test_all_are_taken_in_ever_smaller_parts_and_long_ones_alone(
    count: int, processes: int, long: int
) -> None:
    alone = min(count, long * 40)
    taken = parts(count, long=alone, processes=processes)
    assert [place for part in taken for place in part] == [*range(count)]
    assert all(len(part) == 1 for part in taken[:alone])
    sizes = [len(part) for part in taken[alone:]]
    assert sizes == sorted(sizes, reverse=True)
    assert all(size >= TESTS_AT_ONCE_MIN for size in sizes[:-1])


@pytest.mark.parametrize("processes", [1, 4])
def test_what_shares_what_is_made_once_is_not_parted(processes: int) -> None:
    stays = [number % 24 != 23 for number in range(399)]
    taken = parts(400, processes=processes, stays=stays)
    assert [place for part in taken for place in part] == [*range(400)]
    assert {part.start % 24 for part in taken} == {0}
    assert len(taken) > processes
