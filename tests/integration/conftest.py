"""What tests with real servers share: each server in turn, and a fleet whose repository is on a
GitHub of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from reconciler.edges.server.process import RunningServer
from tests.fleet import Fleet
from tests.github_double.hub import Hub
from tests.github_double.server import serving
from tests.github_jobs import Jobs
from tests.integration.mysql_edges import SERVERS


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> RunningServer:
    found: RunningServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def jobs(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    hub = Hub(tmp_path)
    stamina.set_testing(True, attempts=2)
    with serving(hub) as double:
        made = Jobs(fleet, hub, double, tmp_path, monkeypatch)
        made.publish()
        yield made
    stamina.set_testing(False)
