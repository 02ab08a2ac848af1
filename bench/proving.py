"""What a proof costs: a change set of ten tables, and a change set in each of many keyspaces.

Run as a program; needs a server at hand (`make servers`). Prints one line for each measurement.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from reconciler.ddl.read import read_table
from reconciler.diff.schema_diff import diff_schemas
from reconciler.edges.clock import SystemClock
from reconciler.edges.engines.find import MachinePrograms
from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.mysql.scratch import MysqlScratch
from reconciler.edges.workers import ThreadWorkers
from reconciler.model.observation import ObservedShard
from reconciler.model.policy import Policy
from reconciler.model.schema import Schema
from reconciler.model.server import Flavor, ServerSettings, ServerVersion
from reconciler.ports.world import World
from reconciler.prove.change_set import Proven, prove_change_set
from tests.offline_fleet import NoVitess

KEYSPACES = 100
SETTINGS = ServerSettings(
    version=ServerVersion(flavor=Flavor.MYSQL, major=9, minor=7, patch=4),
    variables=(
        ("explicit_defaults_for_timestamp", "1"),
        ("innodb_default_row_format", "dynamic"),
        ("lower_case_table_names", "0"),
        ("sql_mode", "STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ENGINE_SUBSTITUTION"),
    ),
    database_charset="utf8mb4",
    database_collation="utf8mb4_0900_ai_ci",
)
OPTIONS = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"


def main() -> int:
    with MysqlScratch(None, environ={}, root=Path()) as scratch:
        world = World(
            shards=MysqlLiveShards(environ={}, root=Path()),
            scratch=scratch,
            workers=ThreadWorkers(),
            clock=SystemClock(),
            engines=MachinePrograms(),
            keyspaces=NoVitess(),
        )
        with scratch.database(SETTINGS):
            pass  # the server's start is not what is measured
        report("10 tables, one change each", lambda: prove(world, tables(10, related=False)))
        report("10 tables, tied by foreign keys", lambda: prove(world, tables(10, related=True)))
        small = tables(2, related=True)
        seconds = report(
            f"{KEYSPACES} keyspaces of 2 tables",
            lambda: [prove(world, small) for _ in range(KEYSPACES)],
        )
        sys.stdout.write(f"800 such keyspaces would take {seconds * 800 / KEYSPACES:.0f} s\n")
    return 0


def report(what: str, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    sys.stdout.write(f"{what}: {seconds:.2f} s\n")
    return seconds


def tables(count: int, *, related: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Before and after: a column more, a longer text, another index; some INSTANT, some not."""
    before, after = {}, {}
    for number in range(count):
        name = f"table_{number:02d}"
        parent = f"table_{number - 1:02d}"
        reference = f"FOREIGN KEY (`parent`) REFERENCES `{parent}` (`id`)"
        key = ["  KEY `parent` (`parent`),", f"  CONSTRAINT `{name}_ibfk_1` {reference},"]
        key = key if related and number else []
        columns = [
            "  `id` bigint NOT NULL,",
            "  `parent` bigint DEFAULT NULL,",
            "  `label` varchar(40) DEFAULT NULL,",
        ]
        more = [*columns, "  `note` varchar(99) DEFAULT NULL,"]
        index = "  KEY `label` (`label`)," if number % 2 else ""
        before[name] = _create(name, [*columns, "  PRIMARY KEY (`id`),", *key])
        after[name] = _create(name, [*more, "  PRIMARY KEY (`id`),", *filter(None, [index]), *key])
    return before, after


def _create(name: str, lines: list[str]) -> str:
    keys = [line for line in lines if "CONSTRAINT" not in line]
    body = "\n".join([*keys, *(line for line in lines if "CONSTRAINT" in line)]).removesuffix(",")
    return f"CREATE TABLE `{name}` (\n{body}\n) {OPTIONS}"


def prove(world: World, pair: tuple[dict[str, str], dict[str, str]]) -> Proven:
    before, after = (
        Schema(tables=tuple(read_table(text, SETTINGS.version) for text in texts.values()))
        for texts in pair
    )
    policy = Policy()
    steps = diff_schemas(before, after, policy=policy, renames=(), version=SETTINGS.version).steps
    observed = ObservedShard(
        shard="-", settings=SETTINGS, definitions=tuple(sorted(pair[0].items()))
    )
    proof = prove_change_set(
        world, observed=(observed,), before=before, desired=after, steps=steps, policy=policy
    )
    assert isinstance(proof, Proven), proof
    return proof


if __name__ == "__main__":
    sys.exit(main())
