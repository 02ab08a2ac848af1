"""A second look lets a run pass that chance has failed, and no other."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.second_look import TESTS_MAX, TOLD_IN, Seen, status_of, worth_a_second_look
from tests.series import series
from tests.suite import nested
from tests.tidy.source import ROOT
from tests.yaml_cases import read_yaml

TESTS = """
import os
from pathlib import Path
import pytest

@pytest.mark.parametrize("n", range({tests}))
def test_it(n):
    ran = Path(__file__).with_name(f"ran-{{n}}")
    is_first = not ran.exists()
    ran.touch()
    {mishap}

@pytest.mark.parametrize("name", ["[a b]::c"])
def test_steady(name): pass
"""
CONFTEST = """
from tests.forked import Forked

def pytest_configure(config):
    if not hasattr(config, "workerinput") and not config.getoption("numprocesses"):
        config.pluginmanager.register(Forked(2))
"""
AT_FIRST = "assert not is_first"
ALWAYS = "assert False"
MAKE = f"""#!/bin/sh
case "$*" in check | "test WORKERS=2") ;; *) exit 0 ;; esac
echo "$PYTEST" >> "${TOLD_IN}"
exit "$STATUS"
"""
FAILED = Seen(status=1, passed=frozenset("ab"), failed=frozenset("c"))
PASSED = Seen(status=0, passed=frozenset("c"))


FORKED = ["forked"]
WAYS = pytest.mark.parametrize(
    "options", series([[], ["-n", "2"], FORKED]), ids=["one process", "two", "forked"]
)


def ran(
    folder: Path, *options: str, mishap: str, tests: int = 1
) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(TESTS.format(mishap=mishap, tests=tests))
    if [*options] == FORKED:
        options = ()
        (folder / "conftest.py").write_text(CONFTEST)
    return nested.ran("tests.second_look", folder, *options, **{TOLD_IN: str(folder / "told")})


def was_run_again(done: subprocess.CompletedProcess[str]) -> bool:
    return "run once more, alone: test_it.py::test_it[0]" in done.stdout


@WAYS
def test_what_passes_the_second_time_is_told_as_unsteady(
    tmp_path: Path, options: list[str]
) -> None:
    done = ran(tmp_path, *options, mishap=AT_FIRST, tests=TESTS_MAX)
    assert done.returncode == 0, done.stdout
    names = [f"test_it.py::test_it[{n}]" for n in range(TESTS_MAX)]
    told = (tmp_path / "told").read_text().splitlines()
    assert [line for line in told if not line.startswith(" ")] == names
    assert sum(line.startswith("    E       assert not True") for line in told) == TESTS_MAX
    last = done.stdout.partition(f"unsteady, passed when it was run once more: {names[-1]}\n")[2]
    assert last.splitlines() == told[told.index(names[-1]) + 1 :]
    assert "3 failed, 1 passed" in done.stdout
    assert "3 passed, 1 deselected" in done.stdout


@WAYS
def test_what_fails_again_fails_the_run_and_says_how_last(
    tmp_path: Path, options: list[str]
) -> None:
    done = ran(tmp_path, *options, mishap=ALWAYS)
    assert done.returncode == 1
    assert was_run_again(done)
    assert not (tmp_path / "told").exists()
    assert done.stdout.count("failed twice: ") == 1
    last = done.stdout.partition("failed twice: test_it.py::test_it[0]\n")[2].splitlines()
    assert all(line.startswith("    ") for line in last)
    assert "assert False" in last[-3]


def test_of_two_the_one_that_failed_again_is_told_last(tmp_path: Path) -> None:
    done = ran(tmp_path, mishap="assert not is_first and n", tests=2)
    assert done.returncode == 1
    others, _, last = done.stdout.partition("failed twice: test_it.py::test_it[0]\n")
    assert "failed, and did not fail when it was run once more: test_it.py::test_it[1]\n" in others
    assert "test_it[1]" not in last


def test_more_than_a_few_fail_the_run_at_once(tmp_path: Path) -> None:
    done = ran(tmp_path, mishap=AT_FIRST, tests=TESTS_MAX + 1)
    assert done.returncode == 1
    assert not was_run_again(done)
    assert done.stdout.count("\nfailed: test_it.py::test_it[") == TESTS_MAX + 1
    assert done.stdout.rstrip().endswith("AssertionError")


@WAYS
def test_a_process_that_dies_fails_the_run_at_once(tmp_path: Path, options: list[str]) -> None:
    done = ran(tmp_path, *options, mishap="os._exit(0)")
    assert done.returncode != 0
    assert not was_run_again(done)


def test_a_process_that_dies_in_the_second_look_fails_the_run(tmp_path: Path) -> None:
    done = ran(tmp_path, mishap="assert not is_first; os._exit(0)")
    assert done.returncode != 0
    assert was_run_again(done)


@pytest.mark.parametrize(
    ("options", "mishap", "status"),
    series(
        [
            (["--no-such-option"], AT_FIRST, 4),
            (["-k", "nothing"], AT_FIRST, 5),
            (["-n", "2"], "is not Python", 1),
        ]
    ),
)
def test_what_could_not_be_run_fails_the_run_at_once(
    tmp_path: Path, options: list[str], mishap: str, status: int
) -> None:
    done = ran(tmp_path, *options, mishap=mishap)
    assert (done.returncode, was_run_again(done)) == (status, False), done.stdout


@pytest.mark.parametrize(
    "seen",
    [
        PASSED,
        replace(FAILED, died=True),
        replace(FAILED, collection_failed=True),
        replace(FAILED, failed=frozenset()),
        replace(FAILED, failed=frozenset("cdef")),
        *(replace(FAILED, status=status) for status in (-11, 0, 2, 3, 4, 5)),
    ],
)
def test_only_a_few_failed_tests_are_worth_it(seen: Seen) -> None:
    assert worth_a_second_look(FAILED) == ("c",)
    assert worth_a_second_look(seen) == ()


@pytest.mark.parametrize(
    ("again", "status"),
    [
        (PASSED, 0),
        (replace(PASSED, passed=frozenset("ab")), 1),  # it was not found again
        (replace(PASSED, died=True), 1),
        (replace(PASSED, status=5), 5),
        (replace(PASSED, status=-11), -11),
    ],
)
def test_each_test_has_to_pass_in_the_second_look(again: Seen, status: int) -> None:
    assert status_of(FAILED, again) == status


def test_each_target_can_be_run_with_it() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    given = "PYTEST ?= $(BIN)/python -m pytest\n"
    assert given in makefile
    assert "-m pytest" not in makefile.replace(given, "")


def test_every_job_of_ci_that_tests_runs_with_it() -> None:
    jobs = read_yaml(ROOT / ".github/workflows/ci.yml")["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    bare = [one for one in commands if "make " in one]
    assert bare == ["make dist"]
    assert sum(".ci/run " in one for one in commands) == len(jobs) - 1


@pytest.mark.parametrize("arguments", [(), ("test", "WORKERS=2")], ids=["all", "one job"])
@pytest.mark.parametrize("status", [0, 2])
def test_ci_runs_with_it_and_tells_at_the_very_end(
    tmp_path: Path, status: int, arguments: tuple[str, ...]
) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    (tmp_path / "make").write_text(MAKE)
    (tmp_path / "make").chmod(0o700)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "STATUS": str(status)}
    done = subprocess.run(
        [tmp_path / ".ci" / "run", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    told = done.stdout.partition("unsteady tests, which ")[2].splitlines()
    assert told[1:] == [".venv/bin/python -m tests.second_look"]
