"""One shard during an apply: reads it, runs statements on it, tells what else runs there.

Rule: the session is set as the proof's was, and it is checked that what it has from its server is
what the plan was proven with (ST-21).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from reconciler.ddl.programs.facts import text_of
from reconciler.ddl.statement.trigger import swap_parts
from reconciler.edges.client.limits import ASKED_AHEAD_MAX
from reconciler.edges.client.target import Target
from reconciler.edges.engines.opening import ProgramEngine, open_engine
from reconciler.edges.mysql.access import asked_for_grants, read_access, read_grants
from reconciler.edges.mysql.blockers import blockers_in_words, end_blockers, find_blockers
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.dependents import read_dependents
from reconciler.edges.mysql.engine_direct import DirectEngine
from reconciler.edges.mysql.problems import (
    LinkLost,
    engine_not_allowed,
    server_changed,
    unseen_processes,
)
from reconciler.edges.mysql.processes import SHOW_PROCESSES, read_processes
from reconciler.edges.mysql.programs import list_programs, read_program
from reconciler.edges.mysql.reach import Reach
from reconciler.edges.mysql.reading import (
    number,
    read_definition,
    read_expected,
    read_tables,
    show_of_table,
)
from reconciler.edges.mysql.rows_ahead import RowsAhead
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.edges.mysql.target import resolve
from reconciler.errors import Unavailable
from reconciler.guard.access import are_judged_by_grants
from reconciler.guard.health import Vitals
from reconciler.model.access import ShardAccess
from reconciler.model.dependents import Dependents
from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.programs import MANAGED_AS
from reconciler.model.server import ServerSettings
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Engine
from reconciler.ports.shards import BlockerEnd, RowsChecked
from reconciler.spec.model import ShardSpec

_ROWS = (
    "SELECT TABLE_ROWS FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s"
)
_BYTES = (
    "SELECT DATA_LENGTH + INDEX_LENGTH FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s"
)


class MysqlShardSessions:
    """`ShardSessions` over real servers, with the identity of the spec's connections."""

    def __init__(
        self, *, environ: Mapping[str, str], root: Path, reach: Reach | None = None
    ) -> None:
        self._environ = environ
        self._root = root
        self._reach = reach

    @contextmanager
    def open(
        self, shard: ShardSpec, *, server: str = "", settings: ServerSettings | None = None
    ) -> Iterator[MysqlShardSession]:
        target = resolve(shard.connection, environ=self._environ, root=self._root, shard=shard.name)
        session = MysqlShardSession(target, self._reach, shard.definers, shard.programs)
        try:
            if server not in ("", session.server) or not session.has(settings):
                raise Unavailable(server_changed(target.label))
            yield session
        finally:
            session.close()


