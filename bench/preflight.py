"""What questions about rows cost a primary: `python bench/preflight.py [ROWS | free]`.

A table of two million rows, clean and then with rows that break every question, on MySQL and on
MariaDB.
Bounds: every answer is right, no statement takes longer than a second, and the slowest hundredth of
a load beside it takes at most 1.2 times what it takes alone. Both are measured in turns of equal
length, three times, for a machine that is slower for a minute is no answer's fault. The table is
four times as large as the server's buffer pool. Questions that the definitions answer add at most a
fifth to `verify` of 256 shards; `free` measures that alone.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.row_probes import MysqlRowProbes
from reconciler.edges.server.find import find_servers
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.flows.verify import verify_keyspace
from reconciler.outcomes.plan import VerifyState
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.preflight.model import (
    Answer,
    Effect,
    EqualRows,
    Holds,
    KeyPart,
    Probe,
    Question,
    QuestionKind,
    Raised,
    RowCondition,
    Violated,
    Walk,
)
from reconciler.spec.model import Connection, ShardSpec
from tests import offline_fleet
from tests.connections import admin_connection

ROWS = 2_000_000
STATEMENT_S_MAX, P99_RATIO_MAX = 1.0, 1.2
TURNS, TURN_S_MIN = 3, 10.0
SHARDS, FREE_RATIO_MAX = 256, 1.2
_SHOWN = (
    "CREATE TABLE `users` (\n  `id` bigint NOT NULL,\n  `a` int NOT NULL,{}\n"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
)
SERIES = ("mysql 9.7", "mariadb 11.8")
_KEY = Walk(index="PRIMARY", columns=("id",))
_QUESTIONS: tuple[tuple[QuestionKind, Question, Walk], ...] = (
    (
        QuestionKind.DUPLICATES,
        EqualRows((KeyPart("`mail`", "mail"),)),
        Walk(index="k", columns=("mail",)),
    ),
    (QuestionKind.NULLS, RowCondition("`a` IS NULL"), _KEY),
    (QuestionKind.NUMBERS, RowCondition("(`n` < -128 OR `n` > 127)"), _KEY),
    (QuestionKind.LENGTH, RowCondition("CHAR_LENGTH(`mail`) > 30"), _KEY),
    (QuestionKind.CHECK, RowCondition("NOT (`n` < `a`)"), _KEY),
)


def main() -> None:
    if sys.argv[1:] != ["free"]:
        _on_servers(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
    _free()


def _on_servers(rows: int) -> None:
    for series in SERIES:
        binary = next(found for found in find_servers() if found.version.series == series)
        with start_server(binary) as server:
            _fill(server, rows)
            _told(server, series, "clean", Holds)
            run_sql(server, f"INSERT INTO t VALUES ({rows + 7}, 'm1@example.com', NULL, 500)")
            long = "CONCAT('long', REPEAT('x', 40))"
            run_sql(server, f"INSERT INTO t VALUES ({rows + 8}, {long}, 1, 5)")
            _told(server, series, "violated", Violated)


def _told(server: RunningServer, series: str, how: str, expected: type[Answer]) -> None:
    longest_s = [0.0]
    asked: list[tuple[Answer, ...]] = []
    took_s: list[float] = []

    def ask() -> None:
        """As often as fits into a turn: an answer may take a moment."""
        begun_s = time.perf_counter()
        with timed(longest_s):
            while time.perf_counter() < begun_s + TURN_S_MIN:
                asked_s = time.perf_counter()
                asked.extend(row_probes().ask([_asked(server)], parallel=1, budget_s=900))
                took_s.append(time.perf_counter() - asked_s)

    alone: list[float] = []
    beside: list[float] = []
    for _ in range(TURNS):
        begun_s = time.perf_counter()
        beside += load_times(server, ask)
        alone += load_times(server, partial(time.sleep, time.perf_counter() - begun_s))
    assert all(isinstance(answer, expected) for found in asked for answer in found), asked
    beside_s, alone_s = p99(beside), p99(alone)
    print(
        f"{series}, {how}: {len(asked[0])} questions in {min(took_s):.1f} s; longest statement"
        f" {longest_s[0]:.2f} s (at most {STATEMENT_S_MAX}); p99 of a load {1e3 * beside_s:.1f} ms,"
        f" alone {1e3 * alone_s:.1f} ms: {beside_s / alone_s:.2f} (at most {P99_RATIO_MAX})",
        flush=True,
    )


def _free() -> None:
    """What three questions to each of 256 shards add to `verify` where definitions answer them: to
    one whose shards cost nothing to look at, which every real one takes longer than."""
    key = "\n  PRIMARY KEY (`id`)"
    unique = "".join(f",\n  UNIQUE KEY `u{n}` (`id`,`a`)" for n in range(3))
    states = (_SHOWN.format(key), _SHOWN.format(key + unique))
    offline_fleet.STATES = (*states, states[1])
    verifying = [_verifying(states, asks) for asks in ("    preflight: {}\n", "")]
    times_s = [[verify() for verify in verifying] for _ in range(25)]
    took_s, without_s = (min(each) for each in zip(*times_s, strict=True))
    print(
        f"free answers of {SHARDS} shards: verify {1e3 * took_s:.1f} ms, without questions"
        f" {1e3 * without_s:.1f} ms: {took_s / without_s:.2f} (at most {FREE_RATIO_MAX})"
    )


def _verifying(states: tuple[str, str], asks: str) -> Callable[[], float]:
    """Tells how long the processor worked for one."""
    spec = offline_fleet.SPEC.replace("shards: {count: 2}", f"shards: {{count: {SHARDS}}}")
    spec = spec.replace("  production:\n", f"  production:\n{asks}")
    files = offline_fleet.repository(states[1], spec=spec)
    keyspace = files.keyspace()
    shown: dict[str, Mapping[str, str] | None] = {}
    for name, live in (("staging", states[1]), ("production", states[0])):
        of_it = offline_fleet.environment(keyspace, name).shards
        shown |= {offline_fleet.host_of(shard): {"users": live} for shard in of_it}
    shards = offline_fleet.Shards(shown)
    files = offline_fleet.with_plan(files, shards)
    world = replace(offline_fleet.world(shards), rows=row_probes())
    chosen = offline_fleet.environment(keyspace)

    def verify() -> float:
        begun_s = time.process_time()
        verified = verify_keyspace(world, keyspace, chosen, tree=files)
        took_s = time.process_time() - begun_s
        assert verified.state is VerifyState.VERIFIED, verified.refusals
        assert bool(asks) == (verified.preflight is not None)
        return took_s

    return verify


def row_probes() -> MysqlRowProbes:
    return MysqlRowProbes(environ={}, root=Path("/"))


def _probe(question: tuple[QuestionKind, Question, Walk]) -> Probe:
    kind, asked, walk = question
    raised = Raised(kind=kind, object=kind, effect=Effect.FAILS, what="rows", question=asked)
    return Probe(table="t", statement=0, raised=raised, walk=walk)


def _asked(server: RunningServer) -> ShardAsked:
    connection = Connection(
        host=server.host,
        port=str(server.port),
        database="bench",
        user=server.admin.user,
        password=server.admin.password,
    )
    table = TableAsked(table="t", probes=tuple(map(_probe, _QUESTIONS)), is_as_seen=lambda _: True)
    return ShardAsked(shard=ShardSpec(name="-", connection=connection), tables=(table,))


@contextmanager
def timed(longest_s: list[float]) -> Iterator[None]:
    """The longest of all statements of a link, from sending it to its last byte."""
    sent = Link._sent

    def measured(self: Link, sql: str | bytes) -> object:
        begun_s = time.perf_counter()
        try:
            return sent(self, sql)
        finally:
            longest_s[0] = max(longest_s[0], time.perf_counter() - begun_s)

    Link._sent = measured  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Link._sent = sent  # type: ignore[method-assign]


def p99(times_s: list[float]) -> float:
    return statistics.quantiles(times_s, n=100)[98]


def load_times(server: RunningServer, beside: Callable[[], object]) -> list[float]:
    """Of reads and writes of single rows, one after the other, for as long as `beside` takes, from
    a process of their own: what this one does keeps no answer waiting."""
    fork = multiprocessing.get_context("fork")
    over, times = fork.Event(), fork.Queue()
    load = fork.Process(target=_load, args=(server, over, times))
    load.start()
    try:
        times.get()  # it has connected
        beside()
    finally:
        over.set()
    found: list[float] = times.get()
    load.join()
    return found


def _load(server: RunningServer, over: Event, times: Queue[list[float]]) -> None:
    chance = random.Random(4711)
    taken_s: list[float] = []
    with admin_connection(server, "bench") as connection, connection.cursor() as cursor:
        times.put(taken_s)
        while not over.is_set():
            number = chance.randrange(1, 100_000)
            begun_s = time.perf_counter()
            cursor.execute(f"SELECT mail FROM t WHERE id = {number}")
            cursor.execute(f"UPDATE t SET n = {number % 100} WHERE id = {number}")
            taken_s.append(time.perf_counter() - begun_s)
            time.sleep(0.002)
    times.put(taken_s)


def _fill(server: RunningServer, rows: int) -> None:
    run_sql(server, "CREATE DATABASE bench", database=None)
    run_sql(
        server,
        "CREATE TABLE t (id bigint PRIMARY KEY, mail varchar(60) NOT NULL, a int, n int,"
        " KEY k (mail)) CHARACTER SET utf8mb4",
    )
    insert_rows(server, "t", "i, CONCAT('m', i, '@example.com'), 1000, i % 100", rows)
    run_sql(server, "ANALYZE TABLE t")


def insert_rows(server: RunningServer, table: str, values: str, rows: int) -> None:
    """`values` of each row, whose number is `i`."""
    digits = " UNION ALL ".join(f"SELECT {n} n" for n in range(10))
    thousand = f"SELECT a.n + 10 * b.n + 100 * c.n i FROM ({digits}) a, ({digits}) b, ({digits}) c"
    hundred = f"SELECT a.n + 10 * b.n i FROM ({digits}) a, ({digits}) b"
    for begin in range(0, rows, 100_000):
        counted = f"SELECT x.i + 1000 * y.i + {begin} + 1 i FROM ({thousand}) x, ({hundred}) y"
        run_sql(
            server,
            f"INSERT INTO {table} SELECT {values} FROM ({counted}) numbers"
            f" WHERE i <= {min(begin + 100_000, rows)}",
        )


def run_sql(server: RunningServer, sql: str, database: str | None = "bench") -> None:
    with admin_connection(server, database) as connection, connection.cursor() as cursor:
        cursor.execute(sql)


if __name__ == "__main__":
    main()
