"""A user's fleet and repository for integration tests: real shards, a real git repository, and the
command line run as its user runs it."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql
import yaml

from reconciler.edges.server.process import RunningServer
from reconciler.model.fleet import even_shards
from tests.connections import admin_connection
from tests.scratch_servers import scratch_for

USERS = """CREATE TABLE users (
  id bigint unsigned NOT NULL,
  name varchar(50) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""
ORDERS = """CREATE TABLE orders (
  id bigint unsigned NOT NULL,
  user_id bigint unsigned NOT NULL,
  legacy int DEFAULT NULL,
  PRIMARY KEY (id),
  KEY idx_user (user_id),
  CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one command ended, with what it said on both streams."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass
class Fleet:
    """Shards on given servers, dealt out in turn, and a repository that describes them."""

    root: Path
    servers: Sequence[RunningServer]
    fresh_database: Callable[[RunningServer], str]
    monkeypatch: Any
    databases: dict[str, tuple[RunningServer, str]] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)

    def found(self, count: int = 4, tables: dict[str, str] | None = None) -> Fleet:
        """Make shards and files alike: nothing to do until somebody changes something."""
        tables = tables or {"users": USERS, "orders": ORDERS}
        for position, shard in enumerate(even_shards(count)):
            server = self.servers[position % len(self.servers)]
            self.databases[shard] = (server, self.fresh_database(server))
            with self.connected(shard) as cursor:
                for table in sorted(tables, key=lambda name: "REFERENCES" in tables[name]):
                    cursor.execute(tables[table])
        for table, text in tables.items():
            self.write(f"schemas/shop/{table}.sql", text)
        login = self.servers[0].admin
        # Where these tests are a job themselves, the people in them are at their own machines.
        self.monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
        self.monkeypatch.setenv("FLEET_PASSWORD", login.password)
        for number, server in enumerate(self.servers):
            self.monkeypatch.setenv(f"FLEET_PASSWORD_{number}", server.admin.password)
        scratch = scratch_for(self.servers[0])
        self.monkeypatch.setenv("FLEET_SCRATCH_PASSWORD", scratch.password)
        self.spec = {
            "version": 1,
            "keyspace": "shop",
            "schema": "schemas/shop",
            "environments": {
                "production": {
                    "connection": {"host": "127.0.0.1", "user": login.user},
                    "shards": [self._shard(shard) for shard in self.databases],
                    "scratch": {
                        "host": "127.0.0.1",
                        "port": scratch.port,
                        "user": scratch.user,
                        "password": "${FLEET_SCRATCH_PASSWORD}",
                    },
                    "rollout": {"waves": ["50%", "100%"], "parallel": 2},
                }
            },
            "policy": {"ignore_tables": ["_*"]},
        }
        self.write_spec()
        self.git("init", "--quiet", "--initial-branch=main")
        self.write(".gitignore", ".reconciler/\n")
        self.commit("as it is")
        return self

    @property
    def environment(self) -> dict[str, Any]:
        found: dict[str, Any] = self.spec["environments"]["production"]
        return found

    def _shard(self, shard: str) -> dict[str, Any]:
        server, database = self.databases[shard]
        number = list(self.servers).index(server)
        return {
            "name": shard,
            "connection": {
                "port": server.port,
                "database": database,
                "user": server.admin.user,
                "password": f"${{FLEET_PASSWORD_{number}}}",
            },
        }

    def write(self, path: str, text: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def edit(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert text.count(old) == 1, f"{path} does not hold {old!r} once"
        self.write(path, text.replace(old, new))

    def write_spec(self) -> None:
        self.write("specs/shop.yaml", yaml.safe_dump(self.spec, sort_keys=False))

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.test"]
        command = ["git", *identity, *arguments]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def plan_and_commit(self, message: str = "a change") -> str:
        """Write the plan as an author would; returns the commit."""
        ended = self.run("plan", "--write")
        assert ended.code == 0, ended.said
        return self.commit(message)

    def run(self, *arguments: str) -> Ended:
        """One command line, in this process: the same entry point, without the start-up time."""
        from reconciler.cli.main import run

        out, err = io.StringIO(), io.StringIO()
        is_placed = "-C" in arguments or arguments[0] == "show"  # `show` asks for no repository
        place = arguments if is_placed else (arguments[0], "-C", str(self.root), *arguments[1:])
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = run(place)
            except SystemExit as ended:
                code = int(ended.code or 0)
        return Ended(int(code), out.getvalue(), err.getvalue())

    @contextmanager
    def connected(self, shard: str) -> Iterator[pymysql.cursors.Cursor]:
        server, database = self.databases[shard]
        connection = admin_connection(server, database)
        with connection, connection.cursor() as cursor:
            yield cursor

    def sql(self, shard: str, statement: str) -> tuple[tuple[Any, ...], ...]:
        with self.connected(shard) as cursor:
            cursor.execute(statement)
            return tuple(cursor.fetchall())

    def definitions(self, shard: str) -> dict[str, str]:
        with self.connected(shard) as cursor:
            cursor.execute("SHOW TABLES")
            tables = sorted(str(row[0]) for row in cursor.fetchall())
            found = {}
            for table in tables:
                cursor.execute(f"SHOW CREATE TABLE `{table}`")
                found[table] = str((cursor.fetchone() or ("", ""))[1])
            return found

    def all_definitions(self) -> dict[str, dict[str, str]]:
        return {shard: self.definitions(shard) for shard in self.databases}
