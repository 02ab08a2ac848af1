"""`python -m tests.second_look` in the place of `python -m pytest`: where few tests fail, they are
run once more, alone, before the whole run is in vain.

Rules: a test that fails again fails the run. So does anything else than a few failed tests: more of
them, a collection that failed, a process of pytest that died or said nothing. A test that passes
the second time is named as unsteady, for somebody to make it steady: never passed over in silence.
How a test failed stands behind everything else: who reads the end of a long log has it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

#: More of them have a cause in common, which is not chance.
TESTS_MAX = 3
#: Of more of them, how they failed stands further up only.
TOLD_MAX = 10
#: The place, and what was met there, is at a traceback's end.
HOW_LINES_MAX = 40
#: Names a file to which unsteady tests are added: each with how it failed, indented, below it.
TOLD_IN = "UNSTEADY_TESTS"

_NOTES, _ONLY = "--second-look-notes", "--second-look-only"
_FAILED = int(pytest.ExitCode.TESTS_FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One run, by its own notes. `died`: a process of it has, or it came to no end. `how`: the
    tracebacks of those that failed."""

    status: int
    passed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    how: Mapping[str, str] = field(default_factory=dict)
    died: bool = False
    collection_failed: bool = False


def worth_a_second_look(seen: Seen) -> tuple[str, ...]:
    """The tests that are run once more; none where that would hide something."""
    is_chance = seen.status == _FAILED and not seen.died and not seen.collection_failed
    return tuple(sorted(seen.failed)) if is_chance and len(seen.failed) <= TESTS_MAX else ()


def status_of(first: Seen, again: Seen | None) -> int:
    """What the two of them come to; 0 only where each test has passed once."""
    if again is None:
        return first.status or (_FAILED if first.died else 0)
    if again.died or not first.failed <= again.passed:
        return again.status or _FAILED
    return again.status


def main(arguments: Sequence[str]) -> int:
    first = _run(arguments, only=())
    names = worth_a_second_look(first)
    if not names:
        _say("failed:", sorted(first.failed), first)
        return status_of(first, None)
    print(f"\nrun once more, alone: {', '.join(names)}\n", flush=True)
    again = _run([*arguments, "-n", "0"], only=names)
    status = status_of(first, again)
    if status == 0:
        _say("unsteady, passed when it was run once more:", names, first)
        _keep(names, first)
    else:
        steady = sorted(set(names) - again.failed)
        _say("failed, and did not fail when it was run once more:", steady, first)
        _say("failed twice:", sorted(again.failed), again)
    return status


def _say(what: str, names: Sequence[str], seen: Seen) -> None:
    for name in names[:TOLD_MAX]:
        print(f"\n{what} {name}", *_how(name, seen), sep="\n", flush=True)
    if left_out := len(names[TOLD_MAX:]):
        print(f"\n{what} {left_out} more", flush=True)


def _keep(names: Iterable[str], seen: Seen) -> None:
    if path := os.environ.get(TOLD_IN):
        with Path(path).open("a", encoding="utf-8") as told:
            for name in names:
                told.writelines(f"{line}\n" for line in (name, *_how(name, seen)))


def _how(name: str, seen: Seen) -> list[str]:
    lines = seen.how.get(name, "").splitlines()
    return [f"    {line}" for line in lines[-HOW_LINES_MAX:]]


def _run(arguments: Sequence[str], *, only: Sequence[str]) -> Seen:
    with TemporaryDirectory() as folder:
        notes, chosen = Path(folder) / "notes", Path(folder) / "only"
        options = [f"{_NOTES}={notes}"]
        if only:
            chosen.write_text(json.dumps(list(only)), encoding="utf-8")
            options.append(f"{_ONLY}={chosen}")
        status = _pytest(["-p", "tests.second_look", *options, *arguments])
        if not notes.exists():
            return Seen(status=status, died=True)
        told = json.loads(notes.read_text(encoding="utf-8"))
    return Seen(
        status=status,
        passed=frozenset(told["passed"]),
        failed=frozenset(told["failed"]),
        how=told["failed"],
        died=told["died"],
        collection_failed=told["collection_failed"],
    )


def _pytest(arguments: Sequence[str]) -> int:
    """Its status. Whoever ends this ends it: it has servers to stop."""
    process = subprocess.Popen([sys.executable, "-m", "pytest", *arguments])
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # it was told by the same key


class _Notes:
    """Of the process that hears of every test. Written at the end: a run that does not get there
    has none."""

    def __init__(self, path: Path, only: frozenset[str]) -> None:
        self._path = path
        self._only = only
        self._passed: set[str] = set()
        self._failed: dict[str, str] = {}
        self._died = False
        self._collection_failed = False

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        if self._only:
            config.hook.pytest_deselected(items=[i for i in items if i.nodeid not in self._only])
            items[:] = [item for item in items if item.nodeid in self._only]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._collection_failed = self._collection_failed or report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.setdefault(report.nodeid, report.longreprtext)
        elif report.passed and report.when == "call":
            self._passed.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: Any) -> None:
        self._died = self._died or error is not None

    def pytest_sessionfinish(self) -> None:
        told = {
            "passed": sorted(self._passed - self._failed.keys()),
            "failed": self._failed,
            "died": self._died,
            "collection_failed": self._collection_failed,
        }
        self._path.write_text(json.dumps(told), encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(_NOTES, type=Path, help="where to write which tests failed")
    parser.addoption(_ONLY, type=Path, help="a file of the tests that are run, no others")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # of pytest-xdist, which tells the process that writes
        return
    only: Path | None = config.getoption(_ONLY)
    names = json.loads(only.read_text(encoding="utf-8")) if only is not None else []
    config.pluginmanager.register(_Notes(config.getoption(_NOTES), frozenset(names)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
