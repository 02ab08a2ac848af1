"""Ledgers of every kind, for the suites that ask them alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.edges.ledger.tables import metadata, schema_version
from reconciler.edges.server.process import RunningServer
from tests.connections import admin_connection

OpenAnother = Callable[[], SqlLedger]
_SHAPE = """
SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLUMN_KEY, EXTRA,
  COLLATION_NAME
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
ORDER BY TABLE_NAME, ORDINAL_POSITION
"""


@dataclass
class KeptLedger:
    """A ledger on a server, made once for many tests: its tables take longer to make than most of
    what is asked of them. One that a test has altered is thrown away."""

    server: RunningServer
    database: str
    _made: object = None

    @property
    def url(self) -> str:
        login = f"{self.server.admin.user}:{self.server.admin.password}"
        return f"mysql://{login}@{self.server.host}:{self.server.port}/{self.database}"

    def open(self) -> SqlLedger:
        return open_ledger(self.url, default_file=Path("unused"))

    def make(self) -> None:
        """Nothing is in it, and no number was ever given."""
        if self._made is None:
            with admin_connection(self.server) as connection, connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {self.database}")
                cursor.execute(f"CREATE DATABASE {self.database} CHARACTER SET utf8mb4")
            self.open().close()
            self._made = self._shape()

    def empty(self) -> None:
        if self._shape() != self._made:
            self._made = None
            return
        with (
            admin_connection(self.server, self.database) as connection,
            connection.cursor() as cursor,
        ):
            for table in metadata.sorted_tables:
                if table.autoincrement_column is not None:
                    cursor.execute(f"TRUNCATE TABLE {table.name}")
                elif table is not schema_version:
                    cursor.execute(f"DELETE FROM {table.name}")

    def _shape(self) -> object:
        with (
            admin_connection(self.server, self.database) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(_SHAPE)
            columns = cursor.fetchall()
            cursor.execute(f"SELECT * FROM {schema_version.name}")
            return columns, cursor.fetchall()


@pytest.fixture(scope="session")
def kept_ledgers() -> dict[int, KeptLedger]:
    """By the port of their server."""
    return {}


@pytest.fixture(params=["file", "mysql_server", "mariadb_server"])
def open_another(
    request: pytest.FixtureRequest, tmp_path: Path, kept_ledgers: dict[int, KeptLedger]
) -> Iterator[OpenAnother]:
    """Opens the same ledger again, as another process would."""
    if request.param == "file":
        yield lambda: open_ledger(None, default_file=tmp_path / "new" / "ledger.sqlite")
        return
    server: RunningServer = request.getfixturevalue(request.param)
    kept = kept_ledgers.setdefault(server.port, KeptLedger(server, f"kept_ledger_{os.getpid()}"))
    kept.make()
    yield kept.open
    kept.empty()


@pytest.fixture
def ledger(open_another: OpenAnother) -> Iterator[SqlLedger]:
    opened = open_another()
    yield opened
    opened.close()
