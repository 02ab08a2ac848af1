"""How fast rows go from a source to two targets, through this process: rows of about 200 bytes.

    python bench/splitting.py [rows]

Starts the newest MySQL and MariaDB at hand, one server each for all shards, and prints rows/s of
the whole way (read, ids, batches, write, acknowledge), and what the triggers cost a writer, beside
what plans say of it.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.edges.server.find import find_servers
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.fleet import KeyRange
from reconciler.model.server import Flavor
from reconciler.ports.split_servers import SplitSource, SplitTarget
from reconciler.reshard.batches import Owners, chunk_batches
from reconciler.reshard.rows import Key
from reconciler.reshard.triggers import TRACKER_AND_FENCE_US, TRACKER_US
from tests.integration.mysql_edges import admin_cursor, connection_to, shard
from tests.split_stands import servers, work_for

ROWS = 400_000
ROWS_PER_CHUNK = 2_000
UPDATES = 500
TURNS = 9
ROWS_PER_S_MIN = 20_000

TABLE = (
    "CREATE TABLE orders (id bigint NOT NULL AUTO_INCREMENT, customer bigint NOT NULL,"
    " state enum('new','paid') NOT NULL, total decimal(12,2) NOT NULL,"
    " made_at datetime(6) NOT NULL, note varchar(200) NOT NULL, PRIMARY KEY (id),"
    " KEY customer (customer)) ENGINE=InnoDB"
)
WORK = work_for("orders")
OWNERS = Owners(
    ranges=(("-80", KeyRange(b"", b"\x80")), ("80-", KeyRange(b"\x80", b""))),
    keyspace_id=lambda value: hashlib.md5(value).digest()[:8],
)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    for flavor in Flavor:
        newest = sorted(
            (found for found in find_servers() if found.version.flavor is flavor),
            key=lambda found: found.version,
        )[-1]
        with start_server(newest) as server:
            fill(server, rows)
            print(f"{server.version}: {copied_per_s(server, rows):,.0f} rows/s to two targets")
            without, tracked, fenced = (
                statistics.median(times) for times in zip(*update_us(server), strict=True)
            )
            print(f"  an UPDATE of one row by its key: {without:.0f} us without triggers")
            for words, us, told in (
                ("the tracker", tracked - without, TRACKER_US[flavor]),
                ("tracker and fence", fenced - without, TRACKER_AND_FENCE_US[flavor]),
            ):
                print(f"  {words}: {us:.0f} us more; plans say about {told} us")


def fill(server: RunningServer, rows: int) -> None:
    with admin_cursor(server) as cursor:
        for database in ("source", *OWNERS.targets):
            cursor.execute(f"CREATE DATABASE `{database}`")
        cursor.execute("USE source")
        cursor.execute(TABLE)
        cursor.execute(
            "INSERT INTO orders (customer, state, total, made_at, note)"
            " VALUES (7, 'paid', 12.50, NOW(6), REPEAT('x', 150))"
        )
        made = 1
        while made < rows:
            more = min(made, rows - made)
            cursor.execute(
                "INSERT INTO orders (customer, state, total, made_at, note) SELECT id * 7 + 3,"
                f" state, total + id, made_at, note FROM orders LIMIT {more}"
            )
            made += more


def copied_per_s(server: RunningServer, rows: int) -> float:
    with sessions(server) as (source, targets):
        source.make_helpers()
        source.arm_tracker("orders")
        shape = source.shape("orders")
        for target in targets.values():
            target.claim()
            target.make_table(shape, source.definition("orders"))
        begun = time.perf_counter()
        after: Key | None = None
        for number in count(1):
            chunk = source.read_chunk("orders", after, rows=ROWS_PER_CHUNK)
            if chunk.end is None:
                break
            after = chunk.end
            for batch in chunk_batches(shape, chunk.rows, OWNERS):
                answer = targets[batch.target].take(
                    1, number, after, shape, replaced=batch.replaced, deleted=batch.deleted
                )
                assert answer is None
        seconds = time.perf_counter() - begun
        digests = [target.digest(shape, None, None) for target in targets.values()]
        assert digests[0] + digests[1] == source.digest("orders", None, None)
    return rows / seconds


def update_us(server: RunningServer) -> Iterator[tuple[float, float, float]]:
    """Without triggers, with the tracker, with tracker and fence: in turn, for machines are not as
    fast in one minute as in another."""
    with sessions(server) as (source, _):
        for turn in range(TURNS):
            without = median_update_us(server, turn)
            source.arm_tracker("orders")
            tracked = median_update_us(server, turn)
            source.arm_fence("orders")
            yield without, tracked, median_update_us(server, turn)
            source.drop_fence("orders")
            source.drop_tracker("orders")


def median_update_us(server: RunningServer, turn: int) -> float:
    taken = []
    with admin_cursor(server, "source") as cursor:
        for number in range(turn * UPDATES, (turn + 1) * UPDATES):
            begun = time.perf_counter()
            cursor.execute(f"UPDATE orders SET total = total + 1 WHERE id = {number + 1}")
            taken.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(taken)


@contextmanager
def sessions(server: RunningServer) -> Iterator[tuple[SplitSource, dict[str, SplitTarget]]]:
    with ExitStack() as stack:
        place = shard(connection_to(server, "source"), "-")
        source = stack.enter_context(servers().source(place, WORK))
        targets = {
            name: stack.enter_context(
                servers().target(shard(connection_to(server, name), name), WORK)
            )
            for name in OWNERS.targets
        }
        yield source, targets


if __name__ == "__main__":
    main()
