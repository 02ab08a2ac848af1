"""Tests that run an engine's program: which of them are run, and what becomes of the others.

`make test-engines` runs them all, `make test` none. Rule: nothing is left out silently. Where an
engine has not been built, the tests marked with its name are left out and the summary says so;
with `--every-engine`, as `make test-engines` has it, they fail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.edges.engines.find import engine_program
from reconciler.errors import Unavailable
from reconciler.model.engine import EngineName

_SENT_HOME = "engines_left_out"  # what a process of pytest-xdist tells the one with the summary


def why_missing(name: EngineName) -> str:
    """'' where the engine is at hand in a version that is known to work."""
    try:
        engine_program(name)
    except Unavailable as missing:
        return f"{missing.problems[0].message}: run `make engines`"
    return ""


class EngineTests:
    """A plugin of pytest."""

    def __init__(
        self, why_missing: Callable[[EngineName], str], *, every_engine: bool = False
    ) -> None:
        self._why_missing = why_missing
        self._every_engine = every_engine
        self._left_out: set[EngineName] = set()

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        if self._every_engine:
            return
        missing = {n for n in _engines_of(items) if self._why_missing(n)}
        without = [item for item in items if missing & _engines_of([item])]
        if without:
            config.hook.pytest_deselected(items=without)
            items[:] = [item for item in items if not missing & _engines_of([item])]
            self._left_out |= missing

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        for name in sorted(_engines_of([item])):
            if reason := self._why_missing(name):
                pytest.fail(reason, pytrace=False)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_SENT_HOME] = [name.value for name in sorted(self._left_out)]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", {})  # of one that crashed there is none
        self._left_out |= {EngineName(name) for name in output.get(_SENT_HOME, ())}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._left_out:
            names = ", ".join(sorted(self._left_out))
            terminalreporter.write_line(
                f"engines that are not there, so not tested: {names};"
                " `make test-engines` runs them all",
                yellow=True,
            )


def _engines_of(items: list[pytest.Item]) -> set[EngineName]:
    return {EngineName(m.args[0]) for item in items for m in item.iter_markers("engine")}
