"""What the flows ask of the world; the edges answer. Nothing here says how.

Outcomes first: what a call returns, what it raises, what is durable when it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from reconciler.errors import Problem
from reconciler.guard.approvals import Account, LineCommit, PullRequest, PullRequestReview
from reconciler.ledger.model import (
    Entry,
    EventEntry,
    Lease,
    NewApply,
    Request,
    StoredApply,
    StoredLease,
    StoredOperation,
    StoredStatement,
)
from reconciler.ledger.states import RequestKind, RequestState, StatementState
from reconciler.model.observation import Observation, OutsideChild, OutsideParent
from reconciler.model.server import ServerError, ServerSettings, ServerVersion
from reconciler.outcomes import ProgressEvent
from reconciler.plan.model import PlannedStatement
from reconciler.rollout.vitals import Vitals
from reconciler.spec.model import Connection, ShardSpec
from reconciler.spec.tree import FileTree

Item = TypeVar("Item")
Result = TypeVar("Result")


class Clock(Protocol):
    def now_s(self) -> float:
        """Seconds since the Unix epoch, UTC; for records and reports."""

    def monotonic_s(self) -> float:
        """Seconds on a clock that never jumps; for measuring and pacing."""

    def sleep(self, seconds: float) -> None: ...


class Workers(Protocol):
    def map(
        self, work: Callable[[Item], Result], items: Sequence[Item], *, parallel: int
    ) -> list[Result]:
        """Results in the order of `items`, at most `parallel` at once; the first raise is raised
        after every started item has ended."""


class LiveShards(Protocol):
    """Looks at shards; can change nothing."""

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        """One observation per shard, in the given order. A shard that fails or hangs becomes
        Unreachable after its own time limit and holds nobody else up. Raises nothing of the
        network's."""


class ScratchDatabase(Protocol):
    """An empty database of its own on a scratch server, in a session like a live one's."""

    def execute(
        self,
        sql: str,
        *,
        foreign_key_checks: bool = True,
        zero_dates: bool = False,
        alters_history: bool = False,
    ) -> ServerError | None:
        """Run one statement; the server's refusal is a value. Raises Unavailable if the server
        is gone."""

    def definitions(self) -> Mapping[str, str]:
        """SHOW CREATE TABLE of every base table, read exactly as `LiveShards` reads."""

    def definition(self, table: str) -> str | None: ...

    def table_ids(self, table: str) -> frozenset[int]:
        """InnoDB's ids of the table and its partitions: a rebuild gives new ones. Empty where the
        server does not tell."""

    def add_outside_parents(self, parents: Sequence[OutsideParent]) -> ServerError | None:
        """Make the tables of other databases that foreign keys refer to."""

    def add_outside_children(self, children: Sequence[OutsideChild]) -> ServerError | None:
        """Make tables in another database that refer to those made here so far or later."""


