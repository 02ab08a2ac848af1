"""Rollouts while everything is killed; `make chaos-temporal` has more of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.temporal.chaos import chaos
from tests.temporal.server import TemporalServer, temporal_server

pytestmark = pytest.mark.temporal


@pytest.mark.invariant("TM-5")
def test_no_statement_runs_twice_and_nobody_is_needed(
    mysql_server: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """On a Temporal server of its own, which is killed as well."""
    fleet = Fleet(tmp_path / "shop", [mysql_server], fresh_database, monkeypatch).found()
    with temporal_server(tmp_path / "temporal") as temporal:
        _kills(fleet, temporal, tmp_path)


def _kills(fleet: Fleet, temporal: TemporalServer, folder: Path) -> None:
    with chaos(fleet, temporal, folder / "machines") as runs:
        for seed in (1, 2):
            runs.run(seed)
