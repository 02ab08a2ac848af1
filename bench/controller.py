"""What a controller costs that has nothing to do: `python bench/controller.py [SECONDS]`.

One keyspace of two shards, on a server that has the ledger too. The controller leads, has found
that there is nothing to do, and has looked for drift. Then, over SECONDS (120 if none is named),
its CPU time, that of the gits which it starts with it, and at the end the memory that is its own
(PSS). A figure that is over its bound ends the command with 1.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pymysql
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.edges.server.process import RunningServer, start_server

SHARDS = ("-80", "80-")
TABLE = "CREATE TABLE users (id bigint NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB"
PASSWORD = "SCHEMA_PASSWORD"
SHARE_MAX = 0.005
MEMORY_MB_MAX = 120
SETTLED_S_MAX = 180.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 120.0
    with start_server() as server, tempfile.TemporaryDirectory() as folder:
        clone = made(server, Path(folder))
        environ = {**os.environ, PASSWORD: server.admin.password}
        log = Path(folder) / "log"
        command = [sys.executable, "-m", "reconciler", "run", "-C", str(clone)]
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*command, "--serve", "127.0.0.1:0"], stdout=said, stderr=said, env=environ
            )
        try:
            settle(process, log)
            before_s, began_s = cpu_s(process.pid), time.monotonic()
            time.sleep(seconds)
            share = (cpu_s(process.pid) - before_s) / (time.monotonic() - began_s)
            memory = memory_mb(process.pid)
            print(
                f"idle: {share:.2%} of a core (at most {SHARE_MAX:.1%}),"
                f" {memory:.0f} MB (at most {MEMORY_MB_MAX})"
            )
            if share > SHARE_MAX or memory > MEMORY_MB_MAX:
                sys.exit(1)
        finally:
            process.terminate()
            process.wait()


def made(server: RunningServer, folder: Path) -> Path:
    """Databases as the files say they are, and a clone of a repository with these files."""
    databases = {shard: f"shard_{number}" for number, shard in enumerate(SHARDS)}
    host, port, user, password = server.host, server.port, server.admin.user, server.admin.password
    with (
        pymysql.connect(host=host, port=port, user=user, password=password) as connection,
        connection.cursor() as cursor,
    ):
        for database in (*databases.values(), "ledger"):
            cursor.execute(f"CREATE DATABASE {database}")
        for database in databases.values():
            cursor.execute(f"USE {database}")
            cursor.execute(TABLE)
    login = {"host": host, "port": port, "user": user, "password": f"${{{PASSWORD}}}"}
    spec = {
        "version": 1,
        "keyspace": "shop",
        "schema": "schemas/shop",
        "environments": {
            "production": {
                "connection": login,
                "shards": [
                    {"name": shard, "connection": {"database": database}}
                    for shard, database in databases.items()
                ],
                "ledger": f"mysql://{user}:${{{PASSWORD}}}@{host}:{port}/ledger",
            }
        },
    }
    origin, clone = folder / "origin", folder / "clone"
    (origin / "specs").mkdir(parents=True)
    (origin / "schemas" / "shop").mkdir(parents=True)
    (origin / "specs" / "shop.yaml").write_text(yaml.safe_dump(spec))
    (origin / "schemas" / "shop" / "users.sql").write_text(f"{TABLE};\n")
    git = ["git", "-C", str(origin), "-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for words in (
        [*git, "init", "--quiet", "--initial-branch=main"],
        [*git, "add", "--all"],
        [*git, "commit", "--quiet", "--message=as it is"],
        ["git", "clone", "--quiet", "--no-checkout", str(origin), str(clone)],
    ):
        subprocess.run(words, check=True)
    return clone


def settle(process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it has found that there is nothing to do."""
    until_s = time.monotonic() + SETTLED_S_MAX
    while True:
        said = log.read_text()
        if re.search("apply: nothing to do", said) and re.search("drift: matches git", said):
            break
        if process.poll() is not None or time.monotonic() > until_s:
            sys.exit(said)
        time.sleep(0.5)
    time.sleep(5)


def cpu_s(pid: int) -> float:
    """Of the process and of the children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS_PER_S


def memory_mb(pid: int) -> float:
    """PSS: pages that it shares with others count by their share."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB$", rollup, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
