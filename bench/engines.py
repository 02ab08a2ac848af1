"""What an apply adds to an engine that rebuilds a table: `python bench/engines.py [ROWS]`.

A table of ROWS rows (1,024,000 if nothing is said: a thousand, doubled) is rebuilt by gh-ost and by
Spirit, each by an apply and, in turns, by the engine's program alone with the same options but the
swap at once. Shown are medians of both, and what an apply takes on top: its checks, the comparison
of rows before the swap (gh-ost; Spirit compares them itself either way), the record, the clean-up.

Then 64 shards on two servers are rebuilt in one wave that is swapped together, and the peak memory
of the process that applies is shown.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.rollout import Change, Fleet, Measured, in_a_child
from reconciler.edges.engines.find import engine_program
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.engine import EngineName
from reconciler.spec.model import CutoverSpec, RolloutSpec, Together

ROWS = 1_024_000
ROUNDS = 3
SHARDS = 64
ROWS_OF_A_SHARD = 1_000
ROOM = {"max_connections": "2000"}  # gh-ost has a dozen for each table
CLAUSES = "MODIFY COLUMN `name` varchar(40)"


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with start_server() as server:
        for engine, alone in ((EngineName.GH_OST, gh_ost), (EngineName.SPIRIT, spirit)):
            show_overhead(server, engine, alone, rows)
    with start_server(options=ROOM) as one, start_server(options=ROOM) as other:
        for engine in (EngineName.GH_OST, EngineName.SPIRIT):
            show_memory((one, other), engine)


def show_overhead(
    server: RunningServer, engine: EngineName, alone: Callable[[RunningServer], float], rows: int
) -> None:
    fleet = Fleet((server,), 1, Change(f"ALTER TABLE `users` {CLAUSES}", engine, rows))
    in_a_child(fleet.create)
    applied, plain = [], []
    for _ in range(ROUNDS):
        applied.append(fleet.applied().seconds)
        in_a_child(fleet.begin_anew)
        plain.append(alone(server))
    in_a_child(fleet.drop)
    on_top = median(applied) / median(plain) - 1
    print(
        f"{engine}, {rows:,} rows: {median(applied):.1f} s by an apply,"
        f" {median(plain):.1f} s by the engine alone: {100 * on_top:+.1f} %"
    )


def show_memory(servers: tuple[RunningServer, RunningServer], engine: EngineName) -> None:
    together = RolloutSpec(
        parallel=SHARDS, parallel_per_host=8, cutover=CutoverSpec(together=Together.WAVE)
    )
    change = Change(f"ALTER TABLE `users` {CLAUSES}", engine, ROWS_OF_A_SHARD)
    fleet = Fleet(servers, SHARDS, change, together)
    in_a_child(fleet.create)
    measured: Measured = fleet.applied()
    in_a_child(fleet.drop)
    print(
        f"{engine}, {SHARDS} shards swapped together: {measured.seconds:.0f} s,"
        f" {measured.peak_mb:.0f} MB, {measured.threads} threads,"
        f" {measured.connections} connections"
    )


def gh_ost(server: RunningServer) -> float:
    return timed(
        [
            str(engine_program(EngineName.GH_OST).path),
            f"--host={server.host}",
            f"--port={server.port}",
            f"--assume-master-host={server.host}:{server.port}",
            "--ssl",
            "--ssl-allow-insecure",
            "--database=bench_0",
            "--table=users",
            f"--alter={CLAUSES}",
            "--execute",
            "--allow-on-master",
            "--assume-rbr",
            "--panic-on-warnings",
            "--exact-rowcount",
            "--checkpoint",
            "--ok-to-drop-table",
        ],
        server,
        lambda user, password: f"[client]\nuser={user}\npassword={password}\n",
    )


def spirit(server: RunningServer) -> float:
    return timed(
        [
            str(engine_program(EngineName.SPIRIT).path),
            "migrate",
            "--table=users",
            f"--alter=FORCE, {CLAUSES}",
            "--threads=2",
            "--write-threads=2",
            "--target-chunk-time=2s",
            "--unbuffered",
            "--skip-force-kill",
        ],
        server,
        lambda user, password: (
            f"[client]\nhost = `{server.host}:{server.port}`\n"
            f"user = `{user}`\npassword = `{password}`\ndatabase = `bench_0`\n"
        ),
    )


def timed(command: list[str], server: RunningServer, login: Callable[[str, str], str]) -> float:
    """From its start to its end, which must be a good one."""
    folder = Path(tempfile.mkdtemp())
    conf = folder / "login.cnf"
    conf.touch(mode=0o600)
    conf.write_text(login(server.admin.user, server.admin.password))
    begun_s = time.perf_counter()
    ended = subprocess.run(
        [*command, f"--conf={conf}"], capture_output=True, text=True, check=False, cwd=folder
    )
    seconds = time.perf_counter() - begun_s
    shutil.rmtree(folder)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return seconds


if __name__ == "__main__":
    main()
