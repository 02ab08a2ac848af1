"""Ledgers of every kind, for the suites that ask them alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.edges.server.process import RunningServer

OpenAnother = Callable[[], SqlLedger]


@pytest.fixture(params=["file", "mysql_server", "mariadb_server"])
def open_another(
    request: pytest.FixtureRequest, tmp_path: Path, fresh_database: Callable[[RunningServer], str]
) -> OpenAnother:
    """Opens the same ledger again, as another process would."""
    if request.param == "file":
        return lambda: open_ledger(None, default_file=tmp_path / "new" / "ledger.sqlite")
    server: RunningServer = request.getfixturevalue(request.param)
    login = f"{server.admin.user}:{server.admin.password}"
    url = f"mysql://{login}@{server.host}:{server.port}/{fresh_database(server)}"
    return lambda: open_ledger(url, default_file=Path("unused"))


@pytest.fixture
def ledger(open_another: OpenAnother) -> Iterator[SqlLedger]:
    opened = open_another()
    yield opened
    opened.close()
