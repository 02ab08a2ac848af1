"""How long a plan of a whole fleet takes, against `skeema diff`, a bare loop and the wire.

    python bench/fleet.py                                     the whole table, in an hour or two
    python bench/fleet.py --sizes 4x50,64x50 [--pairs 3]      of these fleets alone
    python bench/fleet.py --shards 64 [--tables 50] [--servers 4] [--case nothing] [--cold]
                          [--latency-ms 0] [--pairs 3]        one row of it
    ... [--keep bench/RESULTS.md]                             and write it down

Every contender reads every definition of every shard on the same servers, one after the other, so
often; the first round is thrown away, and what counts are the medians. `wire` is what nobody can do
without: a connection for each server that asks for every definition and waits for none of them.
`loop` is what a script does: connect, ask, wait. Skeema joins in where `tools/fetch-skeema` has put
it, or where it is on the PATH.

The servers have room for all of their tables. Warm, they have them open from the round before;
cold, they open each anew (FLUSH TABLES before each contender). With a latency, a proxy before each
server holds back all that is sent to it.

Cases: `nothing` to do; `one` table that wants a column on all shards; a `tenth` of the shards whose
one table has another comment than git.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pymysql

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.observing import slow_port
from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import connect
from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.server import Flavor

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

# Shards by tables; more tables on so many shards would take hours to make.
SIZES = ("1x50", "4x50", "64x50", "256x50", "256x5", "1024x5", "4096x5")
SERVERS = 4
LATENCY_MS = 5.0
# A loop that waits for each answer: of so many it takes minutes.
LOOP_ANSWERS_MAX = 4_000
# Rounds of one row are given up when it has taken so long; one always counts.
ROW_S_MAX = 150.0


@dataclass(frozen=True)
class Row:
    """What is measured together: a fleet in one state."""

    shards: int
    tables: int
    case: str = "nothing"
    cold: bool = False
    latency_ms: float = 0.0

    def __str__(self) -> str:
        state = "cold" if self.cold else "warm"
        fleet = f"{self.shards} x {self.tables}"
        return f"| {fleet} | {self.case} | {state} | {self.latency_ms:.0f} ms |"


@dataclass(frozen=True)
class Ran:
    """One contender's turn; 0 for what was not measured."""

    seconds: Seconds
    peak_mb: float = 0.0
    first_line_s: Seconds = 0.0


Contender = Callable[[], Ran]


def main() -> int:
    options = parse()
    sizes = [tuple(map(int, size.split("x"))) for size in options.sizes.split(",")]
    if options.shards:
        sizes = [(options.shards, options.tables)]
    found: dict[Row, dict[str, Ran]] = {}
    print(HEADER, flush=True)
    for shards, tables in sizes:
        rows = rows_of(shards, tables)
        if options.shards:
            rows = [Row(shards, tables, options.case, options.cold, options.latency_ms)]
        found |= measured_fleet(rows, options.servers, options.pairs)
    told = [f"- {line}" for line in against_goals(found)]
    print("\n".join(told))
    if options.keep is not None:
        lines = [HEADER, *(row_told(row, ran) for row, ran in found.items()), "", *told]
        keep(options.keep, "\n".join(lines))
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--shards", type=int)
    parser.add_argument("--tables", type=int, default=50)
    parser.add_argument("--servers", type=int, default=SERVERS)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--case", choices=["nothing", "one", "tenth"], default="nothing")
    return parser.parse_args()


def rows_of(shards: int, tables: int) -> list[Row]:
    """In an order in which the fleet is made once: what a tenth of it differs in comes last."""
    warm = Row(shards, tables)
    states = [warm, replace(warm, cold=True), replace(warm, latency_ms=LATENCY_MS)]
    one = [Row(shards, tables, "one")] if tables > 5 else []
    tenth = [replace(state, case="tenth") for state in states] if shards >= 10 else []
    return [*states, *one, *tenth]


