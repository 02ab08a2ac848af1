"""Rollouts while everything is killed; `make chaos-temporal` has more of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.server import Flavor
from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.temporal.chaos import chaos
from tests.temporal.server import TemporalServer, temporal_server

pytestmark = pytest.mark.temporal


@pytest.fixture(scope="module")
def another_server() -> Iterator[RunningServer]:
    """Of the second region: it outlives the databases that a test has on it."""
    with start_server(find_server(Flavor.MYSQL)) as server:
        yield server


@pytest.mark.invariant("TM-5")
def test_no_statement_runs_twice_and_nobody_is_needed(
    mysql_server: RunningServer,
    another_server: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """On a Temporal server of its own, which is killed as well."""
    with temporal_server(tmp_path / "temporal") as temporal:
        servers = [mysql_server, another_server]
        fleet = Fleet(tmp_path / "shop", servers, fresh_database, monkeypatch).found()
        _kills(fleet, temporal, tmp_path)


def _kills(fleet: Fleet, temporal: TemporalServer, folder: Path) -> None:
    with chaos(fleet, temporal, folder / "machines") as runs:
        for seed in (1, 2):
            runs.run(seed)
        assert runs.kills.total() > 0
