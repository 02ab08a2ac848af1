"""A fleet without servers: shards that show what they are told to, and a scratch server that
replays what a real one answers, so that every gate can be tried in milliseconds.

The tables are few and written as MySQL 9.7 prints them; `STATES` is one table's history, and an
ALTER on scratch leads from each of its states to the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from reconciler.ddl.foreign import ForeignDefinition
from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.errors import InvalidInput, Problem, Unavailable
from reconciler.flows.plan import keep_plan, plan_keyspace
from reconciler.flows.predecessors import Predecessors, no_proof_asked
from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import (
    CrossDatabaseChild,
    Observation,
    ObservedShard,
    TableFacts,
    Unreachable,
)
from reconciler.model.schema import OtherObject
from reconciler.model.server import Flavor, ServerError, ServerSettings, ServerVersion
from reconciler.model.topology import TableKept, Topology
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.model import Leftover
from reconciler.ports.keyspaces import Keyspaces
from reconciler.ports.ledger import Ledger
from reconciler.ports.world import World
from reconciler.rollout.promotion import CheckAnswer
from reconciler.spec.load import DesiredFiles, load_keyspace
from reconciler.spec.model import Environment, ShardSpec, VitessCluster
from reconciler.spec.promotion import PromotionCheck
from reconciler.spec.tree import Entry, EntryKind, missing_file, too_large
from tests.contract.ledgers import CREATED_S
from tests.sim.fleet import SimClock

Item = TypeVar("Item")
Result = TypeVar("Result")

KEYSPACE, ENVIRONMENT = "shop", "production"
SPEC_PATH, USERS_PATH = "specs/shop.yaml", "schemas/shop/users.sql"
SHARDS = ("-80", "80-")
SPEC = """\
version: 1
keyspace: shop
schema: schemas/shop
environments:
  staging:
    connection: {host: "stage-{shard}", database: d, user: u}
    shards: {count: 2}
  production:
    after: staging
    connection: {host: "db-{shard}", database: d, user: u}
    shards: {count: 2}
