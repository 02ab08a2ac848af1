"""A fleet of which a shard is being split, without servers: what plans of moves are made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Problem
from reconciler.flows.split.derive import SplitPlanWorld
from reconciler.model.observation import Observation, ObservedShard
from reconciler.ports.split_servers import (
    Definition,
    Ground,
    SplitSource,
    SplitTarget,
    SplitWork,
    TableToMove,
)
from reconciler.reshard.rows import Chunk, Key, MovedTable, Row
from reconciler.spec.model import ShardSpec
from tests.offline_fleet import SPEC, STATES, Files, Shards, repository, world
from tests.sim.reshard.vitess import SimVitess
from tests.sim.split.servers import shape_of

KEYS = "key_function: numeric\ntables: {users: {shard_by: id}}\n"
ROUTED = SPEC.replace("keyspace: shop\n", f"keyspace: shop\n{KEYS}")
BEFORE, _, _ = ROUTED.rpartition("    shards: {count: 2}\n")
SPLITTING = f'{BEFORE}    shards: ["-40", "40-80", "80-"]\n    retiring: ["-80"]\n'
SETTINGS = (("sql_mode", "STRICT_TRANS_TABLES"), ("time_zone", "SYSTEM"))
FIT = Ground(problems=(), settings=SETTINGS, rows_bytes=0)


@dataclass
class PlannedEnd:
    """`SplitSource` and `SplitTarget` as far as a plan asks: nothing that makes anything."""

    found: Ground
    work: SplitWork
    create: str
    keys: tuple[Key, ...] = ()
    of_triggers: tuple[Problem, ...] = ()

    def ground(self) -> Ground:
        return self.found

    def shape(self, table: str) -> MovedTable:
        return shape_of(self.work, table)

    def definition(self, table: str) -> Definition:
        return Definition(
            table=table, bare=self.create, afterwards=(), foreign_keys=(), triggers=()
        )

    def trigger_problems(self, definition: Definition) -> tuple[Problem, ...]:
        return self.of_triggers

    def read_chunk(self, table: str, after: Key | None, *, rows: int) -> Chunk:
        found = tuple(Row(key=key, values=(*key,), owner=key[0]) for key in self.keys[:rows])
        return Chunk(rows=found, end=self.keys[-1] if self.keys else None)

    def read_rows(self, table: str, keys: Sequence[Key]) -> tuple[Row, ...]:
        return tuple(row for row in self.read_chunk(table, None, rows=9).rows if row.key in keys)


@dataclass
class PlannedServers:
    """`SplitServers`: all are fit unless `grounds` says otherwise of a shard, by side and name."""

    grounds: dict[str, Ground] = field(default_factory=dict)
    create: dict[str, str] = field(default_factory=dict)
    keys: dict[str, tuple[Key, ...]] = field(default_factory=dict)
    of_triggers: tuple[Problem, ...] = ()
    asked: list[str] = field(default_factory=list)
    tables: Sequence[TableToMove] = ()

    @contextmanager
    def source(self, shard: ShardSpec, work: SplitWork) -> Iterator[SplitSource]:
        yield self._end("source", shard, work)  # type: ignore[misc]

    @contextmanager
    def target(self, shard: ShardSpec, work: SplitWork) -> Iterator[SplitTarget]:
        yield self._end("target", shard, work)  # type: ignore[misc]

    def _end(self, side: str, shard: ShardSpec, work: SplitWork) -> PlannedEnd:
        name = f"{side} {shard.name}"
        self.asked.append(name)
        self.tables = work.tables
        return PlannedEnd(
            found=self.grounds.get(name, FIT),
            work=work,
            create=self.create.get(name, counted(7)),
            keys=self.keys.get(name, ()),
            of_triggers=self.of_triggers,
        )


def counted(rows: int) -> str:
    """The table as a server prints it that has given out so many numbers."""
    return STATES[1].replace("ENGINE=InnoDB", f"ENGINE=InnoDB AUTO_INCREMENT={rows}")


class OneDatabase(Shards):
    """Every new shard leads to the same one, by whatever address."""

    def _one(self, shard: ShardSpec) -> Observation:
        seen = super()._one(shard)
        if isinstance(seen, ObservedShard) and not seen.definitions:
            return replace(seen, place="here/d")
        return seen


def splitting(definition: str = STATES[1], *, spec: str = SPLITTING) -> Files:
    return repository(definition, spec=spec)


def split_fleet(live: str = STATES[1]) -> Shards:
    """The two shards of before with a table each, and two that are new and empty."""
    full, empty = {"users": live}, dict[str, str]()
    return Shards({"db--80": full, "db-80-": full, "db--40": empty, "db-40-80": empty})


def adopted_routes(ledger: SqlLedger, *shards: str, key_function: str = "numeric") -> None:
    ledger.routes.adopt(
        "production",
        "shop",
        key_function=key_function,
        shards=shards or ("-80", "80-"),
        by="ada",
        now_s=0.5,
    )


def split_world(shards: Shards, servers: PlannedServers, ledger: SqlLedger) -> SplitPlanWorld:
    return SplitPlanWorld(
        look=world(shards),
        servers=servers,
        reshards=SimVitess({}),
        open_routes=lambda: ledger.routes,
        open_jobs=lambda: ledger.split_jobs,
    )


def unfit(code: str) -> Ground:
    problem = Problem(code=code, message=f"it is {code}", recovery="make it fit")
    return replace(FIT, problems=(problem,))