def measured_fleet(rows: Sequence[Row], servers: int, pairs: int) -> dict[Row, dict[str, Ran]]:
    first, found = rows[0], dict[Row, dict[str, Ran]]()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-fleet-")))
        count = min(servers, first.shards)
        room = str(2 * first.tables * -(-first.shards // count) + 1_000)
        sized = {"table_definition_cache": room, "table_open_cache": room}
        sized["table_open_cache_instances"] = "1"  # each session would have a part of them
        started = [
            stack.enter_context(start_server(find_server(Flavor.MYSQL), options=sized))
            for _ in range(count)
        ]
        one_password(started)
        late = [
            replace(one, port=stack.enter_context(slow_port(one, LATENCY_MS / 1000)))
            if any(row.latency_ms for row in rows) else one
            for one in started
        ]  # fmt: skip
        tables = [TABLE.format(number=n, size=50 + n) for n in range(first.tables)]
        make_fleet(databases_on(started, first.shards), tables)
        has_diverged = False
        for number, row in enumerate(rows):
            if row.case == "tenth" and not has_diverged:
                diverge([*databases_on(started, row.shards).items()][::10])
                has_diverged = True
            reached = late if row.latency_ms else started
            wanted = [wants_one(tables[0]), *tables[1:]] if row.case == "one" else tables
            contenders = dict(contenders_of(folder / str(number), reached, row, wanted))
            found[row] = measured(contenders, pairs, partial(close_tables, started, row))
            print(row_told(row, found[row]), flush=True)
    return found


def databases_on(servers: Sequence[RunningServer], shards: int) -> dict[str, RunningServer]:
    return {f"shop_{number:04d}": servers[number % len(servers)] for number in range(shards)}


def wants_one(table: str) -> str:
    return table.replace("  PRIMARY KEY", f"{ADDED}  PRIMARY KEY", 1)


def close_tables(servers: Sequence[RunningServer], row: Row) -> None:
    for server in servers if row.cold else ():
        run(server, ["FLUSH TABLES"])


def make_fleet(databases: dict[str, RunningServer], tables: Sequence[str]) -> None:
    def make(server: RunningServer) -> None:
        own = [database for database, owner in databases.items() if owner is server]
        run(server, [sql for name in own for sql in made_of(name, tables)])

    servers = {id(server): server for server in databases.values()}
    with ThreadPoolExecutor(len(servers)) as pool:
        list(pool.map(make, servers.values()))


def made_of(database: str, tables: Sequence[str]) -> list[str]:
    return [f"CREATE DATABASE {database}", f"USE {database}", *tables]


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
    folder: Path, servers: Sequence[RunningServer], row: Row, wanted: Sequence[str]
) -> Iterator[tuple[str, Contender]]:
    databases = databases_on(servers, row.shards)
    yield OURS, ours(folder / "repository", databases, wanted)
    if (program := skeema()) is not None:
        yield SKEEMA, theirs(folder / "skeema", program, servers, wanted)
    if not row.latency_ms or row.shards * row.tables <= LOOP_ANSWERS_MAX:
        yield LOOP, timed(lambda: loop(databases, len(wanted)))
    yield WIRE, timed(lambda: wire(servers, databases, len(wanted)))


def timed(work: Callable[[], None]) -> Contender:
    def turn() -> Ran:
        began = time.perf_counter()
        work()
        return Ran(time.perf_counter() - began)

    return turn


def ours(folder: Path, databases: dict[str, RunningServer], wanted: Sequence[str]) -> Contender:
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
) -> Contender:
    folder.mkdir()
    login, password = servers[0].admin.user, servers[0].admin.password
    (folder / ".skeema").write_text(
        "default-character-set=utf8mb4\ndefault-collation=utf8mb4_0900_ai_ci\nschema=/^shop_/\n"
        f"[production]\nhost={','.join(f'127.0.0.1:{one.port}' for one in servers)}\n"
        f"user={login}\nconcurrent-instances={len(servers)}\n"
    )
    for number, text in enumerate(wanted):
        (folder / f"t{number:04d}.sql").write_text(f"{text.strip()};\n")
    command = [str(program), "diff", "production"]
    return lambda: ended(command, folder, {"MYSQL_PWD": password}, codes=(0, 1))


def one_password(servers: Sequence[RunningServer]) -> None:
    """Each server has one of its own, and an environment of Skeema's has one for all."""
    for server in servers[1:]:
        password = servers[0].admin.password
        own = f"ALTER USER CURRENT_USER() IDENTIFIED BY '{password}' RETAIN CURRENT PASSWORD"
        run(server, [own])


def skeema() -> Path | None:
    folders = sorted(Path(".servers").glob("skeema-*/bin"))
    found = [*folders, *map(Path, os.environ.get("PATH", "").split(os.pathsep))]
    return next((at.resolve() / "skeema" for at in found if (at / "skeema").is_file()), None)


def ended(
    command: Sequence[str], folder: Path, environment: dict[str, str], *, codes: Sequence[int]
) -> Ran:
    """What it says goes by a pipe, as in a job; its first line is timed where it comes in."""
    began = time.perf_counter()
    with (
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        watched_memory(process.pid) as found_mb,
    ):
        assert process.stderr is not None
        first = process.stderr.readline()
        first_line_s = time.perf_counter() - began
        said = first + process.stderr.read()
        process.wait()
        seconds = time.perf_counter() - began
    if process.returncode not in codes:
        raise SystemExit(f"{command[0]} ended with {process.returncode}: {said[-2000:]}")
    return Ran(seconds, peak_mb=max(found_mb), first_line_s=first_line_s)


