"""What programs cost on top of the tables, when a fleet is looked at and what was seen is read.

    python bench/programs.py [--shards 256] [--servers 4] [--tables 50] [--programs 50]
                             [--flavor mysql] [--latency-ms 0] [--parallel 32]

Each server holds all its tables open at once, as one that is meant for so many: where it cannot,
for the machine lets it open too few files, it is said, and both times are those of opening. The
same shards are looked at with their tables alone, and again with programs on them that are
managed: views, routines, triggers and events, with bodies of some lines. The number that counts is
the last one: how much longer that takes, which may be 40 % at most.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.observing import make_fleet, shard_at, slow_port
from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.limits import OBSERVE_PARALLEL_MIN
from reconciler.model.observation import ObservedShard
from reconciler.model.policy import Policy
from reconciler.model.programs import ManagedKind
from reconciler.model.server import Flavor
from reconciler.observe.shards import DefinitionReader, look_through
from reconciler.spec.model import ShardSpec
from tests.connections import admin_connection

SHARE_MAX = 0.4
REPEATS = 3
ACCOUNT = "reconciler@127.0.0.1"
BODY = """BEGIN
  -- of account {number}, and of no other
  DECLARE done INT DEFAULT 0;
  WHILE done < 3 DO
    UPDATE t{table} SET name = CONCAT('a', done) WHERE account_id = {number};
    SET done = done + 1;
  END WHILE;
END"""
JOINED = """CREATE SQL SECURITY INVOKER VIEW v{number} AS
SELECT a.id, a.name, b.price FROM t{table} a JOIN t0 b ON b.account_id = a.account_id"""
COUNTED = """CREATE SQL SECURITY INVOKER VIEW w{number} AS
SELECT account_id, COUNT(*) AS n FROM t{table} GROUP BY account_id"""
ROUTINE = f"CREATE PROCEDURE p{{number}}() SQL SECURITY INVOKER {BODY}"
TRIMMED = """CREATE TRIGGER g{number} BEFORE INSERT ON t{table} FOR EACH ROW
SET NEW.name = TRIM(NEW.name)"""
ADDED = """CREATE FUNCTION f{number}(x INT) RETURNS int DETERMINISTIC SQL SECURITY INVOKER
RETURN x + {number}"""
DAILY = f"CREATE EVENT e{{number}} ON SCHEDULE EVERY 1 DAY STARTS '2035-01-01' DISABLE DO {BODY}"
PROGRAMS = (JOINED, ROUTINE, COUNTED, TRIMMED, ADDED, DAILY)


def main() -> int:
    options = parse()
    flavor = Flavor(options.flavor)
    with ExitStack() as stack:
        held = [
            stack.enter_context(held_server(options, flavor, shards))
            for shards in shares(options.shards, options.servers)
        ]
        fleet = [shard for one in held for shard in one.fleet()]
        tables_s = timed(fleet, Policy(), options.parallel)
        for one in held:
            make_programs(one.server, one.shards, options.tables, options.programs)
        kinds = tuple(kind for kind in ManagedKind if kind is not ManagedKind.SEQUENCES)
        definers = tuple((kind, ACCOUNT) for kind in kinds if kind is not ManagedKind.TABLES)
        policy = Policy(manage=kinds, definers=definers)
        programs = tuple(sorted(policy.program_kinds))
        managed = [replace(shard, programs=programs) for shard in fleet]
        both_s = timed(managed, policy, options.parallel)
    share = both_s / tables_s - 1
    fleet_of = f"{options.shards} shards of {options.tables} tables on {options.servers} servers"
    print(f"{fleet_of}: {tables_s * 1000:7.0f} ms")
    print(f"with {options.programs} programs as well:  {both_s * 1000:7.0f} ms")
    print(f"on top: {share:.0%} (at most {SHARE_MAX:.0%})")
    return 0 if share <= SHARE_MAX else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, default=256)
    parser.add_argument("--servers", type=int, default=4)
    parser.add_argument("--tables", type=int, default=50)
    parser.add_argument("--programs", type=int, default=50)
    parser.add_argument("--flavor", choices=[*map(str, Flavor)], default="mysql")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--parallel", type=int, default=OBSERVE_PARALLEL_MIN)
    return parser.parse_args()


def shares(shards: int, servers: int) -> list[int]:
    """As many for each server as for any other, or one more."""
    return [len(range(first, shards, servers)) for first in range(min(shards, servers))]


@dataclass(frozen=True, slots=True)
class Held:
    server: RunningServer
    shards: int
    port: int

    def fleet(self) -> list[ShardSpec]:
        """Programs are shown to a login that may see them all."""
        return [self._as_admin(number) for number in range(self.shards)]

    def _as_admin(self, number: int) -> ShardSpec:
        shard, admin = shard_at(self.server, number, self.port), self.server.admin
        connection = replace(shard.connection, user=admin.user, password=admin.password)
        return replace(shard, name=f"{self.server.port}-{number}", connection=connection)


@contextmanager
def held_server(options: argparse.Namespace, flavor: Flavor, shards: int) -> Iterator[Held]:
    """A server with so many shards. Of a table that more than one connection uses it holds more
    than one open, and each of its caches serves some connections alone."""
    tables = shards * (options.tables + options.programs)
    cached = str(2 * tables)
    sized = {
        "table_definition_cache": cached,
        "table_open_cache": cached,
        "table_open_cache_instances": "1",
        "log_bin": "",
    }
    with start_server(find_server(flavor), options=sized) as server:
        with admin_connection(server) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT @@table_open_cache")
            ((opens,),) = cursor.fetchall()
        if opens < tables:
            print(f"a server with {tables} tables and programs holds {opens} of them open")
        make_fleet(server, shards, options.tables)
        slow = slow_port(server, options.latency_ms / 1000) if options.latency_ms else None
        with slow or nullcontext(server.port) as port:
            yield Held(server, shards, port)


def make_programs(server: RunningServer, shards: int, tables: int, programs: int) -> None:
    with admin_connection(server) as connection, connection.cursor() as cursor:
        for shard in range(shards):
            cursor.execute(f"USE shard_{shard}")
            for number in range(programs):
                made = PROGRAMS[number % len(PROGRAMS)]
                table = number % tables
                cursor.execute(made.replace("{number}", str(number)).replace("{table}", str(table)))


def timed(fleet: list[ShardSpec], policy: Policy, parallel: int) -> float:
    """Seconds that a look and the reading of what was seen take, once the server is warm. A shard
    that was not seen whole would make it look fast."""
    look(fleet, policy, parallel)
    return statistics.median(look(fleet, policy, parallel) for _ in range(REPEATS))


def look(fleet: list[ShardSpec], policy: Policy, parallel: int) -> float:
    began = time.perf_counter()
    seen = MysqlLiveShards(environ={}, root=Path("/")).observe(fleet, parallel=parallel)
    snapshot = look_through(seen, DefinitionReader(policy, {}))
    took = time.perf_counter() - began
    lost = [one for one in seen if not isinstance(one, ObservedShard)]
    if lost or snapshot.refusals:
        raise SystemExit(f"not every shard was seen whole: {[*lost, *snapshot.refusals][0]}")
    return took


if __name__ == "__main__":
    sys.exit(main())
