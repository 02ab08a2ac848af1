"""Whoever kills an apply in the middle of gh-ost's swap does not kill gh-ost there: the session
that would keep writers off the table ends with the apply."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.conftest import FreshDatabase
from tests.contract.engines.gh_ost import pids_of
from tests.integration.engines.held import SHARD, held_copy, of_engines
from tests.integration.engines.test_gh_ost_killed import is_at
from tests.integration.mysql_edges import admin_cursor
from tests.integration.rollouts import applying
from tests.waiting import PATIENCE_S, until


@pytest.mark.invariant("EN-53")
@of_engines((EngineName.GH_OST, "mysql_server"), (EngineName.GH_OST, "mariadb_server"))
def test_a_swap_comes_to_its_end_though_its_apply_was_killed_in_it(
    engine: EngineName,
    server: str,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    source: RunningServer = request.getfixturevalue(server)
    copy = held_copy(
        *(tmp_path / "shop", source, fresh_database, monkeypatch), engine=engine, rollout={}
    )
    with copy.fleet.connected(SHARD) as reader, applying(copy.fleet) as process:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM items")
        with admin_cursor(source) as looking:
            until(lambda: is_at(looking, "lock /* gh-ost */ table"), "the swap", pause_s=0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_S)
        assert pids_of(copy.database), "it waits for the reader"
        reader.execute("COMMIT")
        until(lambda: not pids_of(copy.database), "the end of gh-ost")
    copy.check_whole("bigint")
    resumed = copy.fleet.run("apply")
    assert resumed.code == 0, resumed.said
    assert [*copy.fleet.definitions(SHARD)] == ["items"], "nothing is left beside the table"
