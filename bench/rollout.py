"""What a rollout costs besides the servers' own time: `python bench/rollout.py [COUNT]...`.

One INSTANT statement on each of COUNT shards (16, 128 and 1,024 if none is named) on two servers,
eight at a time, with the ledger in a file. The same statements sent by eight plain loops are taken
off; what is left is locks, checks, intents, read-backs, outcomes and connections. CPU time and peak
memory are those of the process that applies.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

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
from reconciler.edges.clock import SystemClock
from reconciler.edges.crew import ThreadCrew
from reconciler.edges.ledger.sql import open_ledger
from reconciler.edges.mysql.locks import MysqlShardLocks
from reconciler.edges.mysql.session import MysqlShardSessions
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.edges.workers import ThreadWorkers
from reconciler.flows.open_apply import RolloutOrder
from reconciler.flows.roll_out import roll_out
from reconciler.flows.shard_task import RolloutWorld
from reconciler.guard.model import ToDo
from reconciler.model.fleet import even_shards
from reconciler.model.policy import Policy
from reconciler.outcomes import ApplyVerdict
from reconciler.plan.codec import plan_from_core
from reconciler.plan.model import (
    Algorithm,
    ChangeSet,
    Effect,
    ExecutionClass,
    Plan,
    PlanCore,
    PlanMeta,
    PlannedStatement,
    TableBefore,
)
from reconciler.spec.model import Connection, Environment, RolloutSpec, ShardSpec

PARALLEL = 8
CREATE = "CREATE TABLE users (id int NOT NULL, name varchar(20), PRIMARY KEY (id))"
CHANGE = "ALTER TABLE `users` ADD COLUMN `age` int, ALGORITHM=INSTANT"
SAME_AGAIN = "ALTER TABLE `users` ADD COLUMN `age_2` int, ALGORITHM=INSTANT"


def main() -> None:
    counts = [int(argument) for argument in sys.argv[1:]] or [16, 128, 1024]
    with start_server() as one, start_server() as other:
        for count in counts:
            fleet = Fleet((one, other), count)
            in_a_child(fleet.create)
            result = fleet.measure()
            in_a_child(fleet.drop)
            overhead_ms = (result.rollout_s - result.plain_s) / count * 1000
            print(
                f"{count:5} shards: {result.rollout_s:6.2f} s, of which the servers' own"
                f" {result.plain_s:6.2f} s; {overhead_ms:5.1f} ms per shard on top, with"
                f" {result.cpu_s / count * 1000:.1f} ms of CPU time; {result.peak_mb:.0f} MB"
            )


@dataclass(frozen=True)
class Measured:
    rollout_s: float
    plain_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class Fleet:
    servers: tuple[RunningServer, RunningServer]
    count: int

    @property
    def shards(self) -> tuple[str, ...]:
        return even_shards(self.count)

    def create(self) -> float:
        self._everywhere("CREATE DATABASE {database} CHARSET utf8mb4")
        return self._timed_everywhere(CREATE)

    def drop(self) -> float:
        self._everywhere("DROP DATABASE {database}")
        return 0.0

    def measure(self) -> Measured:
        rollout_s, cpu_s, peak_mb = in_a_child(self._roll_out)
        plain_s, _, _ = in_a_child(lambda: self._timed_everywhere(SAME_AGAIN))
        return Measured(rollout_s=rollout_s, plain_s=plain_s, cpu_s=cpu_s, peak_mb=peak_mb)

    def _timed_everywhere(self, sql: str) -> float:
        begun_s = time.perf_counter()
        self._everywhere(sql, within=True)
        return time.perf_counter() - begun_s

    def _roll_out(self) -> float:
        plan, environment = self._plan(), self._environment()
        root, environ, clock = Path(), dict[str, str](), SystemClock()
        locks = MysqlShardLocks(environ=environ, root=root, clock=clock, workers=ThreadWorkers())
        with tempfile.TemporaryDirectory(dir=".") as folder:
            world = RolloutWorld(
                sessions=MysqlShardSessions(environ=environ, root=root),
                ledger=open_ledger(None, default_file=Path(folder, "ledger.sqlite")),
                crew=ThreadCrew(),
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
                fingerprint=self._reader(),
            )
            begun_s = time.perf_counter()
            with locks.take(environment.shards, keyspace="bench", holder="bench") as held:
                outcome = roll_out(world, order, held, on_progress=lambda event: None)
            elapsed_s = time.perf_counter() - begun_s
        assert outcome.verdict is ApplyVerdict.COMPLETED, outcome.problem
        return elapsed_s

    def _reader(self) -> Reader:
        return Reader(self.servers[0], {})

    def _plan(self) -> Plan:
        """What the statement does is learned on a database of its own."""
        with self._connected(0) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE bench_model CHARSET utf8mb4")
            cursor.execute("USE bench_model")
            cursor.execute(CREATE)
            cursor.execute("SHOW CREATE TABLE users")
            before_text = str((cursor.fetchone() or ("", ""))[1])
            cursor.execute(CHANGE)
            cursor.execute("SHOW CREATE TABLE users")
            after_text = str((cursor.fetchone() or ("", ""))[1])
            cursor.execute("DROP DATABASE bench_model")
        read = self._reader()
        before, after = read("", before_text), read("", after_text)
        statement = PlannedStatement(
            table="users",
            operation=Operation.ALTER_TABLE,
            sql=CHANGE,
            foreign_key_checks=True,
            execution=ExecutionClass(algorithm=Algorithm.INSTANT),
            effects=(Effect(table="users", before=before, after=after),),
        )
        change_set = ChangeSet(
            before=schema_fingerprint({"users": before}),
            after=schema_fingerprint({"users": after}),
            touched=(TableBefore(table="users", definition=before_text),),
            statements=(statement,),
            shards=self.shards,
        )
        core = PlanCore(
            environment="bench",
            keyspace="bench",
            server=self.servers[0].version.series,
            normalizer=NORMALIZER_VERSION,
            renderer=RENDERER_VERSION,
            inputs=(),
            policy=Policy(),
            shards=self.shards,
            waves=(self.shards,),
            managed_tables=("users",),
            change_sets=(change_set,),
            matching=(),
            after=change_set.after,
        )
        return plan_from_core(core, PlanMeta(created_at="", tool_version="bench"))

    def _environment(self) -> Environment:
        specs = tuple(
            ShardSpec(name=shard, connection=self._connection(number))
            for number, shard in enumerate(self.shards)
        )
        return Environment(name="bench", shards=specs, rollout=RolloutSpec(parallel=PARALLEL))

    def _connection(self, number: int) -> Connection:
        server = self.servers[number % 2]
        return Connection(
            host=server.host,
            port=str(server.port),
            database=f"bench_{number}",
            user=server.admin.user,
            password=server.admin.password,
        )

    def _everywhere(self, sql: str, *, within: bool = False) -> None:
        """The statement for every shard, by as many plain loops as a rollout has threads."""

        def loop(first: int) -> None:
            with self._connected(first) as connection, connection.cursor() as cursor:
                for number in range(first, self.count, PARALLEL):
                    if within:
                        connection.select_db(f"bench_{number}")
                    cursor.execute(sql.replace("{database}", f"bench_{number}"))

        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(loop, range(PARALLEL)))

    def _connected(self, number: int) -> pymysql.Connection[pymysql.cursors.Cursor]:
        server = self.servers[number % 2]
        return pymysql.connect(
            host=server.host,
            port=server.port,
            user=server.admin.user,
            password=server.admin.password,
            autocommit=True,
        )


@dataclass(frozen=True)
class Reader:
    """Each distinct definition is read once, as in an apply."""

    server: RunningServer
    known: dict[str, str]

    def __call__(self, shard: str, text: str) -> str:
        if text not in self.known:
            version = self.server.version
            self.known[text] = table_fingerprint(read_table(text, version), version)
        return self.known[text]


def in_a_child(work: Callable[[], float]) -> tuple[float, float, float]:
    """What `work` returns, its CPU seconds, and its peak memory in MB: all of a process of its own.

    This process itself never has threads: forking one that has may copy a lock that is held.
    """
    read, write = os.pipe()
    if os.fork() == 0:
        before = resource.getrusage(resource.RUSAGE_SELF)
        result = work()
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        os.write(write, f"{result} {cpu_s} {used.ru_maxrss / 1024}".encode())
        os._exit(0)
    os.close(write)
    os.wait()
    result, cpu_s, peak_mb = map(float, os.read(read, 100).split())
    os.close(read)
    return result, cpu_s, peak_mb


if __name__ == "__main__":
    main()
