"""Plans many small keyspaces in one command, one process: `python bench/keyspaces.py [COUNT]`.

Prints the time for each keyspace relative to one planned alone, which pays for the start-up.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.edges.client.target import Target
from reconciler.edges.server.process import RunningServer, start_server
from tests.connections import admin_connection
from tests.scratch_servers import scratch_for

TABLES = {
    "users": "id bigint unsigned NOT NULL, name varchar(50) NOT NULL, PRIMARY KEY (id)",
    "orders": "id bigint unsigned NOT NULL, total int NOT NULL, PRIMARY KEY (id), KEY t (total)",
    "notes": "id int NOT NULL, body text, PRIMARY KEY (id)",
}
ENDING = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 800
    with start_server() as server, tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        scratch = scratch_for(server)
        _found(server, scratch, root, count)
        environ = {
            **os.environ,
            "SCHEMA_BENCH_PASSWORD": server.admin.password,
            "SCRATCH_BENCH_PASSWORD": scratch.password,
        }
        alone = _plan(root, environ, "ks0000")
        together = _plan(root, environ)
    print(f"one keyspace alone        {alone:8.2f} s")
    print(f"{count} keyspaces together   {together:8.2f} s, {together / count * 1000:.0f} ms each")
    print(f"each costs {together / count / alone:.2f} of one alone")


def _plan(root: Path, environ: dict[str, str], *keyspaces: str) -> float:
    command = [sys.executable, "-m", "reconciler", "plan", "-C", str(root), *keyspaces]
    started = time.perf_counter()
    subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _found(server: RunningServer, scratch: Target, root: Path, count: int) -> None:
    """Every keyspace needs one column more than its shard has."""
    login = {
        "host": server.host,
        "port": server.port,
        "user": server.admin.user,
        "password": "${SCHEMA_BENCH_PASSWORD}",
    }
    scratch_login = {
        "host": scratch.host,
        "port": scratch.port,
        "user": scratch.user,
        "password": "${SCRATCH_BENCH_PASSWORD}",
    }
    (root / "specs").mkdir()
    with admin_connection(server) as connection, connection.cursor() as cursor:
        for number in range(count):
            name = f"ks{number:04}"
            cursor.execute(f"CREATE DATABASE {name}")
            folder = root / "schemas" / name
            folder.mkdir(parents=True)
            for table, body in TABLES.items():
                cursor.execute(f"CREATE TABLE {name}.{table} ({body}) {ENDING}")
                more = ", added int DEFAULT NULL" if table == "users" else ""
                (folder / f"{table}.sql").write_text(
                    f"CREATE TABLE {table} ({body}{more}) {ENDING}"
                )
            spec = {
                "version": 1,
                "keyspace": name,
                "schema": f"schemas/{name}",
                "environments": {
                    "production": {
                        "connection": {**login, "database": name},
                        "shards": ["-"],
                        "scratch": scratch_login,
                    }
                },
            }
            (root / "specs" / f"{name}.yaml").write_text(yaml.safe_dump(spec))


if __name__ == "__main__":
    main()
