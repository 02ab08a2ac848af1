"""What an apply adds to an engine that rebuilds a table: `python bench/engines.py [NAME]...`.

A NAME is one of `gh-ost`, `spirit`, `gh-ost-small`, `spirit-small` and `together`; all of them, if
none is given.

`gh-ost` and `spirit`: a table of 1,024,000 rows of some 430 bytes, with columns of a dozen kinds
and four keys, on a server that is as durable as production (both logs flushed at each commit, the
doublewrite buffer on), is rebuilt by an apply and, in turns, by the engine's program alone with the
same options but the swap at once. Nobody writes to it meanwhile. A first pair, in which pages and
code are used for the first time, does not count. Shown are each pair, medians and the spread, and
the CPU time of the process that applies.

`gh-ost-small` and `spirit-small`: the same for rows of two columns, on a server that flushes
nothing: what is fixed weighs most there.

`together`: 64 shards on two servers are rebuilt in one wave that is swapped together, and the peak
memory of the process that applies is shown; it fails above 150 MB.

The tables and logs of one bench take 2 GB at most. It ends itself after 40 minutes.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.rollout import Change, Fleet, Measured, in_a_child
from reconciler.edges.engines.find import engine_program
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.engine import EngineName
from reconciler.spec.model import CutoverSpec, RolloutSpec, Together

ROWS = 1_024_000
ROUNDS = 5
SHARDS = 64
ROWS_OF_A_SHARD = 1_000
DRIVER_MB_MAX = 150  # whatever the fleet's size, a job of a forge has some hundred
ENDS_AFTER_S = 2_400
RUN_S_MAX = 600
RESTS_S = 12  # a table that nobody writes to has not been written just now, either
CLAUSES = "MODIFY COLUMN `name` varchar(40)"

DURABLE: Mapping[str, str] = {
    "innodb_buffer_pool_size": "1G",
    "innodb_doublewrite": "ON",
    "innodb_flush_log_at_trx_commit": "1",
    "innodb_flush_method": "O_DIRECT",
    "innodb_redo_log_capacity": "512M",
    "max_binlog_size": "128M",
    "sync_binlog": "1",
}
MANY_CONNECTIONS: Mapping[str, str] = {"max_connections": "2000"}  # gh-ost has a dozen for a table

WIDE = """
CREATE TABLE users (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  account int unsigned NOT NULL,
  state enum('new','active','closed') NOT NULL DEFAULT 'new',
  name varchar(60) DEFAULT NULL,
  email varchar(120) NOT NULL,
  address varchar(200) DEFAULT NULL,
  balance decimal(12,2) NOT NULL DEFAULT '0.00',
  score double DEFAULT NULL,
  is_member tinyint(1) NOT NULL DEFAULT '0',
  token char(32) CHARACTER SET ascii NOT NULL,
  about text,
  made_at datetime(3) NOT NULL,
  seen_at timestamp NULL DEFAULT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY by_token (token),
  KEY by_account (account, state),
  KEY by_made_at (made_at)
)
"""
_VALUES = (
    "{id}, {id} % 9973, ELT(1 + {id} % 3, 'new', 'active', 'closed'), CONCAT('name ', {id}),"
    " CONCAT(LEFT(SHA2({id} + 1, 224), 32), '@example.com'), SHA2({id} + 2, 256),"
    " {id} / 7, IF({id} % 5, {id} / 3, NULL), {id} % 2, LEFT(SHA2({id}, 256), 32), SHA2({id}, 512),"
    " '2020-01-01' + INTERVAL {id} SECOND, IF({id} % 4, '2021-01-01' + INTERVAL {id} SECOND, NULL)"
)


def main() -> None:
    signal.alarm(ENDS_AFTER_S)
    chosen = sys.argv[1:] or list(BENCHES)
    for name in chosen:
        BENCHES[name]()


def bench_wide(engine: EngineName) -> None:
    change = Change(
        f"ALTER TABLE `users` {CLAUSES}",
        engine,
        create=WIDE,
        filling=_filled(ROWS),
        again=(
            # Moves no row, so that each run has the very same to copy.
            "ALTER TABLE users MODIFY COLUMN name varchar(60), ALGORITHM=INPLACE",
            "RESET BINARY LOGS AND GTIDS",
            f"DO SLEEP({RESTS_S})",
        ),
    )
    with start_server(options=DURABLE) as server:
        _compare(server, engine, change, "durable server")


def bench_small(engine: EngineName) -> None:
    change = Change(f"ALTER TABLE `users` {CLAUSES}", engine, ROWS)
    with start_server() as server:
        _compare(server, engine, change, "server that flushes nothing")


def _compare(server: RunningServer, engine: EngineName, change: Change, where: str) -> None:
    fleet = Fleet((server,), 1, change)
    in_a_child(fleet.create)
    in_a_child(fleet.fill)
    width_bytes = in_a_child(fleet.row_bytes).seconds
    print(f"{engine}, {ROWS:,} rows of {width_bytes:.0f} bytes on a {where}:", flush=True)
    pairs = [_pair(fleet, server, engine, is_shown=bool(number)) for number in range(ROUNDS + 1)]
    in_a_child(fleet.drop)
    _show(pairs[1:])


@dataclass(frozen=True)
class Pair:
    applied: Measured
    alone_s: float

    @property
    def on_top_s(self) -> float:
        return self.applied.seconds - self.alone_s


def _pair(fleet: Fleet, server: RunningServer, engine: EngineName, *, is_shown: bool) -> Pair:
    """What lies between two runs, such as a checkpoint, meets both in turns."""
    applied = fleet.applied()
    in_a_child(fleet.begin_again)
    pair = Pair(applied, ALONE[engine](server))
    if is_shown:
        print(
            f"  {pair.applied.seconds:6.2f} s by an apply, {pair.alone_s:6.2f} s alone:"
            f" {pair.on_top_s:+.2f} s, with {pair.applied.cpu_s:.2f} s of CPU time",
            flush=True,
        )
    return pair


def _show(pairs: list[Pair]) -> None:
    applied = [pair.applied.seconds for pair in pairs]
    alone = [pair.alone_s for pair in pairs]
    on_top = [pair.on_top_s for pair in pairs]
    percent = 100 * (median(applied) / median(alone) - 1)
    print(
        f"  medians: {_spread(applied)} by an apply, {_spread(alone)} alone: {percent:+.1f} %;"
        f" of pairs {_spread(on_top)}",
        flush=True,
    )


def _spread(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def _filled(rows: int) -> tuple[str, ...]:
    """Statements that leave so many rows, a power of two times a thousand."""
    doublings = (rows // 1_000).bit_length() - 1
    assert rows == 1_000 << doublings, "a thousand, doubled some times"
    first = ", ".join(f"({_VALUES.format(id=number)})" for number in range(1, 1_001))
    more = (_VALUES.format(id=f"(id + {1_000 << n})") for n in range(doublings))
    return (
        "SET SESSION sql_log_bin = 0",
        f"INSERT INTO users VALUES {first}",
        *(f"INSERT INTO users SELECT {values} FROM users" for values in more),
        "ANALYZE TABLE users",
        "SET SESSION sql_log_bin = 1",
    )


def bench_together() -> None:
    options = MANY_CONNECTIONS
    with start_server(options=options) as one, start_server(options=options) as other:
        for engine in (EngineName.GH_OST, EngineName.SPIRIT):
            _show_memory((one, other), engine)


def _show_memory(servers: tuple[RunningServer, RunningServer], engine: EngineName) -> None:
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
        f" {measured.connections} connections",
        flush=True,
    )
    assert measured.peak_mb <= DRIVER_MB_MAX, f"more than {DRIVER_MB_MAX} MB"


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
            "--checkpoint-seconds=10",
            "--ok-to-drop-table",
            "--serve-socket-file=gh-ost.sock",  # one that a killed run left keeps no other out
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
    with tempfile.TemporaryDirectory() as folder:
        conf = Path(folder, "login.cnf")
        conf.touch(mode=0o600)
        conf.write_text(login(server.admin.user, server.admin.password))
        begun_s = time.perf_counter()
        ended = subprocess.run(
            [*command, f"--conf={conf}"],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            timeout=RUN_S_MAX,
        )
        seconds = time.perf_counter() - begun_s
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return seconds


ALONE = {EngineName.GH_OST: gh_ost, EngineName.SPIRIT: spirit}
BENCHES: Mapping[str, Callable[[], None]] = {
    "gh-ost": lambda: bench_wide(EngineName.GH_OST),
    "spirit": lambda: bench_wide(EngineName.SPIRIT),
    "gh-ost-small": lambda: bench_small(EngineName.GH_OST),
    "spirit-small": lambda: bench_small(EngineName.SPIRIT),
    "together": bench_together,
}


if __name__ == "__main__":
    main()
