"""The shards of the chaos suite, the plan that is rolled out over them, and the witness.

The witness is the server's binary log: it holds every statement that took effect, with its
database, once for each time it did, and nobody but the server writes to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pymysql.cursors import Cursor

from reconciler.ddl.fingerprint import (
    NORMALIZER_VERSION,
    RENDERER_VERSION,
    schema_fingerprint,
    table_fingerprint,
)
from reconciler.ddl.read import read_table
from reconciler.diff.model import Operation
from reconciler.drive.shard.basis import ShardBasis, WantedObject
from reconciler.model.dependents import NONE_SEEN
from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.policy import Policy
from reconciler.model.shadow_tables import is_shadow_named
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
from reconciler.rollout.waves import waves_of
from reconciler.spec.model import Connection, Environment, OnFailure, RolloutSpec, ShardSpec
from tests.integration.chaos.server import PASSWORD, USER, CrashableServer

SHARDS = ("-80", "80-")
ROLLOUT = RolloutSpec(
    canary=("-80",),
    parallel=2,
    on_failure=OnFailure.CONTINUE,
    lock_wait_s=2,
    lock_retries=3,
)


@dataclass(frozen=True)
class Scene:
    """The tables that every shard has, with so many rows in each, and what the plan does to them;
    statements are (table, SQL, engine)."""

    tables: Mapping[str, str]
    statements: tuple[tuple[str, str, EngineName], ...]
    rollout: RolloutSpec = ROLLOUT
    rows: int = 0


_TABLES = {
    "orders": "CREATE TABLE `orders` (`id` int NOT NULL, `note` varchar(20), PRIMARY KEY (`id`))",
    "users": "CREATE TABLE `users` (`id` int NOT NULL, `name` varchar(20), PRIMARY KEY (`id`))",
}
# Three of them would succeed if they were run a second time; the log would show it.
_STATEMENTS = (
    ("users", "ALTER TABLE `users` ADD COLUMN `age` int, ALGORITHM=INSTANT"),
    ("orders", "ALTER TABLE `orders` ALTER COLUMN `note` SET DEFAULT 'x', ALGORITHM=INSTANT"),
    ("users", "ALTER TABLE `users` ALTER COLUMN `age` SET DEFAULT '7', ALGORITHM=INSTANT"),
    ("orders", "ALTER TABLE `orders` MODIFY COLUMN `note` varchar(300), ALGORITHM=COPY"),
)
BY_THE_SERVER = Scene(
    tables=_TABLES,
    statements=tuple((table, sql, EngineName.DIRECT) for table, sql in _STATEMENTS),
)
_ALTER = re.compile(r"(?:use `(?P<database>[^`]+)`; )?(?P<sql>ALTER TABLE .*?)(?: /\*.*)?$")


def database_of(shard: str) -> str:
    return f"chaos_{SHARDS.index(shard)}"


class ChaosFleet:
    program_kinds: frozenset[ObjectKind] = frozenset()

    def __init__(self, server: CrashableServer, scene: Scene = BY_THE_SERVER) -> None:
        self.server = server
        self.scene = scene
        self.reset()
        self._after: dict[ObjectId, WantedObject] = {}
        self.plan = self._planned()
        self.environment = Environment(
            name="production",
            rollout=scene.rollout,
            shards=tuple(map(self.spec_of, SHARDS)),
        )

    def spec_of(self, shard: str) -> ShardSpec:
        return ShardSpec(
            name=shard,
            connection=Connection(
                host="127.0.0.1",
                port=str(self.server.port),
                database=database_of(shard),
                user=USER,
                password=PASSWORD,
                connect_timeout_s=5,
            ),
            programs=tuple(sorted(self.program_kinds)),
        )

    def reset(self) -> None:
        """The before-state on every shard, and a log that begins here."""
        with self.server.connect() as connection, connection.cursor() as cursor:
            for shard in SHARDS:
                database = database_of(shard)
                cursor.execute(f"DROP DATABASE IF EXISTS {database}")
                cursor.execute(f"CREATE DATABASE {database} CHARSET utf8mb4")
                for table, create in self.scene.tables.items():
                    cursor.execute(create.replace(f"`{table}`", f"{database}.`{table}`", 1))
                    self._fill(cursor, f"{database}.`{table}`")
        self.server.forget_log()

    def _fill(self, cursor: Cursor, table: str) -> None:
        if self.scene.rows:
            rows = ", ".join(f"({number})" for number in range(1, self.scene.rows + 1))
            cursor.execute(f"INSERT INTO {table} (id) VALUES {rows}")

    def is_managed(self, object_id: ObjectId) -> bool:
        return not is_shadow_named(object_id.name, self.scene.tables)

    def fingerprint(self, definition: str) -> str:
        version = self.server.binary.version
        return table_fingerprint(read_table(definition, version), version)

    def fingerprint_of(self, about: ObjectId, definition: str) -> str:
        return self.fingerprint(definition)

    def basis(self) -> dict[str, ShardBasis]:
        """What every shard is held against: the tables as the plan leaves them."""
        one = ShardBasis(
            fingerprint=self.fingerprint_of,
            is_managed=self.is_managed,
            after=self._after,
            flavor=self.server.binary.version.flavor,
            dependents=NONE_SEEN,
            program_kinds=self.program_kinds,
        )
        return dict.fromkeys(SHARDS, one)

    def live(self, shard: str) -> dict[str, str]:
        with self.server.connect(database_of(shard)) as connection:
            cursor = connection.cursor()
            definitions = {table: _definition(cursor, table) for table in self.scene.tables}
        return {table: self.fingerprint(text) for table, text in definitions.items()}

    def ran(self) -> Counter[tuple[str, str]]:
        """How often each statement took effect in each database."""
        found: Counter[tuple[str, str]] = Counter()
        for told in self.server.logged():
            if match := _ALTER.fullmatch(told):
                found[match["database"], match["sql"]] += 1
        return found

    def wanted(self) -> Counter[tuple[str, str]]:
        return Counter(
            (database_of(shard), sql) for shard in SHARDS for _, sql, _ in self.scene.statements
        )

    def _planned(self) -> Plan:
        """Each statement is run once on the first shard, to learn what it does."""
        start = self.live(SHARDS[0])
        state = dict(start)
        statements = []
        with self.server.connect(database_of(SHARDS[0])) as connection:
            cursor = connection.cursor()
            texts = {table: _definition(cursor, table) for table in self.scene.tables}
            before = [
                ObjectBefore(object_id=table_id(t), definition=text) for t, text in texts.items()
            ]
            self._after = {
                table_id(table): WantedObject(fingerprint=start[table], text=text)
                for table, text in texts.items()
            }
            for table, sql, engine in self.scene.statements:
                cursor.execute(sql)
                text = _definition(cursor, table)
                after = self.fingerprint(text)
                self._after[table_id(table)] = WantedObject(fingerprint=after, text=text)
                statements.append(
                    PlannedStatement(
                        object_id=table_id(table),
                        operation=Operation.ALTER_TABLE,
                        sql=sql,
                        execution=ExecutionClass(algorithm=Algorithm.INSTANT),
                        engine=engine,
                        effects=(
                            Effect(object_id=table_id(table), before=state[table], after=after),
                        ),
                    )
                )
                state[table] = after
        self.reset()
        return self.plan_of(
            statements,
            before=before,
            start=schema_fingerprint({table_id(t): found for t, found in start.items()}),
            after=schema_fingerprint({table_id(t): found for t, found in state.items()}),
            managed=tuple(map(table_id, sorted(self.scene.tables))),
        )

    def plan_of(
        self,
        statements: Sequence[PlannedStatement],
        *,
        before: Sequence[ObjectBefore],
        start: str,
        after: str,
        managed: tuple[ObjectId, ...],
        policy: Policy | None = None,
    ) -> Plan:
        changes = ChangeSet(
            before=start,
            after=after,
            touched=tuple(before),
            statements=tuple(statements),
            shards=SHARDS,
        )
        rules = RuleVersions(
            normalizer=NORMALIZER_VERSION, renderer=RENDERER_VERSION, hazards=HAZARDS_VERSION
        )
        core = PlanCore(
            environment="production",
            keyspace="commerce",
            server=self.server.binary.version.series,
            rules=rules,
            inputs=(),
            policy=policy or Policy(),
            shards=SHARDS,
            waves=waves_of(SHARDS, self.scene.rollout),
            managed=managed,
            change_sets=(changes,),
            matching=(),
            after=after,
        )
        return plan_from_core(core, PlanMeta(created_at="", tool_version="test"))


def _definition(cursor: Cursor, table: str) -> str:
    cursor.execute(f"SHOW CREATE TABLE `{table}`")
    (found,) = cursor.fetchall()
    return str(found[1])
