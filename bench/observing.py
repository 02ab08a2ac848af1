"""How long it takes to look at a fleet, against one shard, when every round trip costs 5 ms more.

    python bench/observing.py [--shards 64] [--tables 50] [--latency-ms 5] [--parallel 32] [--alone]

A proxy, in a process of its own, holds back everything that is sent to the server. With --alone
each shard is reached by an address of its own, as if it had a server to itself. The number that
counts is the last one: the time of the fleet as a multiple of that of one shard, at most 4.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection as PipeEnd
from pathlib import Path

import pymysql

from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.limits import OBSERVE_PARALLEL_MIN
from reconciler.model.observation import ObservedShard
from reconciler.model.server import Flavor
from reconciler.spec.model import Connection, ShardSpec

RATIO_MAX = 4.0
REPEATS = 5
TABLE = """
CREATE TABLE `t{number}` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `account_id` int unsigned NOT NULL,
  `name` varchar(100) NOT NULL DEFAULT '',
  `settings` json DEFAULT NULL,
  `made_at` datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  `price` decimal(10,2) DEFAULT NULL,{more}
  PRIMARY KEY (`id`),
  UNIQUE KEY `by_name` (`account_id`,`name`),
  KEY `by_time` (`made_at` DESC)
) COMMENT='a table as tables are'
"""
# Expressions make a table expensive for the server to open; some tables have them.
EXPRESSIONS = """
  `gross` decimal(12,2) GENERATED ALWAYS AS ((`price` * 1.19)) STORED,
  CONSTRAINT `price_{number}` CHECK ((`price` >= 0)),"""
EXPRESSIONS_EVERY = 5


def main() -> int:
    options = parse()
    # As on a server that is meant for so many tables: by default it would hold 2,000 of them.
    cached = str(2 * options.shards * options.tables)
    sized = {"table_definition_cache": cached, "table_open_cache": cached}
    with start_server(find_server(Flavor.MYSQL), options=sized) as server:
        make_fleet(server, options.shards, options.tables)
        hosts = [host_of(number) for number in range(options.shards if options.alone else 1)]
        with slow_port(server, options.latency_ms / 1000, hosts) as port:
            fleet = [shard_at(server, number, port) for number in range(options.shards)]
            if options.alone:
                fleet = [by_its_host(shard, host_of(n)) for n, shard in enumerate(fleet)]
            look(fleet, options.parallel)  # the server opens every table once
            one_s = statistics.median(look(fleet[:1], options.parallel) for _ in range(REPEATS))
            all_s = statistics.median(look(fleet, options.parallel) for _ in range(REPEATS))
    ratio = all_s / one_s
    print(f"one shard of {options.tables} tables:  {one_s * 1000:7.0f} ms")
    print(f"{options.shards} shards, {options.parallel} at once: {all_s * 1000:7.0f} ms")
    print(f"ratio: {ratio:.1f} (at most {RATIO_MAX:.0f})")
    return 0 if ratio <= RATIO_MAX else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, default=64)
    parser.add_argument("--tables", type=int, default=50)
    parser.add_argument("--latency-ms", type=float, default=5.0)
    parser.add_argument("--parallel", type=int, default=OBSERVE_PARALLEL_MIN)
    parser.add_argument("--alone", action="store_true")
    return parser.parse_args()


def host_of(number: int) -> str:
    """Each is this machine."""
    return f"127.0.{number // 250}.{number % 250 + 1}"


def by_its_host(shard: ShardSpec, host: str) -> ShardSpec:
    return replace(shard, connection=replace(shard.connection, host=host))


def make_fleet(server: RunningServer, shards: int, tables: int) -> None:
    connection = pymysql.connect(
        host=server.host,
        port=server.port,
        user=server.admin.user,
        password=server.admin.password,
        autocommit=True,
    )
    with connection, connection.cursor() as cursor:
        for shard in range(shards):
            cursor.execute(f"CREATE DATABASE shard_{shard}")
            cursor.execute(f"USE shard_{shard}")
            for number in range(tables):
                more = "" if number % EXPRESSIONS_EVERY else EXPRESSIONS.format(number=number)
                cursor.execute(TABLE.format(number=number, more=more))


def shard_at(server: RunningServer, number: int, port: int) -> ShardSpec:
    connection = Connection(
        host=server.host,
        port=str(port),
        database=f"shard_{number}",
        user=server.reader.user,
        password=server.reader.password,
    )
    return ShardSpec(name=str(number), connection=connection)


def look(fleet: list[ShardSpec], parallel: int) -> float:
    """Seconds that one look takes; a shard that was not seen would make it look fast."""
    began = time.perf_counter()
    seen = MysqlLiveShards(environ={}, root=Path("/")).observe(fleet, parallel=parallel)
    took = time.perf_counter() - began
    lost = [one for one in seen if not isinstance(one, ObservedShard)]
    if lost:
        raise SystemExit(f"not every shard was seen: {lost[0]}")
    return took


@contextmanager
def slow_port(
    server: RunningServer, delay_s: float, hosts: Sequence[str] = ("127.0.0.1",)
) -> Iterator[int]:
    ours, theirs = multiprocessing.Pipe()
    proxy = multiprocessing.Process(
        target=run_proxy, args=(theirs, server.host, server.port, delay_s, hosts), daemon=True
    )
    proxy.start()
    try:
        yield ours.recv()
    finally:
        proxy.terminate()
        proxy.join()


def run_proxy(parent: PipeEnd, host: str, port: int, delay_s: float, hosts: Sequence[str]) -> None:
    asyncio.run(serve(parent, host, port, delay_s, hosts))


async def serve(
    parent: PipeEnd, host: str, port: int, delay_s: float, hosts: Sequence[str]
) -> None:
    loop = asyncio.get_running_loop()

    class Half(asyncio.Protocol):
        """One end of a connection; hands what it receives to the other end, maybe later."""

        def __init__(self, delay_s: float) -> None:
            self.delay_s = delay_s
            self.other: asyncio.Transport | None = None
            self.early: list[bytes] = []

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            if self.other is None:
                self.early.append(data)
            elif self.delay_s:
                loop.call_later(self.delay_s, self.other.write, data)
            else:
                self.other.write(data)

        def connection_lost(self, exc: Exception | None) -> None:
            if self.other is not None:
                self.other.close()

    class Client(Half):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            task = loop.create_task(self.meet())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        async def meet(self) -> None:
            transport, half = await loop.create_connection(lambda: Half(0.0), host, port)
            half.other = self.transport  # type: ignore[assignment]
            for data in half.early:
                self.transport.write(data)  # type: ignore[attr-defined]
            self.other = transport

    tasks: set[asyncio.Task[None]] = set()
    first, *others = hosts
    listener = await loop.create_server(lambda: Client(delay_s), first, 0)
    own_port = listener.sockets[0].getsockname()[1]
    if others:
        more = await loop.create_server(lambda: Client(delay_s), others, own_port)
        assert len(more.sockets) == len(others)
    parent.send(own_port)
    await listener.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