@contextmanager
def watched_memory(process_id: int) -> Iterator[list[float]]:
    """What the process alone had at most, and not the servers that it started."""
    found, over = [0.0], threading.Event()

    def watch() -> None:
        status = Path(f"/proc/{process_id}/status")
        while not over.wait(0.05):
            with suppress(OSError):
                found.extend(map(float, re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()
        found[:] = [kilobytes / 1024 for kilobytes in found]


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
    contenders: dict[str, Contender], pairs: int, prepare: Callable[[], None]
) -> dict[str, Ran]:
    """Medians. In turns, so that what else the machine does is everybody's."""
    found: dict[str, list[Ran]] = {name: [] for name in contenders}
    began = time.perf_counter()
    for number in range(pairs + 1):
        if number > 1 and time.perf_counter() - began > ROW_S_MAX:
            break
        for name, work in contenders.items():
            prepare()
            found[name].append(work())
    return {name: median_of(runs[1:]) for name, runs in found.items()}


def median_of(runs: Sequence[Ran]) -> Ran:
    return Ran(
        statistics.median(one.seconds for one in runs),
        peak_mb=max(one.peak_mb for one in runs),
        first_line_s=statistics.median(one.first_line_s for one in runs),
    )


OURS, SKEEMA, LOOP, WIRE = "reconciler plan", "skeema diff", "loop", "wire"
HEADER = (
    "| shards x tables | case | servers | latency | reconciler plan | first line | memory"
    " | skeema diff | loop | wire |\n|---|---|---|---|---|---|---|---|---|---|"
)


def row_told(row: Row, found: dict[str, Ran]) -> str:
    own = found[OURS]

    def other(name: str) -> str:
        if (ran := found.get(name)) is None:
            return "-"
        return f"{ran.seconds:.2f} s ({ran.seconds / own.seconds:.2f})"

    mine = f"{own.seconds:.2f} s | {own.first_line_s:.2f} s | {own.peak_mb:.0f} MB"
    return f"{row} {mine} | {other(SKEEMA)} | {other(LOOP)} | {other(WIRE)} |"


def against_goals(found: dict[Row, dict[str, Ran]]) -> Iterator[str]:
    """Of the rows that a goal is about, where they were measured."""

    def took(name: str, row: Row) -> Seconds | None:
        ran = found.get(row, {}).get(name)
        return ran.seconds if ran else None

    def told(what: str, one: Seconds | None, other: Seconds | None, goal: str) -> Iterator[str]:
        if one and other:
            yield f"{what}: {one / other:.2f} (goal: {goal})"

    large = Row(256, 50)
    own = took(OURS, large)
    yield from told("Skeema against ours, 256 x 50, warm", took(SKEEMA, large), own, "at least 6")
    one = replace(large, case="one")
    yield from told(
        "the same, one table changed", took(SKEEMA, one), took(OURS, one), "at least 10"
    )
    yield from told("ours against the wire", own, took(WIRE, large), "at most 3")
    tenth = replace(large, case="tenth")
    yield from told("a tenth diverging against none", took(OURS, tenth), own, "at most 1.3")
    far, alone = (Row(n, 50, latency_ms=LATENCY_MS) for n in (64, 1))
    yield from told(
        "64 shards against one at 5 ms", took(OURS, far), took(OURS, alone), "at most 2"
    )
    many, fewer = Row(4096, 5), Row(256, 5)
    most, least = took(OURS, many), took(OURS, fewer)
    if most and least:
        each_ms = (most - least) / (many.shards - fewer.shards) * 1000
        memory_mb = found[many][OURS].peak_mb
        yield f"a shard more, from 256 to 4,096 of 5 tables: {each_ms:.1f} ms (goal: 1)"
        yield f"memory at 4,096: {memory_mb:.0f} MB (goal: under 300)"
    if single := found.get(Row(1, 50), {}).get(OURS):
        yield f"one shard: {single.seconds:.2f} s (goal: 0.6 where scratch is warm)"
        yield f"its first line of progress: {single.first_line_s:.2f} s (goal: 0.5)"


def keep(file: Path, told: str) -> None:
    cores, busy = os.cpu_count(), os.getloadavg()[0]
    command = " ".join(["python", "bench/fleet.py", *sys.argv[1:]])
    version = platform.python_version()
    with file.open("a", encoding="utf-8") as results:
        machine = f"Python {version}, {cores} cores, load {busy:.1f}"
        results.write(f"\n`{command}`, {machine}:\n\n{told}\n")


if __name__ == "__main__":
    sys.exit(main())
