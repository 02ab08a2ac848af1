"""The fleet's shards: looking, locking, and the session that changes one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from reconciler.errors import Problem
from reconciler.guard.health import Vitals
from reconciler.model.access import ShardAccess
from reconciler.model.dependents import Dependents
from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import Observation
from reconciler.model.server import ServerSettings, ServerVersion
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Engine
from reconciler.spec.model import Connection, ShardSpec
from reconciler.spec.scratch_image import StartedScratch


class LiveShards(Protocol):
    """Looks at shards; can change nothing."""

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        """One observation per shard, in the given order. A shard that fails or hangs becomes
        Unreachable after its own time limit and holds nobody else up. Raises nothing of the
        network's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockerEnd:
    """A session that was to be ended, in words; `is_denied`: the login may not."""

    session: str
    is_denied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsAlike:
    """Every row that was compared is in the copy as it is in the table. `left_out` are columns that
    were not compared, and why; not `is_whole`: a bound was reached first. `unsettled` rows were
    written again and again meanwhile."""

    compared: int
    left_out: tuple[str, ...] = ()
    is_whole: bool = True
    unsettled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsDiffer:
    """Rows that stayed as they are in the table, and that the copy never followed: other values,
    not in the copy, only in the copy. At most as many as were looked for."""

    compared: int
    differing: int
    missing: int
    extra: int


@dataclass(frozen=True, slots=True)
class RowsNotCompared:
    """They cannot be, and why."""

    reason: str


RowsChecked = RowsAlike | RowsDiffer | RowsNotCompared


class ShardSession(Protocol):
    """One shard during an apply, over a connection of its own; a context manager."""

    def definitions(
        self, *, programs: Collection[ObjectKind] = (), expected: Collection[ObjectId] = ()
    ) -> Mapping[ObjectId, str]:
        """SHOW CREATE TABLE of every base table, now, and the text of every program of these kinds
        (`ddl.programs`), '' where it is hidden. What is `expected` to be all of it decides nothing:
        it is asked for first. Raises Unavailable."""

    def definition(self, object_id: ObjectId) -> str | None:
        """The same of one table or one program, None if there is none. Raises Unavailable."""

    def dependents(self, tables: Collection[str]) -> Dependents:
        """Programs of the server that use one of the tables by name, and foreign keys that refer
        to one, now and as far as the login sees them. Raises Unavailable."""

    def rows_estimate(self, object_id: ObjectId) -> int | None:
        """By the server's statistics; None if it cannot tell. Raises Unavailable."""

    def table_bytes(self, object_id: ObjectId) -> int | None:
        """Rows and indexes, by the server's statistics; None if it cannot tell. Raises
        Unavailable."""

    def access(self, statements: Sequence[PlannedStatement]) -> ShardAccess:
        """What may be done there now, as far as these statements are judged by it. Raises
        Unavailable."""

    def vitals(self) -> Vitals:
        """Measured now; what cannot be measured is None. Raises Unavailable."""

    def engine(self, name: EngineName) -> Engine:
        """The one that carries out statements on this shard, over this session: nothing is sent
        without its claim. Raises Unavailable where its program is missing on this machine."""

    def claim(self) -> bool:
        """True: no other session may send statements to this shard until this one has ended, and
        none that did is left. False while the server still has a session that claimed it before,
        though nobody may be at its other end: its statement may run, or be read, at any moment.
        Raises Unavailable."""

    def still_running(self, sql: str) -> bool:
        """True if the shard's server is executing this very statement in some session (a run whose
        connection was lost). Raises Unavailable if that cannot be seen."""

    def compare_rows(self, statement: PlannedStatement, copy: str) -> RowsChecked:
        """The rows of the statement's table with those of the copy that its engine has made of it
        and keeps up to date, now: bounded in rows and in time, and with the patience that a copy
        needs to follow. What the statement's hazards say gets other values is left out. What
        `compare_ahead` has found equal is not read again where nobody has written to the table
        since. Changes nothing. Raises Unavailable."""

    def compare_ahead(
        self, statement: PlannedStatement, copy: str, *, copied: int | None, behind_s: int
    ) -> None:
        """Compare some of the `copied` rows (None: of all) while the copy goes on, for a second or
        so at most, and go on from there the next time; only where the table has rested for
        longer than its engine may be behind (`behind_s`). What differs is left for `compare_rows`.
        Changes nothing. Raises Unavailable."""

    def kill_blockers(self, object_id: ObjectId) -> tuple[BlockerEnd, ...]:
        """End the sessions that keep a statement from its lock on the table; tells what came of
        each that was tried. Never DDL, never replication. Raises Unavailable."""


class ShardSessions(Protocol):
    def open(
        self, shard: ShardSpec, *, server: str = "", settings: ServerSettings | None = None
    ) -> AbstractContextManager[ShardSession]:
        """Connect with the identity that may change the shard. Raises Unavailable, also where not
        `server` answers (as in `ObservedShard`; '' for any): its locks are held on that one; or
        where it has other `settings` by now (None: any): its statements were proven under those."""


class HeldLocks(Protocol):
    def is_held(self, shard: str) -> bool:
        """True only if the lock's own connection answered just now and still holds the lock."""


class ShardLocks(Protocol):
    def take(
        self, shards: Sequence[ShardSpec], *, keyspace: str, holder: str
    ) -> AbstractContextManager[HeldLocks]:
        """Take every shard's GET_LOCK at once, without waiting, over connections that do nothing
        else (one per server, not per shard). Raises Refused (`lock-held`, names the holder and
        since when) or Unavailable, and then holds none. A dead holder's locks go with its
        connection."""


class Identity(StrEnum):
    """What the login of a process is for: plan jobs read, apply jobs change."""

    READS = "reads"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardCheck:
    """`problems` keep a command from working; `unseen` is what it works without, in words.
    `access` is that of the login; None where nobody could log in."""

    shard: str
    version: ServerVersion | None
    problems: tuple[Problem, ...]
    unseen: tuple[str, ...] = ()
    access: ShardAccess | None = None


class Connections(Protocol):
    def scratch_excess(self, scratch: Connection | StartedScratch | None) -> tuple[str, ...]:
        """Privileges on the whole server that a scratch login has and does not need, in words;
        `scratch` is the spec's, and the machine's own goes before it. Raises Unavailable or
        InvalidInput."""

    def scratch_settings(
        self, scratch: Connection | StartedScratch | None
    ) -> ServerSettings | None:
        """The scratch server's own, with no database chosen: its login may use none that it did
        not make. None where neither the spec nor the machine names a server that runs already.
        Raises Unavailable or InvalidInput."""

    def check_shards(
        self, shards: Sequence[ShardSpec], identity: Identity, *, parallel: int
    ) -> list[ShardCheck]:
        """One for each shard, in the given order. Raises nothing of the network's."""
