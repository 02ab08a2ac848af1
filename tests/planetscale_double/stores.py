"""Where the branches' schemas are: in memory, or as databases of a real server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tests.connections import admin_connection
from tests.subjects import Server

Tables = dict[str, str]


class NotRun(Exception):
    """A statement that a branch does not take, and its server's words."""


class Store(Protocol):
    def copy(self, branch: str, parent: str) -> None: ...

    def drop(self, branch: str) -> None: ...

    def tables(self, branch: str) -> Tables: ...

    def execute(self, branch: str, sql: str) -> None: ...

    def restore(self, branch: str, tables: Tables) -> None: ...


@dataclass
class MemoryStore:
    """`meaning` is what a statement makes of which table: None drops it."""

    meaning: Mapping[str, tuple[str, str | None]]
    branches: dict[str, Tables] = field(default_factory=dict)

    def copy(self, branch: str, parent: str) -> None:
        self.branches[branch] = dict(self.branches[parent])

    def drop(self, branch: str) -> None:
        del self.branches[branch]

    def tables(self, branch: str) -> Tables:
        return self.branches[branch]

    def execute(self, branch: str, sql: str) -> None:
        if sql not in self.meaning:
            raise NotRun("You have an error in your SQL syntax")
        table, definition = self.meaning[sql]
        if definition is None:
            del self.branches[branch][table]
        else:
            self.branches[branch][table] = definition

    def restore(self, branch: str, tables: Tables) -> None:
        self.branches[branch] = dict(tables)


@dataclass
class MysqlStore:
    """A database for each branch, so that statements really run."""

    server: Server
    prefix: str

    def database(self, branch: str) -> str:
        return f"{self.prefix}_{branch.replace('-', '_')}"

    def create(self, branch: str, *statements: str) -> None:
        self._run(None, f"CREATE DATABASE `{self.database(branch)}`")
        for sql in statements:
            self._run(branch, sql)

    def copy(self, branch: str, parent: str) -> None:
        self.create(branch, *self.tables(parent).values())

    def drop(self, branch: str) -> None:
        self._run(None, f"DROP DATABASE `{self.database(branch)}`")

    def tables(self, branch: str) -> Tables:
        with admin_connection(self.server, self.database(branch)) as link, link.cursor() as cursor:
            cursor.execute("SHOW TABLES")
            found: Tables = {}
            for (name,) in cursor.fetchall():
                cursor.execute(f"SHOW CREATE TABLE `{name}`")
                row = cursor.fetchone()
                assert row is not None
                found[name] = row[1]
            return found

    def execute(self, branch: str, sql: str) -> None:
        self._run(branch, sql)

    def restore(self, branch: str, tables: Tables) -> None:
        for table in self.tables(branch):
            self._run(branch, f"DROP TABLE `{table}`")
        for definition in tables.values():
            self._run(branch, definition)

    def _run(self, branch: str | None, sql: str) -> None:
        database = None if branch is None else self.database(branch)
        with admin_connection(self.server, database) as link, link.cursor() as cursor:
            cursor.execute(sql)
