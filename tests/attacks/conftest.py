"""Fleets that the attacks are made on."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from tests.conftest import FreshDatabase
from tests.fleet import Fleet


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def small_fleet(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Fleet:
    """Two shards on one server of each flavor; the first is a wave of its own."""
    server: RunningServer = request.getfixturevalue(request.param)
    fleet = Fleet(tmp_path / "shop", [server], fresh_database, monkeypatch).found(2)
    fleet.environment["rollout"] = {
        "canary": ["-80"],
        "parallel": 1,
        "lock_wait": "1s",
        "lock_retries": 30,
    }
    fleet.write_spec()
    fleet.commit("one shard after the other")
    return fleet
