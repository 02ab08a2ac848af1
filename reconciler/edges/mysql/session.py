"""One shard during an apply: reads it, runs statements on it, tells what else runs there.

Rule: the session is set as the proof's was, and it is checked that what it has from its server is
what the plan was proven with. A lost connection is made again for looking, never for running twice:
a session claims the shard before it sends, with a GET_LOCK that goes when the server lets go of the
session, which is after everything that was sent over it has been read and run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.access import read_access
from reconciler.edges.mysql.blockers import blockers_in_words, end_blockers, find_blockers
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.dependents import read_dependents
from reconciler.edges.mysql.engine_direct import not_sent, run_statement, statement_session
from reconciler.edges.mysql.locks import claim_name
from reconciler.edges.mysql.problems import (
    LOCK_WAIT_TIMEOUT,
    LinkLost,
    as_unavailable,
    server_changed,
    session_differs,
    unseen_processes,
)
from reconciler.edges.mysql.reading import number, read_definition, read_tables, text
from reconciler.edges.mysql.server_settings import ServerLook, look_at_server
from reconciler.edges.mysql.session_settings import (
    copied_variables,
    session_variables,
    set_session,
)
from reconciler.edges.mysql.target import required_database, resolve
from reconciler.edges.mysql.vital_signs import measure
from reconciler.errors import Unavailable
from reconciler.guard.health import Vitals
from reconciler.limits import SESSION_SILENT_S_MAX
from reconciler.model.access import ShardAccess
from reconciler.model.dependents import Dependents
from reconciler.model.object_id import ObjectId, table_id
from reconciler.plan.model import PlannedStatement
from reconciler.ports.shards import BlockerEnd, Failed, Outcome, Unknown
from reconciler.spec.model import ShardSpec

Result = TypeVar("Result")

_ROWS = (
    "SELECT TABLE_ROWS FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s"
)


class MysqlShardSessions:
    """`ShardSessions` over real servers, with the identity of the spec's connections."""

    def __init__(self, *, environ: Mapping[str, str], root: Path) -> None:
        self._environ = environ
        self._root = root

    @contextmanager
    def open(self, shard: ShardSpec, *, server: str = "") -> Iterator[MysqlShardSession]:
        target = resolve(shard.connection, environ=self._environ, root=self._root, shard=shard.name)
        session = MysqlShardSession(target)
        try:
            if server not in ("", session.server):
                raise Unavailable(server_changed(target.label))
            yield session
        finally:
            session.close()


