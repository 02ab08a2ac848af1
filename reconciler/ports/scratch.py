"""Scratch servers: empty databases in which definitions and statements are tried."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from reconciler.ddl.foreign import ForeignDefinition
from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import CrossDatabaseChild
from reconciler.model.schema import OtherObject
from reconciler.model.server import ServerError, ServerSettings


class ScratchDatabase(Protocol):
    """An empty database of its own on a scratch server, in a session like a live one's."""

    def execute(self, sql: str, session: StatementSession = DEFAULT_SESSION) -> ServerError | None:
        """Run one statement of ours, or of git's files; the server's refusal is a value. Raises
        Unavailable if the server is gone."""

    def make(
        self, definition: ForeignDefinition, session: StatementSession = DEFAULT_SESSION
    ) -> ServerError | None:
        """Make what a shard printed: the only way for a shard's text to a scratch server."""

    def resolves(self, view: str) -> ServerError | None:
        """Whether everything that a view is made of is there. Nothing of it is run: a view may
        take time, or have effects."""

    def definitions(self) -> Mapping[str, str]:
        """SHOW CREATE TABLE of every base table, read exactly as `LiveShards` reads."""

    def definition(self, table: str) -> str | None: ...

    def programs(self, kinds: Collection[ObjectKind]) -> Mapping[ObjectId, OtherObject]:
        """Every program of these kinds, read exactly as `LiveShards` reads."""

    def program(self, about: ObjectId) -> OtherObject | None:
        """The same of one; None if there is none."""

    def table_ids(self, table: str) -> frozenset[int]:
        """InnoDB's ids of the table and its partitions: a rebuild gives new ones. Empty where the
        server does not tell."""

    def add_outside_parents(
        self, parents: Sequence[tuple[str, ForeignDefinition]]
    ) -> ServerError | None:
        """Make the tables of other databases, each with its database's name, that foreign keys
        refer to."""

    def add_cross_database_children(
        self, children: Sequence[CrossDatabaseChild]
    ) -> ServerError | None:
        """Make tables in another database that refer to those made here so far or later."""


class Scratch(Protocol):
    def keep_off(self, servers: Collection[str]) -> None:
        """Never make a database on one of these servers (as in `ObservedShard.server`): they are
        the shards'. Raises Refused if scratch is one of them, from now on `database` does."""

    def database(self, settings: ServerSettings) -> AbstractContextManager[ScratchDatabase]:
        """A fresh database on a server of the same family and series, with the settings that
        change meaning copied; dropped at the end. Safe to call from several threads.
        Raises Refused where no such server can be had (mismatch, none found)."""
