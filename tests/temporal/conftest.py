"""One Temporal server and one MySQL for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.temporal.server import TemporalServer, temporal_server
from tests.temporal.stand import Stand, stand


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    with temporal_server(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture
def regions(
    temporal: TemporalServer,
    mysql_server: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Stand]:
    """Four shards on one server, two to each region."""
    fleet = Fleet(tmp_path / "shop", [mysql_server], fresh_database, monkeypatch).found()
    with stand(fleet, temporal, tmp_path / "machines") as made:
        yield made
