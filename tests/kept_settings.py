"""A server that tests share keeps its settings: what a test changes and does not put back is named
at the end of its file, and put back, so that no other test fails for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pymysql.converters import escape_string

from reconciler.edges.server.process import RunningServer
from tests.connections import admin_connection

# They tell what was done, or where the server is in its log; nobody sets them.
_MOVE_BY_THEMSELVES = frozenset(
    {
        "gtid_binlog_pos",
        "gtid_binlog_state",
        "gtid_current_pos",
        "gtid_executed",
        "gtid_purged",
        "gtid_slave_pos",
        "innodb_buffer_pool_size",  # MariaDB gives memory back when the machine is short of it
        "server_uuid",
    }
)


class KeptSettings:
    """Of the servers of one test process."""

    def __init__(self) -> None:
        self._at_start: list[tuple[RunningServer, dict[str, str]]] = []

    def remember(self, server: RunningServer) -> None:
        self._at_start.append((server, _settings(server)))

    def put_back(self) -> list[str]:
        """What was not as at the start, one line a setting."""
        found: list[str] = []
        for server, before in self._at_start:
            now = _settings(server)
            for name in sorted(before.keys() & now.keys()):
                if now[name] != before[name]:
                    found.append(f"{server.version.series}: {name} is {now[name]!r}")
                    _set(server, name, before[name])
        return found


def _settings(server: RunningServer) -> dict[str, str]:
    with admin_connection(server) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL VARIABLES")
        return {
            str(name): str(value)
            for name, value in cursor.fetchall()
            if name not in _MOVE_BY_THEMSELVES
        }


def _set(server: RunningServer, name: str, value: str) -> None:
    said = value if value.isdigit() else f"'{escape_string(value)}'"
    with admin_connection(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET GLOBAL {name} = {said}")


KEPT = KeptSettings()


@pytest.fixture(scope="module", autouse=True)
def kept_settings() -> Iterator[None]:
    yield
    if left := KEPT.put_back():
        pytest.fail("settings of a shared server were left changed: " + "; ".join(left))
