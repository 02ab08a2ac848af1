"""Throwaway databases on a server like the shards': where definitions get their normal form and
every statement is proven before a shard sees it.

Rule: a session here is set by the same function as a live one, plus what a live session has from
its server; where that cannot be had, the proof would be none, and it is refused.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType

from reconciler.ddl.cross_database import with_outside_databases
from reconciler.ddl.foreign import ForeignDefinition
from reconciler.ddl.quote import quote_identifier, quote_string
from reconciler.ddl.render import create_table_sql
from reconciler.diff.session import DEFAULT_SESSION, UNCHECKED, StatementSession
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.innodb_tables import INNODB_TABLES, place_of
from reconciler.edges.mysql.problems import ServerRefusal, as_unavailable
from reconciler.edges.mysql.programs import list_programs, read_program
from reconciler.edges.mysql.reading import (
    number,
    read_definition,
    read_tables,
    text,
)
from reconciler.edges.mysql.scratch_auto import release, server_wide
from reconciler.edges.mysql.scratch_match import refuse_mismatch, session_like, take_like
from reconciler.edges.mysql.scratch_server import Leaves, ScratchServer
from reconciler.edges.mysql.scratch_warm import start_like, warm_server
from reconciler.edges.mysql.session_settings import (
    AS_CONNECTED,
    set_session,
    statement_variables,
)
from reconciler.edges.mysql.target import resolve
from reconciler.errors import Problem, Refused
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import CrossDatabaseChild
from reconciler.model.schema import OtherObject, Table
from reconciler.model.server import Flavor, ServerError, ServerSettings
from reconciler.spec.model import Connection
from reconciler.spec.scratch_image import StartedScratch


class MysqlScratch:
    """`Scratch` on servers of its own, or on the one that is named.

    Leaving its `with` block ends the servers of its own, but for those that stay.
    """

    def __init__(
        self,
        place: Connection | StartedScratch | None,
        *,
        environ: Mapping[str, str],
        root: Path,
    ) -> None:
        self._place = place
        self._environ = environ
        self._root = root
        self._guard = threading.Lock()
        self._servers: dict[object, ScratchServer] = {}
        self._forbidden: set[str] = set()  # identities of servers that have shards
        self._owned = ExitStack()

    def __enter__(self) -> MysqlScratch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._owned.close()
        self._servers.clear()

    def keep_off(self, servers: Collection[str]) -> None:
        with self._guard:
            self._forbidden |= {server for server in servers if server}
            for server in self._servers.values():
                self._refuse_forbidden(server)

    def _refuse_forbidden(self, server: ScratchServer) -> None:
        if server.look.identity in self._forbidden:
            raise Refused(
                Problem(
                    code="scratch-is-a-shard",
                    message="the scratch connection leads to a server that has shards on it",
                    recovery="name a server of its own as `scratch`, or use `scratch: auto`: on"
                    " servers of shards nothing is run that nobody reviewed",
                )
            )

    @contextmanager
    def database(self, settings: ServerSettings) -> Iterator[MysqlScratchDatabase]:
        server = self._server(settings)
        session = session_like(server, settings)
        link = take_like(server, session, settings)
        try:
            database = MysqlScratchDatabase(server, link, settings)
            try:
                database.create()
                yield database
            finally:
                database.drop()
        except BaseException:
            link.close()  # nobody knows what state it is in
            raise
        server.give_back(link, session)

    def _server(self, settings: ServerSettings) -> ScratchServer:
        """One thread starts a server, the others that need it wait."""
        with self._guard:
            if isinstance(self._place, Connection):
                server = self._servers.get(None) or self._given(self._place)
                self._servers[None] = server
                self._refuse_forbidden(server)
                server.drop_leftovers()
                refuse_mismatch(server, settings)
                return server
            key = (release(settings.version), server_wide(settings))
            if key not in self._servers:
                self._servers[key] = self._started(settings)
            return self._servers[key]

    def _given(self, connection: Connection) -> ScratchServer:
        target = resolve(connection, environ=self._environ, root=self._root, shard=None)
        server = ScratchServer(target)
        self._owned.callback(server.close)
        return server

    def _started(self, settings: ServerSettings) -> ScratchServer:
        assert not isinstance(self._place, Connection), "that one is given"
        if (warm := warm_server(self._place, settings)) is not None:
            self._owned.callback(warm.place.release)
            server = ScratchServer(warm.target, leaves=Leaves.LAST_DROPS)
        else:
            running, target = start_like(self._place, settings)
            self._owned.callback(running.stop)
            server = ScratchServer(target, leaves=Leaves.ALL)
        self._owned.callback(server.close)
        refuse_mismatch(server, settings)
        return server


class MysqlScratchDatabase:
    """`ScratchDatabase`. Not for two threads at once.

    Other owners' databases, where foreign keys lead to or come from, go by names of this run in
    every text on its way in and out: what they have on the server is never touched, nor in the way.
    """

    def __init__(self, server: ScratchServer, link: Link, settings: ServerSettings) -> None:
        self._settings = settings
        self._server = server
        self._link = link
        self._name = server.new_name()
        self._session = DEFAULT_SESSION  # as it is set now
        self._fold = server.look.settings.fold
        self._names: dict[str, str] = {}  # of databases that are referred to, by their real ones
        self._standing_for: dict[str, str] = {}  # real names, by those here
        self._beside: list[str] = []  # databases made besides this one

    def create(self) -> None:
        with as_unavailable(self._server.label):
            self._link.execute(_create_database(self._name, self._settings))
            self._link.use(self._name)

    def drop(self) -> None:
        with as_unavailable(self._server.label):
            if self._beside or not self._server.leave(self._name):
                self._set_for(UNCHECKED)
                for name in (self._name, *self._beside):
                    self._link.execute(f"DROP DATABASE IF EXISTS {quote_identifier(name)}")
            self._set_for(DEFAULT_SESSION)

    def execute(self, sql: str, session: StatementSession = DEFAULT_SESSION) -> ServerError | None:
        with as_unavailable(self._server.label):
            # A file may name a character set that the server does not have.
            error = _refusal_of(partial(self._set_for, session))
            error = error or _refusal_of(partial(self._link.execute, self._translated(sql)))
        return error and replace(error, message=self._back(error.message))

    def make(
        self, definition: ForeignDefinition, session: StatementSession = DEFAULT_SESSION
    ) -> ServerError | None:
        return self.execute(definition.sql, session)

    def resolves(self, view: str) -> ServerError | None:
        asked = f"SELECT 1 FROM {quote_identifier(view)}"
        error = self.execute(f"PREPARE reconciler_asks FROM {quote_string(asked)}")
        return error or self.execute("DEALLOCATE PREPARE reconciler_asks")

    def definitions(self) -> Mapping[str, str]:
        with as_unavailable(self._server.label):
            read = read_tables(self._link, self._name).whole
        return {table: self._back(text) for table, text in read}

    def definition(self, table: str) -> str | None:
        with as_unavailable(self._server.label):
            text = read_definition(self._link, table)
        return text and self._back(text)

    def programs(self, kinds: Collection[ObjectKind]) -> Mapping[ObjectId, OtherObject]:
        with as_unavailable(self._server.label):
            there = list_programs(self._link, self._name, kinds)
            found = [(about, read_program(self._link, self._name, about)) for about in there]
        return {about: program for about, program in found if program is not None}

    def program(self, about: ObjectId) -> OtherObject | None:
        with as_unavailable(self._server.label):
            return read_program(self._link, self._name, about)

    def table_ids(self, table: str) -> frozenset[int]:
        view = INNODB_TABLES[self._server.look.settings.version.flavor]
        with as_unavailable(self._server.label):
            rows = self._link.query(
                f"SELECT NAME, TABLE_ID FROM information_schema.{view} WHERE NAME LIKE %s",
                [_like(self._name) + "/%"],
                width=2,
            )
        ids: dict[str, set[int]] = {}
        for raw_name, table_id in rows:
            _, name = place_of(text(raw_name))
            ids.setdefault(name, set()).add(number(table_id) or 0)
        if table.isascii():
            return frozenset(ids.get(table, ()))
        # InnoDB writes letters beyond ASCII in a form of its own. A rebuild of this table shows in
        # the ids of all such tables together as well.
        return frozenset(itertools.chain.from_iterable(v for k, v in ids.items() if "@" in k))

    def add_outside_parents(
        self, parents: Sequence[tuple[str, ForeignDefinition]]
    ) -> ServerError | None:
        ordered = sorted(parents, key=lambda parent: (parent[0], parent[1].name))
        for database, group in itertools.groupby(ordered, lambda parent: parent[0]):
            name = self._named(database)
            error = self._make_beside(name, [self._translated(made.sql) for _, made in group])
            if error is not None:
                return error
        return None

    def add_cross_database_children(
        self, children: Sequence[CrossDatabaseChild]
    ) -> ServerError | None:
        version = self._server.look.settings.version
        ordered = sorted(children, key=lambda child: (child.database, child.name))
        for database, group in itertools.groupby(ordered, lambda child: child.database):
            name = self._new_name_for(database)
            tables = [_referring_to(self._name, child.table) for child in group if child.table]
            error = self._make_beside(name, [create_table_sql(t, version) for t in tables])
            if error is not None:
                return error
        return None

    def _make_beside(self, database: str, statements: Iterable[str]) -> ServerError | None:
        """Tables in a database of their own; with checks off, for not all they refer to is here."""
        with as_unavailable(self._server.label):
            self._set_for(UNCHECKED)
            self._link.execute(f"CREATE DATABASE {quote_identifier(database)}")
            self._beside.append(database)
            self._link.use(database)
            try:
                for statement in statements:
                    error = _refusal_of(partial(self._link.execute, statement))
                    if error is not None:
                        return error
            finally:
                self._link.use(self._name)
        return None

    def _named(self, database: str) -> str:
        """What another owner's database is called here, whether or not it was made."""
        database = self._fold(database)
        if database not in self._names:
            self._names[database] = self._new_name_for(database)
        return self._names[database]

    def _new_name_for(self, database: str) -> str:
        name = self._server.new_name()
        self._standing_for[name] = database
        return name

    def _translated(self, sql: str) -> str:
        return with_outside_databases(sql, self._named)

    def _back(self, text: str) -> str:
        for name, database in self._standing_for.items():
            text = text.replace(quote_identifier(name), quote_identifier(database))
            text = text.replace(name, database)  # in a server's sentences
        return text

    def _set_for(self, session: StatementSession) -> None:
        """Set the session for the next statement, as far as it is set for another kind."""
        if self._session.created_with not in (None, session.created_with):
            self._link.execute(AS_CONNECTED)
        wanted = statement_variables(session, self._settings)
        here = frozenset(statement_variables(self._session, self._settings))
        if changed := [variable for variable in wanted if variable not in here]:
            self._link.execute(set_session(changed))
        self._session = session


def _referring_to(database: str, child: Table) -> Table:
    keys = tuple(replace(key, parent_database=database) for key in child.foreign_keys)
    return replace(child, foreign_keys=keys)


def _refusal_of(statement: Callable[[], None]) -> ServerError | None:
    try:
        statement()
    except ServerRefusal as refusal:
        return refusal.error
    return None


def _like(name: str) -> str:
    return name.replace("_", "\\_")


def _create_database(name: str, settings: ServerSettings) -> str:
    """Everything that a definition may leave unsaid because its database says it."""
    parts = [
        f"CREATE DATABASE {quote_identifier(name)}",
        f"CHARACTER SET {settings.database_charset} COLLATE {settings.database_collation}",
    ]
    if settings.version.flavor is Flavor.MYSQL:
        parts.append(f"ENCRYPTION = '{'Y' if settings.database_encrypted else 'N'}'")
    return " ".join(parts)
