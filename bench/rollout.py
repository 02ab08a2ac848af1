"""What a rollout costs besides the servers' own time: `python bench/rollout.py [COUNT]...`.

One INSTANT statement on each of COUNT shards (16, 64, 256 and 1,024 if none is named) on two
servers, eight at a time, with the ledger in a file. The same statements sent by eight plain loops
are taken off; what is left is locks, checks, intents, read-backs, outcomes and connections. It is
to be 4 ms a shard at most, and the same for any number of shards, within a quarter; what is over
its bound ends the command with 1.

The two ways take turns on tables that are made again for each; a first round, in which servers and
code are used for the first time, does not count. Shown are medians. CPU time, peak memory, threads
and connections are those of the process that applies; what it has asked is counted by the servers.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Event, Thread, active_count

import pymysql

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.ddl.fingerprint import (
    NORMALIZER_VERSION,
    RENDERER_VERSION,
    schema_fingerprint,
    table_fingerprint,
)
from reconciler.ddl.read import read_table
from reconciler.diff.model import Operation
from reconciler.drive.open import LastLook, RolloutOrder
from reconciler.drive.roll_out import roll_out
from reconciler.drive.shard.basis import ShardBasis, WantedObject
from reconciler.drive.shard.task import RolloutWorld
from reconciler.edges.clock import SystemClock
from reconciler.edges.ledger.sql import open_ledger
from reconciler.edges.mysql.locks import MysqlShardLocks
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.edges.shard_session import MysqlShardSessions
from reconciler.edges.worker_pool import ThreadWorkerPool
from reconciler.edges.workers import ThreadWorkers
from reconciler.guard.model import ToDo
from reconciler.model.dependents import NONE_SEEN
from reconciler.model.engine import EngineName
from reconciler.model.fleet import even_shards
from reconciler.model.object_id import table_id
from reconciler.model.policy import Policy
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.plan.codec import plan_from_core
from reconciler.plan.hazards import HAZARDS_VERSION
from reconciler.plan.model import (
    Algorithm,
    ChangeSet,
    Effect,
    ExecutionClass,
    ObjectBefore,
    Plan,
    PlanCore,
    PlanMeta,
    PlannedStatement,
    RuleVersions,
)
from reconciler.spec.model import Connection, Environment, RolloutSpec, ShardSpec

PARALLEL = 8
CREATE = "CREATE TABLE users (id int NOT NULL, name varchar(20), PRIMARY KEY (id))"
ROUNDS = {16: 9, 64: 7, 256: 5}  # a short run varies more
ROUNDS_OF_LARGE = 3
OVERHEAD_MS_MAX = 4.0
FLAT_RATIO_MAX = 1.25


def main() -> None:
    counts = [int(argument) for argument in sys.argv[1:]] or [16, 64, 256, 1024]
    overheads_ms: list[float] = []
    with start_server() as one, start_server() as other:
        for count in counts:
            fleet = Fleet((one, other), count)
            in_a_child(fleet.create)
            fleet.measure()
            rounds = [fleet.measure() for _ in range(ROUNDS.get(count, ROUNDS_OF_LARGE))]
            in_a_child(fleet.drop)
            overheads_ms.append(show(count, rounds))
    ratio = max(overheads_ms) / min(overheads_ms)
    is_over = max(overheads_ms) > OVERHEAD_MS_MAX or ratio > FLAT_RATIO_MAX
    print(
        f"{'OVER' if is_over else 'ok'}: {max(overheads_ms):.1f} ms per shard on top at most"
        f" (bound {OVERHEAD_MS_MAX}), {ratio:.2f} times the least (bound {FLAT_RATIO_MAX})"
    )
    if is_over:
        raise SystemExit(1)


def show(count: int, rounds: list[Round]) -> float:
    overhead_ms = median(one.applied.seconds - one.plain.seconds for one in rounds) / count * 1000
    ratio = median(one.applied.seconds / one.plain.seconds for one in rounds)
    print(
        f"{count:5} shards: {median(one.applied.seconds for one in rounds):6.2f} s, of which the"
        f" servers' own {median(one.plain.seconds for one in rounds):6.2f} s ({ratio:.1f} times);"
        f" {overhead_ms:5.1f} ms per shard on top, with"
        f" {median(one.asked for one in rounds) / count:.1f} statements and"
        f" {median(one.applied.cpu_s for one in rounds) / count * 1000:.1f} ms of CPU time;"
        f" {max(one.applied.peak_mb for one in rounds):.0f} MB,"
        f" {max(one.applied.threads for one in rounds)} threads,"
        f" {max(one.applied.connections for one in rounds)} connections",
        flush=True,
    )
    return overhead_ms


@dataclass(frozen=True)
class Change:
    """What is run on each shard, on a table of so many rows; or, where there is `again`, on one
    that was filled once, by `filling`, and that these statements make as it was."""

    sql: str
    engine: EngineName = EngineName.DIRECT
    rows: int = 0
    create: str = CREATE
    filling: tuple[str, ...] = ()
    again: tuple[str, ...] = ()


INSTANT = Change("ALTER TABLE `users` ADD COLUMN `age` int, ALGORITHM=INSTANT")


@dataclass(frozen=True)
class Measured:
    """What a process of its own took; peaks of threads and of connections to the two servers."""

    seconds: float
    cpu_s: float
    peak_mb: float
    threads: int
    connections: int


@dataclass(frozen=True)
class Round:
    """`asked`: how many statements the servers had from the one that applies."""

    applied: Measured
    plain: Measured
    asked: float


@dataclass(frozen=True)
class Fleet:
    servers: tuple[RunningServer, ...]
    count: int
    change: Change = INSTANT
    rollout: RolloutSpec = field(default_factory=lambda: RolloutSpec(parallel=PARALLEL))

    @property
    def shards(self) -> tuple[str, ...]:
        return even_shards(self.count)

    def create(self) -> float:
        return self._databases("CREATE DATABASE bench_{number} CHARSET utf8mb4")

    def drop(self) -> float:
        return self._databases("DROP DATABASE bench_{number}")

    def _databases(self, sql: str) -> float:
        for first, _ in enumerate(self.servers):
            with self._connected(first) as connection, connection.cursor() as cursor:
                for number in range(first, self.count, len(self.servers)):
                    cursor.execute(sql.format(number=number))
        return 0.0

    def measure(self) -> Round:
        in_a_child(self.begin_again)
        before = in_a_child(self.asked).seconds
        applied = in_a_child(self._roll_out)
        asked = in_a_child(self.asked).seconds - before
        return Round(applied, self._by_plain_loops(), asked)

    def asked(self) -> float:
        """Statements that the servers had from their start, but for this one's own."""
        total = 0
        for number, _ in enumerate(self.servers):
            with self._connected(number) as connection, connection.cursor() as cursor:
                cursor.execute("SHOW GLOBAL STATUS LIKE 'Com_%'")
                said = {str(name): int(count) for name, count in cursor.fetchall()}
                total += sum(said.values()) - said["Com_show_status"]
        return total

    def applied(self) -> Measured:
        in_a_child(self.begin_again)
        return in_a_child(self._roll_out)

    def _by_plain_loops(self) -> Measured:
        in_a_child(self.begin_again)
        return in_a_child(lambda: self._timed_everywhere(self.change.sql))

    def fill(self) -> float:
        return self._timed_everywhere(
            "DROP TABLE IF EXISTS users",
            self.change.create,
            *(self.change.filling or _filling(self.change.rows)),
        )

    def begin_again(self) -> float:
        return self._timed_everywhere(*self.change.again) if self.change.again else self.fill()

    def row_bytes(self) -> float:
        """With its share of pages that are not full, and without secondary keys."""
        with self._connected(0) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT AVG_ROW_LENGTH FROM information_schema.TABLES"
                " WHERE TABLE_SCHEMA = 'bench_0' AND TABLE_NAME = 'users'"
            )
            return float((cursor.fetchone() or (0,))[0])

    def _timed_everywhere(self, *statements: str) -> float:
        """By as many plain loops as a rollout has threads, which are connected before."""
        with ExitStack() as opened:
            loops = [opened.enter_context(self._connected(n)) for n in range(PARALLEL)]

            def loop(first: int) -> None:
                with loops[first].cursor() as cursor:
                    for number in range(first, self.count, PARALLEL):
                        loops[first].select_db(f"bench_{number}")
                        for sql in statements:
                            cursor.execute(sql)

            with ThreadPoolExecutor(PARALLEL) as pool:
                begun_s = time.perf_counter()
                list(pool.map(loop, range(PARALLEL)))
                return time.perf_counter() - begun_s

    def _roll_out(self) -> float:
        (plan, basis), environment = self._plan(), self._environment()
        root, environ, clock = Path(), dict[str, str](), SystemClock()
        locks = MysqlShardLocks(environ=environ, root=root, clock=clock, workers=ThreadWorkers())
        with tempfile.TemporaryDirectory() as folder:
            world = RolloutWorld(
                sessions=MysqlShardSessions(environ=environ, root=root),
                ledger=open_ledger(None, default_file=Path(folder, "ledger.sqlite")),
                workers=ThreadWorkerPool(),
                clock=clock,
                jitter=lambda: 0.0,
                interrupts=lambda: 0,
            )
            order = RolloutOrder(
                plan=plan,
                environment=environment,
                commit="c" * 40,
                holder="bench",
                standings={shard: ToDo(shard=shard) for shard in self.shards},
                basis=dict.fromkeys(self.shards, basis),
                ask_gates=tuple,
                last_look=LastLook,
            )
            begun_s = time.perf_counter()
            with locks.take(environment.shards, keyspace="bench", holder="bench") as held:
                outcome = roll_out(world, order, held, on_progress=lambda event: None)
            elapsed_s = time.perf_counter() - begun_s
        assert outcome.verdict is ApplyVerdict.COMPLETED, outcome.problem
        return elapsed_s

    def _plan(self) -> tuple[Plan, ShardBasis]:
        """What the statement does is learned on a database of its own, and with it what every
        shard is held against."""
        with self._connected(0) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE bench_model CHARSET utf8mb4")
            cursor.execute("USE bench_model")
            cursor.execute(self.change.create)
            cursor.execute("SHOW CREATE TABLE users")
            before_text = str((cursor.fetchone() or ("", ""))[1])
            cursor.execute(self.change.sql)
            cursor.execute("SHOW CREATE TABLE users")
            after_text = str((cursor.fetchone() or ("", ""))[1])
            cursor.execute("DROP DATABASE bench_model")
        read = Reader(self.servers[0], {})
        before, after = read(before_text), read(after_text)
        statement = PlannedStatement(
            object_id=table_id("users"),
            operation=Operation.ALTER_TABLE,
            sql=self.change.sql,
            execution=ExecutionClass(algorithm=Algorithm.INSTANT),
            engine=self.change.engine,
            effects=(Effect(object_id=table_id("users"), before=before, after=after),),
        )
        change_set = ChangeSet(
            before=schema_fingerprint({table_id("users"): before}),
            after=schema_fingerprint({table_id("users"): after}),
            touched=(ObjectBefore(object_id=table_id("users"), definition=before_text),),
            statements=(statement,),
            shards=self.shards,
        )
        core = PlanCore(
            environment="bench",
            keyspace="bench",
            server=self.servers[0].version.series,
            rules=RuleVersions(
                normalizer=NORMALIZER_VERSION, renderer=RENDERER_VERSION, hazards=HAZARDS_VERSION
            ),
            inputs=(),
            policy=Policy(),
            shards=self.shards,
            waves=(self.shards,),
            managed=(table_id("users"),),
            change_sets=(change_set,),
            matching=(),
            after=change_set.after,
        )
        basis = ShardBasis(
            fingerprint=lambda _, text: read(text),
            is_managed=lambda table: table.name == "users",
            after={table_id("users"): WantedObject(fingerprint=after, text=after_text)},
            flavor=self.servers[0].version.flavor,
            dependents=NONE_SEEN,
        )
        return plan_from_core(core, PlanMeta(created_at="", tool_version="bench")), basis

    def _environment(self) -> Environment:
        specs = tuple(
            ShardSpec(name=shard, connection=self._connection(number))
            for number, shard in enumerate(self.shards)
        )
        return Environment(name="bench", shards=specs, rollout=self.rollout)

    def _connection(self, number: int) -> Connection:
        server = self.servers[number % len(self.servers)]
        return Connection(
            host=server.host,
            port=str(server.port),
            database=f"bench_{number}",
            user=server.admin.user,
            password=server.admin.password,
        )

    def _connected(self, number: int) -> pymysql.Connection[pymysql.cursors.Cursor]:
        server = self.servers[number % len(self.servers)]
        return pymysql.connect(
            host=server.host,
            port=server.port,
            user=server.admin.user,
            password=server.admin.password,
            autocommit=True,
            ssl_disabled=True,  # as a rollout does on one machine
        )


