"""Whether a diff, run on a real server, ends exactly at what was wanted: the oracle of all cases.

Both ends are made by the server itself from their CREATE statements, in databases of their own.
The steps from the one to the other run on a third one; then everything is read back and compared.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pymysql

from reconciler.ddl.render import render_table
from reconciler.diff.comparable import policy_fingerprint
from reconciler.diff.counters import wanted_counters
from reconciler.diff.model import DiffRefusal, SchemaDiff
from reconciler.diff.schema_diff import diff_schemas
from reconciler.diff.statement import step_sql
from reconciler.model.object_id import ObjectKind
from reconciler.model.policy import Policy
from reconciler.model.renames import Rename
from reconciler.model.schema import OtherObject, Schema
from reconciler.model.server import ServerVersion
from reconciler.observe.shards import DefinitionReader
from tests.connections import admin_connection
from tests.subjects import Server

_numbers = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One side of a pair: statements that make its tables, and then rows."""

    statements: tuple[str, ...]
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What happened on the way from one end to the other; `miss` is None if all went well.
    `respelled` are the definitions, as (live, wanted), that ended equal and in other words."""

    statements: tuple[str, ...] = ()
    refusals: tuple[DiffRefusal, ...] = ()
    notes: tuple[str, ...] = ()
    miss: str | None = None
    respelled: tuple[tuple[str, str], ...] = ()


class EndNotMade(Exception):
    """The server does not accept one of the ends, so that the pair says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """A server, and the prefix of the databases that are made on it."""

    connection: pymysql.Connection
    version: ServerVersion
    prefix: str = f"convergence_{os.getpid()}"  # a given server may serve several processes
    policy: Policy = field(default_factory=Policy)

    def way(self, before: End, after: End, renames: tuple[Rename, ...] = ()) -> Way:
        with self.made(before) as here, self.made(after) as there:
            desired = self.read(there)
            return self.converge(here, desired, renames)

    def converge(self, database: str, desired: Schema, renames: tuple[Rename, ...]) -> Way:
        """Bring a database to `desired` and say where that failed."""
        wanted = wanted_counters(desired, renames)
        observed = self.read(database, wanted)
        diff = self._diff(observed, desired, renames)
        notes = tuple(note.text for note in diff.notes)
        if diff.refusals:
            return Way(refusals=diff.refusals, notes=notes)
        sent: list[str] = []
        miss = self._run(database, diff, sent, wanted)
        miss = miss or self.difference(database, desired, renames)
        return Way(
            statements=tuple(sent),
            notes=notes,
            miss=miss,
            respelled=() if miss else tuple(self._respelled(database, desired)),
        )

    def _respelled(self, database: str, desired: Schema) -> Iterator[tuple[str, str]]:
        found = self.read(database)
        for table in desired.tables:
            pair = self._text(found, table.name), self._text(desired, table.name)
            if pair[0] != pair[1]:
                yield pair

    def _run(
        self, database: str, diff: SchemaDiff, sent: list[str], counters: Mapping[str, int]
    ) -> str | None:
        seen = self._fingerprints(self.read(database, counters))
        for step in diff.steps:
            sql = step_sql(step)
            sent.append(sql)
            self.execute(f"SET foreign_key_checks = {int(step.foreign_key_checks)}")
            if step.session.alters_history:
                self.execute("SET system_versioning_alter_history = KEEP")
            try:
                self.execute(sql)
            except pymysql.MySQLError as error:
                return f"{error.args} on: {sql}"
            finally:
                self.execute("SET foreign_key_checks = 1")
                if step.session.alters_history:
                    self.execute("SET system_versioning_alter_history = DEFAULT")
            now = self._fingerprints(self.read(database, counters))
            if now == seen:
                return f"nothing that can be read back changed by: {sql}"
            seen = now
        return None

    def difference(self, database: str, desired: Schema, renames: tuple[Rename, ...]) -> str | None:
        """How what is there differs from `desired`, or would be planned again; else None."""
        found = self.read(database, wanted_counters(desired, renames))
        have, want = self._fingerprints(found), self._fingerprints(desired)
        for name in sorted(have.keys() | want.keys()):
            if have.get(name) != want.get(name):
                texts = (self._text(schema, name) for schema in (found, desired))
                return f"table {name} is {next(texts)}\nand not {next(texts)}"
        again = self._diff(found, desired, renames)
        if again.steps or again.refusals:
            return f"planned again: {[step_sql(s) for s in again.steps]} {again.refusals}"
        return None

    def _diff(self, observed: Schema, desired: Schema, renames: tuple[Rename, ...]) -> SchemaDiff:
        return diff_schemas(
            observed, desired, policy=self.policy, renames=renames, version=self.version
        )

    def _text(self, schema: Schema, name: str) -> str:
        table = schema.table(name)
        return "not there" if table is None else render_table(table, self.version)

    def _fingerprints(self, schema: Schema) -> dict[str, str]:
        return {t.name: policy_fingerprint(t, self.version, self.policy) for t in schema.tables}

    @contextmanager
    def made(self, end: End) -> Iterator[str]:
        """A database with the tables and rows of an end; gone afterwards."""
        name = f"{self.prefix}_{next(_numbers)}"
        # A server of another make may have another default: MariaDB had latin1 until 11.6.
        self.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        try:
            self.execute(f"USE `{name}`")
            for statement in (*end.statements, *end.rows):
                try:
                    self.execute(statement)
                except pymysql.MySQLError as error:
                    raise EndNotMade(f"{error.args} on: {statement}") from error
            self.execute("SET foreign_key_checks = 1")
            yield name
        finally:
            self.execute("SET foreign_key_checks = 0")
            self.execute(f"DROP DATABASE `{name}`")
            self.execute("SET foreign_key_checks = 1, sql_mode = DEFAULT")

    def read(self, database: str, counters: Mapping[str, int] | None = None) -> Schema:
        """`counters` are those that are wanted of live tables; None: as for git's own."""
        reader = DefinitionReader(self.policy, counters)
        self.execute(f"USE `{database}`")
        names = [(row[0], row[1]) for row in self.execute("SHOW FULL TABLES")]
        tables = [name for name, kind in names if kind != "VIEW"]
        texts = [self.execute(f"SHOW CREATE TABLE `{_escaped(name)}`")[0][1] for name in tables]
        views = tuple(
            OtherObject(kind=ObjectKind.VIEW, name=name, definition="")
            for name, kind in names
            if kind == "VIEW"
        )
        read = sorted((reader.read(t, self.version).table for t in texts), key=lambda t: t.name)
        return Schema(tables=tuple(read), others=views)

    def execute(self, sql: str) -> Sequence[tuple[str, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            rows: Sequence[tuple[str, ...]] = cursor.fetchall()
            return rows


@contextmanager
def connect(server: Server) -> Iterator[Workbench]:
    connection = admin_connection(server)
    with connection:
        yield Workbench(connection=connection, version=server.version)


def both_ways(
    bench: Workbench, one: End, other: End, renames: tuple[Rename, ...] = ()
) -> tuple[Way, Way]:
    """There, and from there back in the same database: what one plan leaves is the next one's
    beginning, hidden state included."""
    with bench.made(one) as here:
        start = bench.read(here)
        with bench.made(other) as goal:
            there = bench.converge(here, bench.read(goal), renames)
            if there.miss is not None or there.refusals:
                return there, bench.way(other, one, _reversed(renames))
            return there, bench.converge(here, start, _reversed(renames))


def _reversed(renames: tuple[Rename, ...]) -> tuple[Rename, ...]:
    tables = {r.new: r.old for r in renames if r.kind == "table"}
    return tuple(
        Rename(kind=r.kind, table=tables.get(r.table, r.table), old=r.new, new=r.old)
        for r in renames
    )


def _escaped(name: str) -> str:
    return name.replace("`", "``")