class MysqlShardSession:
    """`ShardSession`. Not for two threads at once."""

    def __init__(
        self,
        target: Target,
        reach: Reach | None = None,
        definers: tuple[str, ...] = (),
        programs: tuple[ObjectKind, ...] = (),
    ) -> None:
        """`definers` are the accounts whose rights programs may have, `programs` the kinds of them
        that are managed. Raises Unavailable."""
        self._definers, self._programs_managed = definers, programs
        self._shard = ShardLink(target, reach)
        self._flavor = self._shard.server.settings.version.flavor
        self._direct = DirectEngine(self._shard, self._blocker)
        self._programs: dict[EngineName, ProgramEngine] = {}
        self._rows = RowsAhead()
        self._sees_processes = False
        self._saw_processes = False

    @property
    def server(self) -> str:
        return self._shard.server.identity

    def has(self, settings: ServerSettings | None) -> bool:
        """Whether its server has these yet, as far as statements depend on them; None: any."""
        if settings is None:
            return True
        return self._shard.server.settings == replace(settings, database_encrypted=False)

    def close(self) -> None:
        for engine in self._programs.values():
            engine.close()
        self._direct.close()
        self._shard.close()

    def definitions(
        self, *, programs: Collection[ObjectKind] = (), expected: Collection[ObjectId] = ()
    ) -> Mapping[ObjectId, str]:
        return self._shard.looked(lambda link: self._definitions(link, programs, expected))

    def definition(self, object_id: ObjectId) -> str | None:
        if object_id.kind in MANAGED_AS:
            return self._shard.looked(lambda link: self._program(link, object_id))
        return self._shard.looked(lambda link: read_definition(link, object_id.name))

    def _definitions(
        self, link: Link, programs: Collection[ObjectKind], expected: Collection[ObjectId]
    ) -> Mapping[ObjectId, str]:
        tables = sorted(one.name for one in expected if one.kind is ObjectKind.TABLE)
        ask_soon = partial(self._shard.ask_soon, link)
        read = read_expected(link, self._shard.database, tables, ask_soon)
        read = read or read_tables(link, self._shard.database)
        # No reader takes '': one that the server cannot show is a problem if it is managed.
        every = (*read.definitions, *((table, "") for table, _ in read.broken))
        found = {table_id(table): definition for table, definition in every}
        for about in list_programs(link, self._shard.database, programs, read.listing):
            if (text := self._program(link, about)) is not None:  # events go by themselves
                found[about] = text
        return found

    def _program(self, link: Link, about: ObjectId) -> str | None:
        """None: there is none. '' for one that the login may not see: no reader takes that."""
        program = read_program(link, self._shard.database, about)
        if program is not None:
            return text_of(program)
        return "" if about in list_programs(link, self._shard.database, [about.kind]) else None

    def dependents(self, tables: Collection[str]) -> Dependents:
        settings = self._shard.server.settings
        return self._shard.looked(lambda link: read_dependents(link, settings, tables))

    def rows_estimate(self, object_id: ObjectId) -> int | None:
        rows = self._shard.looked(lambda link: link.query(_ROWS, [object_id.name], width=1))
        return number(rows[0][0]) if rows else None

    def table_bytes(self, object_id: ObjectId) -> int | None:
        rows = self._shard.looked(lambda link: link.query(_BYTES, [object_id.name], width=1))
        return number(rows[0][0]) if rows else None

    def vitals(self) -> Vitals:
        version = self._shard.server.settings.version
        return self._shard.looked(lambda link: self._shard.reach.vitals(link, version))

    def access(self, statements: Sequence[PlannedStatement]) -> ShardAccess:
        access = self._shard.looked(lambda link: self._access(link, statements))
        self._sees_processes = self._sees_processes or access.may_everywhere(["PROCESS"])
        return access

    def engine(self, name: EngineName) -> Engine:
        if not self._shard.reach.allows(name):
            raise Unavailable(engine_not_allowed(self._shard.target.label, name))
        if name is EngineName.DIRECT:
            return self._direct
        if name not in self._programs:
            self._programs[name] = open_engine(name, self._shard)
        return self._programs[name]

    def claim(self) -> bool:
        return self._shard.claimed() is not None

    def still_running(self, sql: str) -> bool:
        return self._shard.looked(lambda link: self._runs(link, sql))

    def compare_rows(self, statement: PlannedStatement, copy: str) -> RowsChecked:
        return self._shard.looked(lambda link: self._rows.finish(link, statement, copy))

    def compare_ahead(
        self, statement: PlannedStatement, copy: str, *, copied: int | None, behind_s: int
    ) -> None:
        self._shard.looked(
            lambda link: self._rows.go_on(link, statement, copy, copied=copied, behind_s=behind_s)
        )

    def kill_blockers(self, object_id: ObjectId) -> tuple[BlockerEnd, ...]:
        table = object_id.name
        return self._shard.looked(
            lambda link: end_blockers(link, find_blockers(link, table, self._flavor) or ())
        )

    def _blocker(self, link: Link, table: str) -> str | None:
        try:
            return blockers_in_words(find_blockers(link, table, self._flavor), self._flavor)
        except LinkLost:
            return None

    def _access(self, link: Link, statements: Sequence[PlannedStatement]) -> ShardAccess:
        database, programs = self._shard.database, self._programs_managed
        if are_judged_by_grants(statements):
            self._ask_before(link, statements)
            return read_grants(link, database, self._shard.server)
        server = look_at_server(link)
        return read_access(link, database, server, definers=self._definers, programs=programs)

    def _ask_before(self, link: Link, statements: Sequence[PlannedStatement]) -> None:
        """All that is asked right before the first of them, in one go (ST-20)."""
        asked = [*asked_for_grants(link, self._shard.database, self._shard.server)]
        if not self._saw_processes:
            asked.append(SHOW_PROCESSES)
        for statement in statements[:1]:
            about = (effect.object_id for effect in statement.effects)
            asked += [show_of_table(one.name) for one in about if one.kind is ObjectKind.TABLE]
        self._shard.ask_soon(link, *asked[:ASKED_AHEAD_MAX])

    def _runs(self, link: Link, sql: str) -> bool:
        if not self._sees_processes:
            if not self._access(link, ()).may_everywhere(["PROCESS"]):
                raise Unavailable(unseen_processes(self._shard.target.label))
            self._sees_processes = True
        runs, database = self._shard.reach.runs, self._shard.database
        swap = swap_parts(sql)
        parts = swap.every if swap is not None else (sql,)
        processes = read_processes(link)
        self._saw_processes = True
        return any(runs(one, part, database) for one in processes for part in parts)
