"""The record of applies."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from reconciler.errors import Busy, Unavailable
from reconciler.ledger.deploys import DeployIntent, DeployStep
from reconciler.ledger.model import (
    EVERY_APPLY,
    Entry,
    EventEntry,
    Forgotten,
    Lease,
    NewApply,
    Request,
    StatementOfApply,
    StoredApply,
    StoredFinalizer,
    StoredLease,
    StoredOperation,
    StoredStatement,
    TakenOn,
    Wanted,
)
from reconciler.ledger.reasons import Answer
from reconciler.ledger.states import ApplyState, RequestKind, RequestState, StatementState


class LeaseLost(Busy):
    """Another process drives the apply; this one has written nothing since, and can no more."""


class NoLastingLedger(Unavailable):
    """There is none that any earlier apply can have written to: nobody's record was lost."""


class Ledger(Protocol):
    """The record of applies. What a write recorded is durable when it returns; a write either
    takes effect whole or not at all. Every call raises Unavailable if the ledger cannot be reached
    or is full; the message names no host and no user. Safe to call from several threads."""

    def begin(
        self,
        new: NewApply,
        *,
        holder: str,
        now_s: float,
        stays_ended: frozenset[ApplyState] = frozenset(),
    ) -> Lease:
        """Record an apply with its operations and finalizers, all pending, and take its lease.
        Raises Refused (`apply-unfinished`, names it) while another apply of the keyspace is not
        finished, unless the two are of two regions (RG-20); and where the latest apply there was of
        the same plan, ended in one of `stays_ended`, and nobody asked for a retry of it since
        (`apply-ended`)."""

    def go_on(
        self,
        apply_id: int,
        *,
        holder: str,
        now_s: float,
        asked_by: str | None,
        heard: int | None = None,
    ) -> TakenOn:
        """As `take_over`, for a run that goes on with the apply and holds every shard's lock. That
        `asked_by` said so is recorded with it; None: nobody did, and after a stop that nobody has
        gone on from it raises Refused (`apply-stopped`). So it does after one with a higher number
        than `heard`, the last request when somebody said so. All in the order of the requests'
        numbers, whatever clocks say (RG-50)."""

    def take_over(
        self, apply_id: int, *, holder: str, now_s: float, seen: StoredLease | None = None
    ) -> Lease:
        """A new lease on an apply whose driver is gone; the old lease's writes fail from now on.
        The caller holds every shard's lock, or only writes to the ledger and names the lease by
        which it judged that nobody drives: raises LeaseLost if that was taken since.
        """

    def heartbeat(self, lease: Lease, *, now_s: float) -> None:
        """Show a sign of life. Raises LeaseLost if somebody took the lease over."""

    def give_up(self, lease: Lease, *, now_s: float) -> None:
        """Nobody drives the apply any more. A lease taken over meanwhile is left alone."""

    def record(self, lease: Lease, entries: Sequence[Entry]) -> None:
        """All entries or none. Raises LeaseLost, or Refused (`ledger-conflict`) if an
        operation's or a finalizer's row is not at the version that was read, or is settled."""

    def settle(self, lease: Lease, row: StoredApply, events: Sequence[EventEntry] = ()) -> None:
        """Write the apply's row as given; `row.version` is the one that was read. Raises Refused
        as `record` does; a finished apply stays as it is (ST-18)."""

    def ask(self, apply_id: int, kind: RequestKind, *, asked_by: str, now_s: float) -> Request: ...

    def answer(self, request_id: int, state: RequestState, answer: Answer) -> None:
        """Say what became of a request; one that has its answer keeps it."""

    def requests(self, apply_id: int, state: RequestState | None = None) -> list[Request]: ...

    def unfinished(self, environment: str, keyspace: str, region: str = "") -> StoredApply | None:
        """Of a region's part alone, or of all shards ('')."""

    def apply(self, apply_id: int) -> StoredApply | None: ...

    def applies(
        self,
        environment: str,
        *,
        keyspace: str | None,
        limit: int,
        region: str = "",
        before: int | None = None,
        wanted: Wanted = EVERY_APPLY,
    ) -> list[StoredApply]:
        """Newest first; of a region's part alone, or of all shards (''); those with a number
        `before` that one, None: all; of these only what is `wanted`."""

    def operations(self, apply_id: int) -> tuple[StoredOperation, ...]:
        """In rollout order; never a part of them."""

    def finalizers(self, apply_id: int) -> tuple[StoredFinalizer, ...]:
        """In the order in which they run; never a part of them."""

    def deploys(self, apply_id: int) -> Mapping[DeployStep, DeployIntent]:
        """What PlanetScale was meant to be sent: the last intent of each step."""

    def statements(
        self, apply_id: int, *, state: StatementState | None = None
    ) -> tuple[StoredStatement, ...]: ...

    def sent(self, apply_id: int) -> Mapping[str, Mapping[StatementState, int]]:
        """How many statements this very apply recorded the intent of, by shard and by what became
        of them; no shard to which it had nothing to send."""

    def engine_statements(
        self, environment: str, keyspace: str, *, names: Collection[str]
    ) -> tuple[StatementOfApply, ...]:
        """Of every apply of the keyspace: what an engine other than the server itself was given and
        has not, or not without leaving something, brought to its end; and every statement about a
        table of one of `names`. Oldest apply first, by shard and place."""

    def past_statements(
        self, environment: str, keyspace: str, *, tables: Sequence[str], limit: int
    ) -> tuple[StatementOfApply, ...]:
        """Statements about one of the `tables` that took effect, in all applies of the keyspace:
        of each table at most so many, the newest apply first, and in it those that took longest."""

    def events(self, apply_id: int, *, limit: int) -> list[EventEntry]:
        """The latest ones, oldest of them first."""

    def first_events(self, apply_id: int, *, limit: int) -> list[EventEntry]:
        """The ones from its beginning, in order."""

    def forget(
        self, environment: str, keyspace: str, *, now_s: float, keep_s: float, rows_max: int
    ) -> int:
        """Applies of the keyspace that ended longer ago than `keep_s`, by the caller's clock and by
        the ledger's own: neither alone makes it forget. Whole ones, with all that is theirs, and
        what an earlier call has not come to: at most so many rows, and how many it were. Never what
        anything rests on (RP-27): an apply that has not ended, the latest of all shards and of each
        region, one that tells of tables beside tables, or any while a split lives."""

    def forgotten(self, environment: str, keyspace: str) -> Forgotten | None:
        """What was forgotten so far; None: nothing."""

    def lease(self, environment: str, keyspace: str, region: str = "") -> StoredLease | None: ...
