"""A catalog of routes without a server: it answers what the reference client asks, keeps the
leases, and fails when it is told to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pymysql

KEYSPACE = ("production", "commerce")
Row = tuple[str, str, str, str, str]


def row(shard: str, place: str | None = None, state: str = "active") -> Row:
    start, _, end = shard.partition("-")
    return (shard, place or shard, state, start, end)


@dataclass
class OfflineCatalog:
    """`at_commit` is called when the lease was stored and its answer is under way."""

    version: int = 1
    rows: tuple[Row, ...] = (row("-80"), row("80-"))
    key_function: str = "xxhash"
    leases: dict[str, int] = field(default_factory=dict)
    is_down: bool = False
    looks: int = 0
    connections: int = 0
    at_commit: Callable[[], None] = lambda: None

    def connect(self) -> Any:
        if self.is_down:
            raise pymysql.err.OperationalError(2003, "cannot be reached")
        self.connections += 1
        return OfflineConnection(self)


@dataclass
class OfflineConnection:
    catalog: OfflineCatalog
    _found: list[tuple[Any, ...]] = field(default_factory=list)
    _lease: tuple[str, int] | None = None

    def __enter__(self) -> OfflineConnection:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def cursor(self) -> OfflineConnection:
        return self

    def get_server_info(self) -> str:
        return "9.7.4"

    def begin(self) -> None:
        if self.catalog.is_down:
            raise pymysql.err.OperationalError(2013, "lost")
        self.catalog.looks += 1

    def execute(self, sql: str, values: tuple[Any, ...]) -> None:
        assert values[:2] == KEYSPACE
        match sql.split()[0], sql:
            case "SELECT", _ if "key_function" in sql:
                assert "FOR SHARE" in sql, "no version begins between the look and the lease"
                found = (self.catalog.version, self.catalog.key_function)
                self._found = [found] if self.catalog.version else []
            case "SELECT", _:
                self._found = list(self.catalog.rows)
            case "INSERT", _:
                self._lease = (values[2], values[3])
            case "DELETE", _:
                self.catalog.leases.pop(values[2], None)

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._found[0] if self._found else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._found

    def commit(self) -> None:
        if self._lease is not None:
            self.catalog.leases.update([self._lease])
            self._lease = None
            self.catalog.at_commit()

    def rollback(self) -> None:
        self._lease = None

    def close(self) -> None:
        pass