"""


def users(*columns: str) -> str:
    """As MySQL 9.7 prints it, with further columns at the end."""
    more = "".join(f"  `{column}` int DEFAULT NULL,\n" for column in columns)
    return (
        f"CREATE TABLE `users` (\n  `id` bigint NOT NULL,\n{more}  PRIMARY KEY (`id`)\n"
        ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
    )


STATES = (users(), users("age"), users("age", "score"))
NOISE = " USING BTREE"  # behind a key it says what is so anyway
SETTINGS = ServerSettings(
    version=ServerVersion(Flavor.MYSQL, 9, 7, 0),
    variables=(("lower_case_table_names", "0"), ("sql_mode", "STRICT_TRANS_TABLES")),
    database_charset="utf8mb4",
    database_collation="utf8mb4_0900_ai_ci",
)
FACTS = TableFacts(rows=10, size_bytes=16_384, row_versions=0)


@dataclass
class Files:
    """`FileTree` and `FileWriter` over a dict."""

    content: dict[str, bytes] = field(default_factory=dict)

    def list_directory(self, path: str) -> tuple[Entry, ...] | None:
        inside = [name.removeprefix(f"{path}/") for name in self.content if _is_below(name, path)]
        kinds = {
            name.partition("/")[0]: EntryKind.DIRECTORY if "/" in name else EntryKind.FILE
            for name in inside
        }
        return tuple(Entry(name=name, kind=kinds[name]) for name in sorted(kinds)) or None

    def read(self, path: str, *, bytes_max: int) -> bytes:
        if path not in self.content:
            raise InvalidInput(missing_file(path))
        if len(self.content[path]) > bytes_max:
            raise InvalidInput(too_large(path, bytes_max))
        return self.content[path]

    def write(self, path: str, content: bytes) -> None:
        self.content[path] = content

    def remove(self, path: str) -> None:
        self.content.pop(path, None)

    def copy(self) -> Files:
        return Files(dict(self.content))

    def keyspace(self) -> DesiredFiles:
        return load_keyspace(self, SPEC_PATH)


def repository(definition: str = STATES[1], *, spec: str = SPEC) -> Files:
    return Files({SPEC_PATH: spec.encode(), USERS_PATH: f"{definition};\n".encode()})


@dataclass
class Shards:
    """`LiveShards`: by host, so that two environments are two fleets. `shown` is what a shard's
    server prints of its tables, None for one that does not answer. `created_s` is when a table was
    created, by its name, where that is not `CREATED_S`."""

    shown: dict[str, Mapping[str, str] | None]
    created_s: dict[str, int | None] = field(default_factory=dict)
    looks: int = 0
    size_bytes: int | None = 16_384  # of each table

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        self.looks += 1
        return [self._one(shard) for shard in shards]

    def _one(self, shard: ShardSpec) -> Observation:
        place = host_of(shard)
        tables = self.shown[place]
        if tables is None:
            return Unreachable(
                shard=shard.name,
                code="shard-unreachable",
                reason="no answer within 10 s",
                recovery="restore access",
            )
        return ObservedShard(
            shard=shard.name,
            settings=SETTINGS,
            definitions=tuple(sorted(tables.items())),
            facts=tuple((name, self._facts_of(name)) for name in sorted(tables)),
            place=f"{place}/{shard.connection.database}",
        )

    def _facts_of(self, table: str) -> TableFacts:
        created_s = self.created_s.get(table, CREATED_S)
        return replace(FACTS, size_bytes=self.size_bytes, created_s=created_s)


def host_of(shard: ShardSpec) -> str:
    return shard.connection.host.replace("{shard}", shard.name)


def fleet(live: str = STATES[0], *, staging: str = STATES[1]) -> Shards:
    """Production at `live` and staging at `staging`, all shards alike."""
    shown: dict[str, Mapping[str, str] | None] = {}
    for shard in SHARDS:
        shown |= {f"stage-{shard}": {"users": staging}, f"db-{shard}": {"users": live}}
    return Shards(shown)


_CREATE = re.compile(r"CREATE TABLE `(\w+)`")
_ALTER = re.compile(r"ALTER TABLE `(\w+)`")
_DROP = re.compile(r"DROP TABLE `(\w+)`")


@dataclass
class ScratchTables:
    """`ScratchDatabase`: a definition is what it was created as, and an ALTER leads to the next of
    the recorded states."""

    tables: dict[str, str] = field(default_factory=dict)

    def execute(self, sql: str, session: StatementSession = DEFAULT_SESSION) -> ServerError | None:
        if match := _CREATE.match(sql):
            self.tables[match[1]] = sql.strip().removesuffix(";")
        elif match := _ALTER.match(sql):
            return self._alter(match[1], sql)
        elif match := _DROP.match(sql):
            del self.tables[match[1]]
        else:
            return ServerError(number=1064, message=f"not recorded: {sql}")
        return None

    def _alter(self, table: str, sql: str) -> ServerError | None:
        now = STATES.index(self.tables[table].replace(NOISE, ""))
        after = next(iter(STATES[now + 1 :]), None) if "ADD COLUMN" in sql else STATES[now - 1]
        if after is None:
            return ServerError(number=1064, message=f"not recorded: {sql}")
        self.tables[table] = after
        return None

    def make(
        self, definition: ForeignDefinition, session: StatementSession = DEFAULT_SESSION
    ) -> ServerError | None:
        return self.execute(definition.sql, session)

    def resolves(self, view: str) -> ServerError | None:
        return None

    def definitions(self) -> Mapping[str, str]:
        return dict(self.tables)

    def definition(self, table: str) -> str | None:
        return self.tables.get(table)

    def programs(self, kinds: Collection[ObjectKind]) -> Mapping[ObjectId, OtherObject]:
        return {}

    def program(self, about: ObjectId) -> OtherObject | None:
        return None

    def table_ids(self, table: str) -> frozenset[int]:
        return frozenset({1})

    def add_outside_parents(
        self, parents: Sequence[tuple[str, ForeignDefinition]]
    ) -> ServerError | None:
        return None

    def add_cross_database_children(
        self, children: Sequence[CrossDatabaseChild]
    ) -> ServerError | None:
        return None


class ReplayedScratch:
    """`Scratch`: every database is empty and of its own."""

    def keep_off(self, servers: Collection[str]) -> None:
        pass

    @contextmanager
    def database(self, settings: ServerSettings) -> Iterator[ScratchTables]:
        yield ScratchTables()


class OneByOne:
    """`Workers`: in the order given."""

    def map(
        self, work: Callable[[Item], Result], items: Sequence[Item], *, parallel: int
    ) -> list[Result]:
        return [work(item) for item in items]


class EveryEngine:
    """`EnginePrograms`: all of them are there."""

    def unusable(self, name: EngineName) -> Problem | None:
        return None

    def version(self, name: EngineName) -> str:
        return "1.0.0"


class NoVitess:
    """`Keyspaces` that nobody may ask."""

    def topology(self, cluster: VitessCluster) -> Topology:
        raise AssertionError("no keyspace of these is Vitess'")

    def tables_kept(self, cluster: VitessCluster) -> tuple[TableKept, ...]:
        raise AssertionError("no keyspace of these is Vitess'")

    def vschema(self, cluster: VitessCluster) -> str:
        raise AssertionError("no keyspace of these is Vitess'")

    def try_vschema(self, cluster: VitessCluster, text: str) -> str | Problem:
        raise AssertionError("no keyspace of these is Vitess'")

    def apply_vschema(self, cluster: VitessCluster, text: str) -> None:
        raise AssertionError("no keyspace of these is Vitess'")


def world(shards: Shards, keyspaces: Keyspaces | None = None) -> World:
    return World(
        shards=shards,
        scratch=ReplayedScratch(),
        workers=OneByOne(),
        clock=SimClock(),
        engines=EveryEngine(),
        keyspaces=keyspaces or NoVitess(),
    )


def no_ledger() -> Ledger:
    raise Unavailable(Problem(code="ledger-unavailable", message="no answer", recovery="wait"))


class NothingMeasured:
    """`PromotionChecks` of specs that measure nothing."""

    def ask(
        self, check: PromotionCheck, shards: Sequence[ShardSpec], *, parallel: int
    ) -> tuple[CheckAnswer, ...]:
        return ()


def predecessors(shards: Shards, **more: Any) -> Predecessors:
    """What a gate asks of what comes before, all of it of these shards."""
    asked: dict[str, Any] = {
        "loaded": {},
        "tree": Files(),
        "proof": no_proof_asked,
        "look_of": lambda _files, found: (world(shards), found),
        "ledger_of": lambda _found: no_ledger(),
        "checks": NothingMeasured(),
    }
    return Predecessors(**{**asked, **more})


def environment(files: DesiredFiles, name: str = ENVIRONMENT) -> Environment:
    found = files.spec.environment(name)
    assert found is not None
    return found


def planned(
    files: Files,
    shards: Shards,
    name: str = ENVIRONMENT,
    *,
    cleans: tuple[Leftover, ...] = (),
) -> PlanOutcome:
    keyspace = files.keyspace()
    return plan_keyspace(
        world(shards),
        keyspace,
        environment(keyspace, name),
        protected=None,
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
        cleans=cleans,
    )


def with_plan(files: Files, shards: Shards) -> Files:
    outcome = planned(files, shards)
    assert outcome.refusals == ()
    keep_plan(outcome, files, files)
    return files


def _is_below(name: str, path: str) -> bool:
    return path in ("", ".") or name.startswith(f"{path}/")
