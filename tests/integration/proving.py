"""A change set from two lists of statements: proven on scratch, then run on a shard with rows.

The shard and the scratch databases are on one real server; both ends are made by the server itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pymysql

from reconciler.diff.counters import wanted_counters
from reconciler.diff.schema_diff import diff_schemas
from reconciler.edges.clock import SystemClock
from reconciler.edges.engines.find import MachinePrograms
from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.mysql.scratch import MysqlScratch
from reconciler.edges.server.process import RunningServer
from reconciler.edges.workers import ThreadWorkers
from reconciler.model.observation import ObservedShard, TableFacts
from reconciler.model.policy import Policy
from reconciler.model.renames import Rename
from reconciler.model.schema import Schema
from reconciler.model.server import Flavor
from reconciler.observe.shards import DefinitionReader
from reconciler.ports.world import World
from reconciler.prove.change_set import ProofFailed, Proven, prove_change_set
from reconciler.spec.model import Connection, ShardSpec
from tests.connections import admin_connection
from tests.offline_fleet import NoVitess

# As an apply sets it for a table with zero dates: the server's mode without what forbids them.
ZERO_DATES = "REPLACE(REPLACE(@@GLOBAL.sql_mode, 'NO_ZERO_IN_DATE', ''), 'NO_ZERO_DATE', '')"

_numbers = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One server that is shard and scratch at once."""

    server: RunningServer
    connection: pymysql.Connection
    world: World
    policy: Policy = field(default_factory=Policy)

    @contextmanager
    def database(self, statements: Sequence[str]) -> Iterator[str]:
        name = f"proving_{next(_numbers)}"
        self.execute(f"CREATE DATABASE `{name}`")
        self.execute(f"USE `{name}`")
        try:
            self.execute("SET foreign_key_checks = 0")
            for statement in statements:
                self.execute(statement)
            self.execute("SET foreign_key_checks = 1")
            yield name
        finally:
            self.execute(f"DROP DATABASE `{name}`")

    def execute(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def observe(self, database: str) -> ObservedShard:
        shard = ShardSpec(
            name=database,
            connection=connection_to(self.server, database),
            programs=tuple(sorted(self.policy.program_kinds)),
        )
        (seen,) = self.world.shards.observe([shard], parallel=1)
        assert isinstance(seen, ObservedShard), seen
        return seen

    def schema(self, seen: ObservedShard, counters: Mapping[str, int] | None = None) -> Schema:
        """`counters` are those that are wanted of live tables; None: as for git's own."""
        reader = DefinitionReader(self.policy, counters)
        read = (reader.read(text, seen.settings.version) for _, text in seen.definitions)
        return Schema(tables=tuple(r.table for r in read), others=seen.others)

    def prove(
        self,
        before: Sequence[str],
        after: Sequence[str],
        *,
        facts: tuple[tuple[str, TableFacts], ...] | None = None,
        renames: tuple[Rename, ...] = (),
        run: bool = True,
    ) -> Proven | ProofFailed:
        """Prove, then run what was proven on the shard, and check that it ends as said."""
        with self.database(after) as there:
            desired = self.schema(self.observe(there))
        with self.database(before) as here:
            seen = self.observe(here)
            if facts is not None:
                seen = replace(seen, facts=facts)
            proof = self.prove_on(seen, desired, renames)
            if run and isinstance(proof, Proven):
                self.execute(f"USE `{here}`")
                self._run(proof, here)
            return proof

    def prove_on(
        self, seen: ObservedShard, desired: Schema, renames: tuple[Rename, ...] = ()
    ) -> Proven | ProofFailed:
        schema = self.schema(seen, wanted_counters(desired, renames))
        found = diff_schemas(
            schema,
            desired,
            policy=self.policy,
            renames=renames,
            version=seen.settings.version,
        )
        assert not found.refusals, found.refusals
        return prove_change_set(
            self.world,
            observed=(seen,),
            before=schema,
            desired=desired,
            steps=found.steps,
            policy=self.policy,
            renames=renames,
        )

    def _run(self, proof: Proven, database: str) -> None:
        for statement in proof.statements:
            self.execute(f"SET foreign_key_checks = {int(statement.session.foreign_key_checks)}")
            self.execute(
                f"SET sql_mode = {ZERO_DATES if statement.session.zero_dates else 'DEFAULT'}"
            )
            if self.server.version.flavor is Flavor.MARIADB:
                history = "KEEP" if statement.session.alters_history else "DEFAULT"
                self.execute(f"SET system_versioning_alter_history = {history}")
            self.execute(statement.sql)
            now = self._fingerprints(database)
            for effect in statement.effects:
                assert now.get(effect.object_id.name) == effect.after, statement.sql
        now = self._fingerprints(database)
        assert {table: now[table] for table, _ in proof.after} == dict(proof.after)

    def _fingerprints(self, database: str) -> dict[str, str]:
        seen = self.observe(database)
        reader = DefinitionReader(self.policy)
        return {
            table: reader.read(text, seen.settings.version).fingerprint
            for table, text in seen.definitions
        }


def connection_to(server: RunningServer, database: str | None = None) -> Connection:
    return Connection(
        host=server.host,
        port=str(server.port),
        user=server.admin.user,
        password=server.admin.password,
        database=database,
    )


@contextmanager
def bench_on(server: RunningServer) -> Iterator[Bench]:
    link = admin_connection(server)
    with link, MysqlScratch(connection_to(server), environ={}, root=Path()) as scratch:
        world = World(
            shards=MysqlLiveShards(environ={}, root=Path()),
            scratch=scratch,
            workers=ThreadWorkers(),
            clock=SystemClock(),
            engines=MachinePrograms(),
            keyspaces=NoVitess(),
        )
        yield Bench(server=server, connection=link, world=world)