def _filling(rows: int) -> list[str]:
    """Statements that leave so many rows, a power of two times a thousand, or none."""
    if not rows:
        return []
    first = ", ".join(f"({number}, 'name {number}')" for number in range(1_000))
    doublings = (rows // 1_000).bit_length() - 1
    assert rows == 1_000 << doublings, "a thousand, doubled some times"
    return [
        f"INSERT INTO users (id, name) VALUES {first}",
        *(
            f"INSERT INTO users (id, name) SELECT id + {1_000 << n}, name FROM users"
            for n in range(doublings)
        ),
        "ANALYZE TABLE users",
    ]


@dataclass(frozen=True)
class Reader:
    """Each distinct definition is read once, as in an apply."""

    server: RunningServer
    known: dict[str, str]

    def __call__(self, text: str) -> str:
        if text not in self.known:
            version = self.server.version
            self.known[text] = table_fingerprint(read_table(text, version), version)
        return self.known[text]


def in_a_child(work: Callable[[], float]) -> Measured:
    """The seconds that `work` returns, and what it used, in a process of its own.

    This process itself never has threads: forking one that has may copy a lock that is held.
    """
    read, write = os.pipe()
    if os.fork() == 0:
        with watched() as peaks:
            before = resource.getrusage(resource.RUSAGE_SELF)
            seconds = work()
            used = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        numbers = (seconds, cpu_s, used.ru_maxrss / 1024, peaks.threads, peaks.connections)
        os.write(write, " ".join(map(str, numbers)).encode())
        os._exit(0)
    os.close(write)
    os.wait()
    seconds, cpu_s, peak_mb, threads, connections = map(float, os.read(read, 200).split())
    os.close(read)
    return Measured(seconds, cpu_s, peak_mb, int(threads), int(connections))


class Peaks:
    threads = 0
    connections = 0


@contextmanager
def watched() -> Iterator[Peaks]:
    """Looks a few times a second; the thread that looks does not count."""
    peaks, over = Peaks(), Event()

    def watch() -> None:
        while not over.wait(0.05):
            peaks.threads = max(peaks.threads, active_count() - 1)
            peaks.connections = max(peaks.connections, open_sockets())

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


def open_sockets() -> int:
    found = 0
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            found += os.readlink(file).startswith("socket:")
    return found


if __name__ == "__main__":
    main()