class MysqlShardSession:
    """`ShardSession`. Not for two threads at once."""

    def __init__(self, target: Target) -> None:
        """Raises Unavailable."""
        self._target = target
        self._database = required_database(target)
        self._link, self._server = self._opened()
        self._claimed_over: Link | None = None
        self._sees_processes = False

    @property
    def server(self) -> str:
        return self._server.identity

    def close(self) -> None:
        self._link.close()

    def definitions(self) -> Mapping[ObjectId, str]:
        read = self._looked(lambda link: read_tables(link, self._database).whole)
        return {table_id(table): definition for table, definition in read}

    def definition(self, object_id: ObjectId) -> str | None:
        return self._looked(lambda link: read_definition(link, object_id.name))

    def dependents(self, tables: Collection[str]) -> Dependents:
        flavor = self._server.settings.version.flavor
        return self._looked(lambda link: read_dependents(link, flavor, tables))

    def rows_estimate(self, object_id: ObjectId) -> int | None:
        rows = self._looked(lambda link: link.query(_ROWS, [object_id.name], width=1))
        return number(rows[0][0]) if rows else None

    def vitals(self) -> Vitals:
        return self._looked(lambda link: measure(link, self._server.settings.version))

    def access(self) -> ShardAccess:
        return self._looked(self._access)

    def run(self, statement: PlannedStatement, *, lock_wait_s: int, run_limit_s: int) -> Outcome:
        session = statement_session(
            statement.session, self._server.settings, lock_wait_s=lock_wait_s
        )
        try:
            if not self._looked(lambda link: self._prepared(link, session)):
                return not_sent("another session may still send statements to the shard")
        except Unavailable as unavailable:
            return not_sent(unavailable.problems[0].message)
        outcome = run_statement(self._link, statement.sql, run_limit_s=run_limit_s)
        match outcome:
            case Failed(error=error) if error.number == LOCK_WAIT_TIMEOUT:
                return Failed(
                    error=error, transient=True, blocker=self._blocker(statement.object_id.name)
                )
            case Unknown():
                self._link.close()
        return outcome

    def claim(self) -> bool:
        return self._looked(self._claims)

    def still_running(self, sql: str) -> bool:
        return self._looked(lambda link: self._runs(link, sql.strip()))

    def kill_blockers(self, object_id: ObjectId) -> tuple[BlockerEnd, ...]:
        flavor, table = self._server.settings.version.flavor, object_id.name
        return self._looked(
            lambda link: end_blockers(link, find_blockers(link, table, flavor) or ())
        )

    def _prepared(self, link: Link, session: Iterable[tuple[str, str]]) -> bool:
        link.execute(set_session(session))
        return self._claims(link)

    def _claims(self, link: Link) -> bool:
        """A connection that was made again has lost the claim, or another has it by now."""
        if self._claimed_over is not link:
            row = link.row("SELECT GET_LOCK(%s, 0)", [claim_name(self._database)], width=1)
            if number(row[0]) != 1:
                return False
            self._claimed_over = link
        return True

    def _blocker(self, table: str) -> str | None:
        try:
            flavor = self._server.settings.version.flavor
            return blockers_in_words(find_blockers(self._link, table, flavor), flavor)
        except LinkLost:
            return None

    def _access(self, link: Link) -> ShardAccess:
        return read_access(link, self._database, look_at_server(link))

    def _runs(self, link: Link, sql: str) -> bool:
        """Other shards of the server may be running the same text: the database decides. SHOW
        gives the text as it is; INFORMATION_SCHEMA cannot hold characters beyond utf8mb3."""
        if not self._sees_processes:
            if not self._access(link).may_everywhere(["PROCESS"]):
                raise Unavailable(unseen_processes(self._target.label))
            self._sees_processes = True
        return any(
            process["Info"] is not None
            and text(process["Info"]).strip() == sql
            and text(process["db"] or "").casefold() == self._database.casefold()
            for process in link.rows_by_name("SHOW FULL PROCESSLIST")
        )

    def _looked(self, look: Callable[[Link], Result]) -> Result:
        """Look over the connection; once over a new one if it was lost. Raises Unavailable."""
        with as_unavailable(self._target.label):
            try:
                return look(self._link)
            except LinkLost:
                self._link.close()
            self._link, server = self._opened()
            if server != self._server:
                raise Unavailable(server_changed(self._target.label))
            return look(self._link)

    def _opened(self) -> tuple[Link, ServerLook]:
        link = connect(self._target, program="reconciler, applying")
        try:
            with as_unavailable(self._target.label):
                server = look_at_server(link)
                silent = ("wait_timeout", str(SESSION_SILENT_S_MAX))
                link.execute(set_session((*session_variables(server.settings), silent)))
                _check_session(link, server)
        except Unavailable:
            link.close()
            raise
        return link, server


def _check_session(link: Link, server: ServerLook) -> None:
    """init_connect, or a proxy, may give sessions other values than the server's own."""
    copied = copied_variables(server.settings)
    names = [name for name, _ in copied]
    asked = ", ".join(f"@@session.{name}" for name in names)
    row = link.row(f"SELECT {asked}", width=len(names))
    differing = [
        name for (name, value), found in zip(copied, row, strict=True) if text(found) != value
    ]
    if differing:
        raise Unavailable(session_differs(link.target.label, differing))
