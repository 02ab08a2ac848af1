"""A ledger whose server has no room left: nothing is half recorded, and with room it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from reconciler.edges.ledger.sql import open_ledger
from reconciler.edges.server.find import find_servers
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.errors import Unavailable
from reconciler.ledger.states import OperationState
from reconciler.model.server import Flavor
from tests.conftest import run_as_admin
from tests.contract.ledgers import begun, intent, moved_to, row_of

# All tables share one file that may not grow: to InnoDB that is a disk without room.
SMALL = {"innodb_data_file_path": "ibdata1:12M", "innodb_file_per_table": "OFF"}


@pytest.fixture
def small_server() -> Iterator[RunningServer]:
    newest = max(
        (found for found in find_servers() if found.version.flavor is Flavor.MYSQL),
        key=lambda found: found.version,
    )
    with start_server(newest, options=SMALL) as server:
        run_as_admin(server, "CREATE DATABASE ledger")
        yield server


def fill(server: RunningServer) -> None:
    run_as_admin(
        server, "CREATE TABLE ledger.filler (id int AUTO_INCREMENT PRIMARY KEY, x longblob)"
    )
    for size in (500_000, 50_000, 12_000):
        with pytest.raises(pymysql.err.OperationalError, match="is full"):
            fill_by(server, size)


def fill_by(server: RunningServer, size: int) -> None:
    while True:
        run_as_admin(server, f"INSERT INTO ledger.filler (x) VALUES (REPEAT('x', {size}))")


@pytest.mark.invariant("ST-9")
def test_without_room_nothing_is_recorded_and_with_room_it_goes_on(
    small_server: RunningServer,
) -> None:
    admin = small_server.admin
    address = f"{admin.user}:{admin.password}@{small_server.host}:{small_server.port}"
    ledger = open_ledger(f"mysql+pymysql://{address}/ledger", default_file=Path("unused"))
    lease = begun(ledger)
    fill(small_server)
    before = row_of(ledger, lease)
    large = intent(sql="ALTER TABLE `users` COMMENT '" + "x" * 1_000_000 + "'")
    with pytest.raises(Unavailable, match="its server has no room left"):
        ledger.record(lease, [moved_to(before, OperationState.RUNNING), large])
    assert row_of(ledger, lease) == before, "all of a write, or nothing"
    assert ledger.statements(lease.apply_id) == ()
    run_as_admin(small_server, "DROP TABLE ledger.filler")
    ledger.record(lease, [moved_to(before, OperationState.RUNNING), large])
    assert ledger.statements(lease.apply_id) == (large.row,)
    ledger.close()
