"""How long a plan of a whole fleet takes, against `skeema diff`, a bare loop and the wire.

    python bench/fleet.py [--shards 64] [--tables 50] [--servers 2] [--case nothing] [--pairs 3]
                          [--keep bench/RESULTS.md]

Every contender reads every definition of every shard on the same servers, one after the other, so
often; the first round is thrown away, and what counts are the medians, which `--keep` writes down.
`wire` is what nobody can do without: a connection for each server that asks for every definition
and waits for none of them. `loop` is what a script does: connect, ask, wait. Skeema joins in where
`tools/fetch-skeema` has put it, or where it is on the PATH.

Cases: `nothing` to do; `one` table that wants a column on all shards; a `tenth` of the shards whose
one table has another comment than git.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pymysql

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import connect
from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.server import Flavor

GOAL_AGAINST_SKEEMA = 6.0
GOAL_AGAINST_WIRE = 3.0
TABLE = """CREATE TABLE `t{number:04d}` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `tenant_id` int unsigned NOT NULL,
  `status` enum('new','active','paid','void') NOT NULL DEFAULT 'new',
  `name` varchar({size}) NOT NULL DEFAULT '' COMMENT 'as people call number {number}',
  `amount` decimal(12,2) DEFAULT NULL,
  `settings` json DEFAULT NULL,
  `made_at` datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  `note` text,
  PRIMARY KEY (`id`),
  UNIQUE KEY `by_name` (`tenant_id`,`name`),
  KEY `by_time` (`made_at`),
  KEY `by_status` (`status`,`made_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT='table {number}'
"""
ADDED = "  `added` int unsigned DEFAULT NULL COMMENT 'new',\n"

Seconds = float


def main() -> int:
    options = parse()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-fleet-")))
        servers = [
            stack.enter_context(start_server(find_server(Flavor.MYSQL)))
            for _ in range(options.servers)
        ]
        databases = {
            f"shop_{number:04d}": servers[number % len(servers)] for number in range(options.shards)
        }
        tables = [TABLE.format(number=n, size=50 + n) for n in range(options.tables)]
        make_fleet(databases, tables)
        if options.case == "tenth":
            diverge([*databases.items()][::10])
        wanted = list(tables)
        if options.case == "one":
            wanted[0] = wanted[0].replace("  PRIMARY KEY", f"{ADDED}  PRIMARY KEY", 1)
        contenders = dict(contenders_of(folder, servers, databases, wanted))
        told = report(options, measured(contenders, options.pairs))
    print(told)
    if options.keep is not None:
        keep(options.keep, told)
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, default=64)
    parser.add_argument("--tables", type=int, default=50)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--case", choices=["nothing", "one", "tenth"], default="nothing")
    return parser.parse_args()


def make_fleet(databases: dict[str, RunningServer], tables: Sequence[str]) -> None:
    for database, server in databases.items():
        run(server, [f"CREATE DATABASE {database}", f"USE {database}", *tables])


def diverge(shards: Sequence[tuple[str, RunningServer]]) -> None:
    for database, server in shards:
        run(server, [f"ALTER TABLE {database}.t0000 COMMENT = 'another'"])


def run(server: RunningServer, statements: Sequence[str]) -> None:
    with admin(server) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def admin(server: RunningServer) -> pymysql.Connection:
    login = server.admin
    return pymysql.connect(
        host=server.host,
        port=server.port,
        user=login.user,
        password=login.password,
        autocommit=True,
        ssl_disabled=True,
    )


def contenders_of(
    folder: Path,
    servers: Sequence[RunningServer],
    databases: dict[str, RunningServer],
    wanted: Sequence[str],
) -> Iterator[tuple[str, Callable[[], None]]]:
    yield "reconciler plan", ours(folder / "repository", databases, wanted)
    if (program := skeema()) is not None:
        yield "skeema diff", theirs(folder / "skeema", program, servers, wanted)
    yield "loop", lambda: loop(databases, len(wanted))
    yield "wire", lambda: wire(servers, databases, len(wanted))


def ours(
    folder: Path, databases: dict[str, RunningServer], wanted: Sequence[str]
) -> Callable[[], None]:
    schemas = folder / "schemas" / "shop"
    schemas.mkdir(parents=True)
    for number, text in enumerate(wanted):
        (schemas / f"t{number:04d}.sql").write_text(f"{text.strip()};\n")
    login = next(iter(databases.values())).admin
    shards = "".join(
        f'      - {{name: "{database.removeprefix("shop_")}", connection: {{port: "{server.port}",'
        f' password: "${{SCHEMA_P{server.port}}}"}}}}\n'
        for database, server in databases.items()
    )
    (folder / "specs").mkdir()
    (folder / "specs" / "shop.yaml").write_text(
        "version: 1\nkeyspace: shop\nschema: schemas/shop\nenvironments:\n  production:\n"
        f'    connection: {{host: 127.0.0.1, database: "shop_{{shard}}", user: {login.user}}}\n'
        f"    shards:\n{shards}"
    )
    passwords = {f"SCHEMA_P{one.port}": one.admin.password for one in databases.values()}
    command = [sys.executable, "-m", "reconciler", "plan", "shop"]
    # As an installed command is: compiled before, wherever compiled files may be written.
    compiled = {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
    return lambda: ended(command, folder, {**passwords, **compiled}, codes=(0,))


def theirs(
    folder: Path, program: Path, servers: Sequence[RunningServer], wanted: Sequence[str]
) -> Callable[[], None]:
    """Each server has a password of its own, and an environment of Skeema's one for all."""
    folder.mkdir()
    login, password = servers[0].admin.user, servers[0].admin.password
    for server in servers[1:]:
        run(
            server,
            [f"ALTER USER CURRENT_USER() IDENTIFIED BY '{password}' RETAIN CURRENT PASSWORD"],
        )
    (folder / ".skeema").write_text(
        "default-character-set=utf8mb4\ndefault-collation=utf8mb4_0900_ai_ci\nschema=/^shop_/\n"
        f"[production]\nhost={','.join(f'127.0.0.1:{one.port}' for one in servers)}\n"
        f"user={login}\nconcurrent-instances={len(servers)}\n"
    )
    for number, text in enumerate(wanted):
        (folder / f"t{number:04d}.sql").write_text(f"{text.strip()};\n")
    command = [str(program), "diff", "production"]
    return lambda: ended(command, folder, {"MYSQL_PWD": password}, codes=(0, 1))


def skeema() -> Path | None:
    folders = sorted(Path(".servers").glob("skeema-*/bin"))
    found = [*folders, *map(Path, os.environ.get("PATH", "").split(os.pathsep))]
    return next((at.resolve() / "skeema" for at in found if (at / "skeema").is_file()), None)


def ended(
    command: Sequence[str], folder: Path, environment: dict[str, str], *, codes: Sequence[int]
) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in codes:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")


def loop(databases: dict[str, RunningServer], tables: int) -> None:
    for database, server in databases.items():
        with admin(server) as connection, connection.cursor() as cursor:
            cursor.execute(f"USE {database}")
            for number in range(tables):
                cursor.execute(f"SHOW CREATE TABLE t{number:04d}")
                cursor.fetchall()


def wire(
    servers: Sequence[RunningServer], databases: dict[str, RunningServer], tables: int
) -> None:
    def ask(server: RunningServer) -> None:
        asked = [
            f"SHOW CREATE TABLE {database}.t{number:04d}"
            for database, owner in databases.items()
            if owner is server
            for number in range(tables)
        ]
        with connect(target_of(server), with_database=False) as link:
            for _ in link.ask_ahead(asked):
                pass

    threads = [threading.Thread(target=ask, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def target_of(server: RunningServer) -> Target:
    return Target(
        label="the wire",
        host=server.host,
        port=server.port,
        socket=None,
        database=None,
        user=server.admin.user,
        password=server.admin.password,
        tls=None,
        connect_timeout_s=10,
        read_timeout_s=60,
    )


def measured(
    contenders: dict[str, Callable[[], None]], pairs: int
) -> dict[str, tuple[Seconds, ...]]:
    """In turns, so that what else the machine does is everybody's."""
    found: dict[str, list[Seconds]] = {name: [] for name in contenders}
    for _ in range(pairs + 1):
        for name, work in contenders.items():
            began = time.perf_counter()
            work()
            found[name].append(time.perf_counter() - began)
    return {name: tuple(seconds[1:]) for name, seconds in found.items()}


def report(options: argparse.Namespace, found: dict[str, tuple[Seconds, ...]]) -> str:
    fleet = f"{options.shards} shards of {options.tables} tables on {options.servers} servers"
    lines = [f"{fleet}, case `{options.case}`, medians of {options.pairs}:"]
    medians = {name: statistics.median(seconds) for name, seconds in found.items()}
    own = medians["reconciler plan"]
    for name, median in medians.items():
        lines.append(f"  {name:16} {median:7.2f} s  {median / own:5.2f} times ours")
    told = [f"{own / medians['wire']:.1f} times the wire (goal: {GOAL_AGAINST_WIRE:.0f})"]
    if (other := medians.get("skeema diff")) is not None:
        told.append(f"{other / own:.1f} times as fast as Skeema (goal: {GOAL_AGAINST_SKEEMA:.0f})")
    return "\n".join([*lines, f"  {'; '.join(told)}"])


def keep(file: Path, told: str) -> None:
    cores, busy = os.cpu_count(), os.getloadavg()[0]
    command = " ".join(["python", "bench/fleet.py", *sys.argv[1:]])
    version = platform.python_version()
    with file.open("a", encoding="utf-8") as results:
        machine = f"Python {version}, {cores} cores, load {busy:.1f}"
        results.write(f"\n`{command}`, {machine}:\n\n```\n{told}\n```\n")


if __name__ == "__main__":
    sys.exit(main())