class Scratch(Protocol):
    def database(self, settings: ServerSettings) -> AbstractContextManager[ScratchDatabase]:
        """A fresh database on a server of the same family and series, with the settings that
        change meaning copied; dropped at the end. Safe to call from several threads.
        Raises Refused where no such server can be had (mismatch, none found)."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The server said the statement took effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The server said it did not. `transient`: the same statement may well succeed later (lock
    wait timeout, deadlock, connection refused before it was sent). `blocker`: who was in the way.
    """

    error: ServerError
    transient: bool
    blocker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The connection ended after the statement was sent; only looking at the shard can tell."""

    reason: str


Outcome = Applied | Failed | Unknown


class ShardSession(Protocol):
    """One shard during an apply, over a connection of its own; a context manager."""

    def definitions(self) -> Mapping[str, str]:
        """SHOW CREATE TABLE of every base table, now. Raises Unavailable."""

    def definition(self, table: str) -> str | None:
        """SHOW CREATE TABLE of one table, None if there is none. Raises Unavailable."""

    def rows_estimate(self, table: str) -> int | None: ...

    def vitals(self) -> Vitals:
        """Measured now; what cannot be measured is None. Raises Unavailable."""

    def run(self, statement: PlannedStatement, *, lock_wait_s: int, run_limit_s: int) -> Outcome:
        """The engine: execute exactly this statement once; never retries, never decides. Nothing
        is sent without a claim."""

    def claim(self) -> bool:
        """True: no other session may send statements to this shard until this one has ended, and
        none that did is left. False while the server still has a session that claimed it before,
        though nobody may be at its other end: its statement may run, or be read, at any moment.
        Raises Unavailable."""

    def still_running(self, sql: str) -> bool:
        """True if the shard's server is executing this very statement in some session (a run whose
        connection was lost). Raises Unavailable if that cannot be seen."""

    def kill_blockers(self, table: str) -> tuple[str, ...]:
        """End the sessions that keep a statement from its lock on `table`; tells which, in words.
        Never DDL, never replication. Raises Unavailable."""


class ShardSessions(Protocol):
    def open(self, shard: ShardSpec, *, server: str = "") -> AbstractContextManager[ShardSession]:
        """Connect with the identity that may change the shard. Raises Unavailable, also where not
        `server` answers (as in `ObservedShard`; '' for any): its locks are held on that one."""


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
    """`problems` keep a command from working; `unseen` is what it works without, in words."""

    shard: str
    version: ServerVersion | None
    problems: tuple[Problem, ...]
    unseen: tuple[str, ...] = ()


class Connections(Protocol):
    def check(self, connection: Connection) -> tuple[str, ...]:
        """Problems of a scratch connection in words, empty if databases can be made there."""

    def check_shards(
        self, shards: Sequence[ShardSpec], identity: Identity, *, parallel: int
    ) -> list[ShardCheck]:
        """One for each shard, in the given order. Raises nothing of the network's."""


class FileWriter(Protocol):
    """Files of the working tree; paths are relative to the repository and stay inside it."""

    def write(self, path: str, content: bytes) -> None:
        """The whole file or nothing of it: an interrupted write leaves the old one."""

    def remove(self, path: str) -> None: ...


class History(Protocol):
    """Commits of the user's repository; commits are full hexadecimal ids."""

    def resolve(self, ref: str) -> str:
        """The commit a ref names. Raises InvalidInput if it names none."""

    def tree(self, commit: str) -> FileTree: ...

    def protected_tip(self) -> str | None:
        """The commit at the tip of the protected branch; None if there is no such branch."""

    def contains(self, tip: str, commit: str) -> bool:
        """True if `commit` is `tip` or one of its ancestors."""

    def versions_of(self, path: str) -> Iterator[bytes]:
        """Every content that a file had in the history of HEAD, the newest first."""


class MainLine(Protocol):
    """The protected branch's own line of commits: from each commit to its first parent."""

    def last_change(self, tip: str, path: str) -> str | None:
        """The newest commit of the line, `tip` or before it, that changed the file. None if there
        is no file at `tip`, or if a link stands in its place: what it leads to could change
        without it. Raises Refused if the clone does not go back that far."""

    def back_from(self, commit: str, count: int) -> tuple[LineCommit, ...]:
        """`commit` and what is before it on the line, newest first, at most `count`; empty if the
        clone does not have it."""


