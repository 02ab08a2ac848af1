"""What questions about rows cost a primary: `python bench/preflight.py [ROWS]`.

A table of two million rows, clean and then with rows that break every question, on MySQL and on
MariaDB.
Bounds: every answer is right, no statement takes longer than a second, and the slowest hundredth of
a load beside it takes at most 1.2 times what it takes alone. Questions that the definitions answer
are timed over 256 shards.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.row_probes import MysqlRowProbes
from reconciler.edges.server.find import find_servers
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.preflight.model import (
    Answer,
    Effect,
    EqualRows,
    Holds,
    KeyPart,
    KnownToHold,
    Probe,
    Question,
    QuestionKind,
    Raised,
    RowCondition,
    Violated,
    Walk,
)
from reconciler.spec.model import Connection, ShardSpec
from tests.connections import admin_connection

ROWS = 2_000_000
STATEMENT_S_MAX, P99_RATIO_MAX = 1.0, 1.2
SHARDS = 256
_SERIES = ("mysql 9.7", "mariadb 11.8")
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
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    for series in _SERIES:
        binary = next(found for found in find_servers() if found.version.series == series)
        with start_server(binary) as server:
            _fill(server, rows)
            alone_s = _p99(server, lambda: time.sleep(10))
            _told(server, series, "clean", Holds, alone_s)
            _run(server, f"INSERT INTO t VALUES ({rows + 7}, 'm1@example.com', NULL, 500)")
            long = "CONCAT('long', REPEAT('x', 40))"
            _run(server, f"INSERT INTO t VALUES ({rows + 8}, {long}, 1, 5)")
            _told(server, series, "violated", Violated, alone_s)
    _free()


def _told(
    server: RunningServer, series: str, how: str, expected: type[Answer], alone_s: float
) -> None:
    longest_s = [0.0]
    found: list[Answer] = []
    took_s = [0.0]

    def ask() -> None:
        begun_s = time.perf_counter()
        with _timed(longest_s):
            [answers] = _probes().ask([_asked(server)], parallel=1, budget_s=900)
        took_s[0] = time.perf_counter() - begun_s
        found.extend(answers)

    beside_s = _p99(server, ask)
    assert all(isinstance(answer, expected) for answer in found), found
    print(
        f"{series}, {how}: {len(found)} questions in {took_s[0]:.1f} s; longest statement"
        f" {longest_s[0]:.2f} s (at most {STATEMENT_S_MAX}); p99 of a load {1e3 * beside_s:.1f} ms,"
        f" alone {1e3 * alone_s:.1f} ms: {beside_s / alone_s:.2f} (at most {P99_RATIO_MAX})",
        flush=True,
    )


def _free() -> None:
    """What 256 shards cost where no server has to be asked."""
    raised = replace(_probe(_QUESTIONS[0]).raised, question=KnownToHold("a key is unique already"))
    probe = replace(_probe(_QUESTIONS[0]), raised=raised)
    table = TableAsked(table="t", probes=(probe,) * 1, is_as_seen=lambda _: True)
    nowhere = Connection(host="192.0.2.1", database="d", user="u")
    asked = [
        ShardAsked(shard=ShardSpec(name=str(n), connection=nowhere), tables=(table,))
        for n in range(SHARDS)
    ]
    times_s = []
    for _ in range(5):
        begun_s = time.perf_counter()
        _probes().ask(asked, parallel=4, budget_s=900)
        times_s.append(time.perf_counter() - begun_s)
    print(f"free answers of {SHARDS} shards: {1e3 * statistics.median(times_s):.1f} ms")


def _probes() -> MysqlRowProbes:
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
def _timed(longest_s: list[float]) -> Iterator[None]:
    """The longest of all statements of a link, from sending it to its last byte."""
    sent = Link._sent

    def timed(self: Link, sql: str | bytes) -> object:
        begun_s = time.perf_counter()
        try:
            return sent(self, sql)
        finally:
            longest_s[0] = max(longest_s[0], time.perf_counter() - begun_s)

    Link._sent = timed  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Link._sent = sent  # type: ignore[method-assign]


def _p99(server: RunningServer, beside: Callable[[], object]) -> float:
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
    return statistics.quantiles(found, n=100)[98]


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
            time.sleep(0.005)
    times.put(taken_s)


def _fill(server: RunningServer, rows: int) -> None:
    _run(server, "CREATE DATABASE bench", database=None)
    _run(
        server,
        "CREATE TABLE t (id bigint PRIMARY KEY, mail varchar(60) NOT NULL, a int, n int,"
        " KEY k (mail)) CHARACTER SET utf8mb4",
    )
    digits = " UNION ALL ".join(f"SELECT {n} n" for n in range(10))
    thousand = f"SELECT a.n + 10 * b.n + 100 * c.n i FROM ({digits}) a, ({digits}) b, ({digits}) c"
    hundred = f"SELECT a.n + 10 * b.n i FROM ({digits}) a, ({digits}) b"
    for begin in range(0, rows, 100_000):
        counted = f"SELECT x.i + 1000 * y.i + {begin} + 1 i FROM ({thousand}) x, ({hundred}) y"
        _run(
            server,
            "INSERT INTO t SELECT i, CONCAT('m', i, '@example.com'), 1000, i % 100"
            f" FROM ({counted}) numbers WHERE i <= {min(begin + 100_000, rows)}",
        )
    _run(server, "ANALYZE TABLE t")


def _run(server: RunningServer, sql: str, database: str | None = "bench") -> None:
    with admin_connection(server, database) as connection, connection.cursor() as cursor:
        cursor.execute(sql)


if __name__ == "__main__":
    main()
