"""Tests that run on a Temporal server: when they are run, and what they are given.

Rules: nothing is left out silently. `make test-temporal` (`--temporal`) runs them, and a server
that is missing is a failure there; any other run leaves them out and says so.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.temporal.server import temporal_program


class TemporalTests:
    """A plugin of pytest."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._left_out = 0

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        if self._wanted:
            return
        out = [item for item in items if item.get_closest_marker("temporal")]
        if out:
            config.hook.pytest_deselected(items=out)
            items[:] = [item for item in items if not item.get_closest_marker("temporal")]
            self._left_out = len(out)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if item.get_closest_marker("temporal") and temporal_program() is None:
            pytest.fail("temporal is not on this machine: run `make temporal`", pytrace=False)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["temporal_left_out"] = self._left_out

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", {})  # of one that crashed there is none
        self._left_out = max(self._left_out, output.get("temporal_left_out", 0))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._left_out:
            terminalreporter.write_line(
                f"tests on a Temporal server that were left out: {self._left_out};"
                " `make test-temporal` runs them",
                yellow=True,
            )