class Forge(Protocol):
    """Who merged, reviewed and pushed what, as the forge has it on record. Each call gives a clear
    and whole answer or raises Unavailable: a missing permission, a failing server and half a list
    are never an answer (RV-6). Commits are full ids; a branch goes by its short name."""

    def branch_tip(self, branch: str) -> str: ...

    def is_ancestor(self, commit: str, tip: str) -> bool:
        """True if `commit` is `tip` or one of its ancestors."""

    def file(self, commit: str, path: str, *, bytes_max: int) -> bytes | None:
        """The file's exact bytes; None if the commit's tree, which must be there, has no such
        file."""

    def pull_requests_of(self, commit: str) -> tuple[int, ...]:
        """Numbers of the pull requests that the forge says the commit belongs to."""

    def pull_request(self, number: int) -> PullRequest: ...

    def reviews(self, number: int) -> tuple[PullRequestReview, ...]:
        """All of them, in the order they were given."""

    def last_pusher(self, pull_request: PullRequest) -> Account | None:
        """Who put the head commit on the branch: of bots, the person who pushed before them; None
        if there is no record of it."""

    def may_write(self, account: Account) -> bool:
        """Whether the account may push to the repository now."""

    def is_member(self, team: str, account: Account) -> bool:
        """`team` is `organisation/team`."""

    def changed_paths(self, number: int) -> tuple[str, ...]:
        """Every file the pull request changed, old names of renamed ones included."""

    def run_approvers(self, environment: str) -> tuple[Account, ...]:
        """People who let this very run enter a protected environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkEnded:
    """A piece of work returned `value`, or raised `error`."""

    name: str
    value: object = None
    error: BaseException | None = None


CrewNews = WorkEnded | ProgressEvent


class Crew(Protocol):
    """Threads that work while the one that drives the rollout watches; bounded by its caller."""

    def start(self, name: str, work: Callable[[], object]) -> None:
        """Begin `work` beside the caller; whatever it raises ends up in its WorkEnded."""

    def tell(self, event: ProgressEvent) -> None:
        """Called by work: hand an event to whoever waits. Never blocks."""

    def wait(self, timeout_s: float) -> list[CrewNews]:
        """Everything that happened since the last call, in order; empty after `timeout_s`."""


class Ledger(Protocol):
    """The record of applies. What a write recorded is durable when it returns; a write either
    takes effect whole or not at all. Every call raises Unavailable if the ledger cannot be reached
    or is full; the message names no host and no user. Safe to call from several threads."""

    def begin(self, new: NewApply, *, holder: str, now_s: float) -> Lease:
        """Record an apply with its operations, all pending, and take its lease. Raises Refused
        (`apply-unfinished`, names it) while another apply of the keyspace is not finished."""

    def take_over(
        self, apply_id: int, *, holder: str, now_s: float, seen: StoredLease | None = None
    ) -> Lease:
        """A new lease on an apply whose driver is gone; the old lease's writes fail from now on.
        The caller holds every shard's lock, or only writes to the ledger and names the lease by
        which it judged that nobody drives: Raises Refused (`lease-lost`) if that was taken since.
        """

    def heartbeat(self, lease: Lease, *, now_s: float) -> None:
        """Show a sign of life. Raises Refused (`lease-lost`) if somebody took the lease over."""

    def give_up(self, lease: Lease, *, now_s: float) -> None:
        """Nobody drives the apply any more. A lease taken over meanwhile is left alone."""

    def record(self, lease: Lease, entries: Sequence[Entry]) -> None:
        """All entries or none. Raises Refused: `lease-lost`, or `ledger-conflict` if an
        operation's row is not at the version that was read, or is settled."""

    def settle(self, lease: Lease, row: StoredApply, events: Sequence[EventEntry] = ()) -> None:
        """Write the apply's row as given; `row.version` is the one that was read. Raises Refused
        as `record` does; a finished apply stays as it is (ST-18)."""

    def ask(self, apply_id: int, kind: RequestKind, *, asked_by: str, now_s: float) -> Request: ...

    def answer(self, request_id: int, state: RequestState, answer: str) -> None:
        """Say what became of a request; one that has its answer keeps it."""

    def requests(self, apply_id: int, state: RequestState | None = None) -> list[Request]: ...

    def unfinished(self, environment: str, keyspace: str) -> StoredApply | None: ...

    def apply(self, apply_id: int) -> StoredApply | None: ...

    def applies(self, environment: str, *, keyspace: str | None, limit: int) -> list[StoredApply]:
        """Newest first."""

    def operations(self, apply_id: int) -> tuple[StoredOperation, ...]:
        """In rollout order; never a part of them."""

    def statements(
        self, apply_id: int, *, state: StatementState | None = None
    ) -> tuple[StoredStatement, ...]: ...

    def events(self, apply_id: int, *, limit: int) -> list[EventEntry]:
        """The latest ones, oldest of them first."""

    def lease(self, environment: str, keyspace: str) -> StoredLease | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What looking and proving need; an apply is given its sessions, locks and ledger besides."""

    shards: LiveShards
    scratch: Scratch
    workers: Workers
    clock: Clock
