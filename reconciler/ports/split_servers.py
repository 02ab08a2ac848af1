"""What a split asks of the servers that rows come from and go to.

Rules: everything may be asked again after a crash, and then ends in the same: what is made is made
if it is missing, compared if it is there, and Refused if it is another's. A lock that cannot be had
within a second is an answer, `Busy`, and has changed nothing. Whoever loses the answer to a COMMIT
gets Unavailable: `acks`, `fence` and `facts` say what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.errors import Problem
from reconciler.model.schema import ForeignKey
from reconciler.reshard.helper_tables import FenceState, GuardState
from reconciler.reshard.rows import Chunk, Digest, Dirty, Key, MovedTable, Row
from reconciler.spec.model import ShardSpec


@dataclass(frozen=True, slots=True)
class Busy:
    """Somebody held the lock for the second that it was waited for; `what` in words."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableToMove:
    """`number` is the table's in the names of what is made for it; it is never another's in the
    same job. `shard_by` None: a reference table."""

    number: int
    name: str
    shard_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitWork:
    """`job` is the job's number, `identity` what tells the move's shards from all others."""

    job: int
    identity: str
    tables: tuple[TableToMove, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSeen:
    """What must stay as it is while a table is tracked. `table_id` is the storage engine's: any
    TRUNCATE and any rebuild changes it. `definition` is a digest without the counter. `tracker`
    and `fence` tell when those triggers were made; None unless all of them stand to the letter."""

    name: str
    table_id: int
    definition: str
    tracker: str | None
    fence: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """`left_s`: how long it stays closed by itself, by the source's clock; None: it does not."""

    state: FenceState
    epoch: int
    left_s: float | None = None

    @property
    def is_closed(self) -> bool:
        """Whether writers are refused for the moment at least."""
        return self.state is not FenceState.OPEN and (self.left_s is None or self.left_s > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """`fence` None: there is none yet. `tables`: those of the move that are there; `others` neither
    are of it nor were made for it. `queues`: the tables whose queue is there. `prepared`: how many
    XA transactions of the server are prepared and not yet ended. `identity` None: no mark."""

    identity: str | None
    fence: Fence | None
    tables: tuple[TableSeen, ...]
    others: tuple[str, ...]
    retired: tuple[str, ...]
    queues: tuple[str, ...]
    prepared: int

    def table(self, name: str) -> TableSeen | None:
        return next((table for table in self.tables if table.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSeen:
    """`depth` counts to `QUEUE_COUNTED_MAX` and no further. `oldest_s` is the age of the first key
    by the server's clock, `last` the highest place that is taken; None for an empty queue."""

    depth: int
    oldest_s: float | None
    last: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a server must be for rows to move from it, or to it. `problems` are what keeps it from
    that, by name; `of_login` what keeps the login that asked from it, and another one need not.
    `settings` must be equal on all servers of a move; `replicas` follow a source,
    `disk_free_bytes` is of a target's server, None where it does not tell."""

    problems: tuple[Problem, ...]
    settings: tuple[tuple[str, str], ...]
    rows_bytes: int
    disk_free_bytes: int | None = None
    of_login: tuple[Problem, ...] = ()
    replicas: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerText:
    """A trigger of the application's, with what its text means something in. Its definer is an
    account, which is never shown."""

    name: str
    sql: str
    sql_mode: str
    character_set: str
    collation: str
    definer: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedKey:
    """A foreign key and the ALTER TABLE that adds it."""

    key: ForeignKey
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """How a table of the source is made again: `bare` without foreign keys, then `afterwards` what
    no CREATE TABLE can say. `foreign_keys` and `triggers` come back when all rows are there."""

    table: str
    bare: str
    afterwards: tuple[str, ...]
    foreign_keys: tuple[AddedKey, ...]
    triggers: tuple[TriggerText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """How far a bracket has come on the target that keeps its rows: the truth, whatever a ledger
    says. `cursor` None: from the beginning."""

    batch: int
    cursor: Key | None
    rows: int


NOT_BEGUN = Ack(batch=0, cursor=None, rows=0)


@dataclass(frozen=True, slots=True)
class OutOfTurn:
    """The batch was not the next one, and nothing was written: `stored` is the last number."""

    stored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersSeen:
    """Shard column values of the next rows by key; `end` None: there was none."""

    misplaced: int
    scanned: int
    end: Key | None


class SplitSource(Protocol):
    """A shard whose rows move away. It serves all the while, but for the fence."""

    def take_over(self) -> None:
        """Be the only one that does anything for this move here, before anything is made, written
        or dropped: whoever took over before is cut off, with all that is on its way, and gets
        Unavailable. Raises Unavailable if its end is not seen."""

    def ground(self) -> Ground:
        """All that is in the way, before anything is made. Raises Unavailable."""

    def shape(self, table: str) -> MovedTable:
        """The table's columns and key as they are now. Raises Refused (`split-table-unfit`) for a
        table that is missing or cannot be moved, Unavailable."""

    def definition(self, table: str) -> Definition:
        """Raises Refused for a table that cannot be read back, Unavailable."""

    def facts(self) -> SourceFacts:
        """Asked again each time. Raises Unavailable."""

    def fence(self) -> Fence | None:
        """`facts().fence` alone, in one statement. Raises Unavailable."""

    def queue(self, table: str) -> QueueSeen:
        """Raises Unavailable."""

    def make_helpers(self) -> Busy | None:
        """Queues, and the fence, open. Raises Refused (`split-helper-foreign`) where something
        else has one of the names, or another move's identity; Unavailable."""

    def arm_tracker(self, table: str) -> Busy | None:
        """Once it returns None and `prepared` has been 0 after it, every transaction that was not
        tracked has ended, and every later one leaves its keys in the queue. MariaDB keeps no lock
        of an XA transaction that is prepared and detached. Raises Refused, Unavailable."""

    def arm_fence(self, table: str) -> Busy | None:
        """The triggers that ask the fence, which is open still. Raises Refused, Unavailable."""

    def drop_fence(self, table: str) -> Busy | None:
        """Raises Unavailable."""

    def drop_tracker(self, table: str) -> Busy | None:
        """The queue stays. Raises Unavailable."""

    def drop_helpers(self) -> Busy | None:
        """Queues and fence, after all triggers. Raises Unavailable."""

    def read_chunk(self, table: str, after: Key | None, *, rows: int) -> Chunk:
        """The next rows by key, committed ones, in a read of their own: at most `rows`, fewer if
        they are large. Raises Unavailable."""

    def read_queue(self, table: str, *, keys: int) -> tuple[Dirty, ...]:
        """The first of what has been committed, by seq: in no order of commits. Raises
        Unavailable."""

    def read_rows(self, table: str, keys: Sequence[Key]) -> tuple[Row, ...]:
        """As they are now, as far as they are there: newer than what was read from the queue
        before. Raises Unavailable."""

    def forget(self, table: str, seqs: Sequence[int]) -> None:
        """Take exactly these out of the queue, once all targets have what became of their keys.
        Raises Unavailable."""

    def flip(self, epoch: int, *, budget_s: float) -> bool | Busy:
        """Close the fence for so long, once no writer who has passed it is at work any more. True:
        it is closed by this epoch. False: another epoch has it, or this one's time has run out: an
        epoch is used once. Raises Unavailable."""

    def seal(self, epoch: int) -> bool | Busy:
        """Keep it closed without an end. False: it is not this epoch's, or its time has run out,
        and writers may have passed. Raises Unavailable."""

    def reopen(self, epoch: int) -> bool | Busy:
        """Let writers in. False: another epoch's, or the rows have moved. Raises Unavailable."""

    def prepared(self) -> int:
        """How many XA transactions wait for their second phase, on the whole server. Raises
        Unavailable, also where the login may not see them."""

    def digest(self, table: str, after: Key | None, end: Key | None) -> Digest:
        """Of the rows behind `after` up to `end`, as the server hashes them. Raises Unavailable."""

    def digests(self, table: str, after: Key | None, end: Key | None) -> Mapping[Key, Digest]:
        """Of each row behind `after` up to `end`, by its key. Raises Unavailable."""

    def digests_of(self, table: str, keys: Sequence[Key]) -> Mapping[Key, Digest]:
        """Of each row of these keys, by its key as the row has it: to the byte it may be another
        one than was asked for. Raises Unavailable."""

    def end_of_range(self, table: str, after: Key | None, *, rows: int) -> Key | None:
        """The key of the last of the next so many rows behind `after`; None: there are not more.
        Raises Unavailable."""

    def counter(self, table: str) -> int | None:
        """The next AUTO_INCREMENT value. Raises Unavailable."""

    def may_retire(self) -> Busy | None:
        """Whether no transaction has the tables: `retire` would wait for its end, and nobody would
        serve the range meanwhile. Raises Unavailable."""

    def retire(self, epoch: int) -> bool | Busy:
        """The rows have moved: no write is let in any more, and all tables get their retired names
        in one statement. False: the fence is not sealed by this epoch. Raises Unavailable."""

    def drop_retired(self) -> Busy | None:
        """The end of the source's rows. Raises Unavailable."""


class SplitTarget(Protocol):
    """A shard that rows move to. Nobody is routed to it before it is opened."""

    def take_over(self) -> None:
        """As the source's. Raises Unavailable."""

    def ground(self) -> Ground:
        """All that is in the way; also what stands in its database that is not this job's. Raises
        Unavailable."""

    def claim(self) -> Busy | None:
        """Mark an empty database as this job's. Raises Refused (`split-target-not-empty`,
        `split-helper-foreign`), Unavailable."""

    def identity(self) -> str | None:
        """The identity that it is marked with. Raises Unavailable."""

    def make_table(self, table: MovedTable, definition: Definition) -> Busy | None:
        """Without foreign keys and triggers. Raises Refused where another stands there,
        Unavailable."""

    def missing(self) -> tuple[str, ...]:
        """Tables that rows go to, or the split keeps here, and are gone. Raises Unavailable."""

    def running_events(self) -> tuple[str, ...]:
        """Events that its server runs, as far as the login sees them. Raises Unavailable."""

    def acks(self) -> Mapping[int, Ack]:
        """By bracket. Raises Unavailable."""

    def take(
        self,
        bracket: int,
        batch: int,
        cursor: Key | None,
        table: MovedTable,
        *,
        replaced: Sequence[Row],
        deleted: Sequence[Key],
    ) -> OutOfTurn | None:
        """Delete, replace and acknowledge in one transaction, if `batch` is the one after the last.
        Raises Unavailable: whether it was taken, `acks` tells."""

    def digest(self, table: MovedTable, after: Key | None, end: Key | None) -> Digest:
        """As the source's, like the three that follow. Raises Unavailable."""

    def digests(
        self, table: MovedTable, after: Key | None, end: Key | None
    ) -> Mapping[Key, Digest]: ...

    def digests_of(self, table: MovedTable, keys: Sequence[Key]) -> Mapping[Key, Digest]: ...

    def end_of_range(self, table: MovedTable, after: Key | None, *, rows: int) -> Key | None: ...

    def misplaced(
        self, table: MovedTable, is_owned: Callable[[bytes], bool], after: Key | None, *, rows: int
    ) -> OwnersSeen:
        """Of the next rows by key, how many have a shard column value that is not the target's.
        Raises Unavailable."""

    def raise_counter(self, table: str, *, at_least: int) -> Busy | None:
        """No id is given out twice. Raises Unavailable."""

    def arm_guard(self, table: MovedTable) -> Busy | None:
        """Refuse writes of all others, until the guard is opened. Raises Refused, Unavailable."""

    def guard(self) -> GuardState | None:
        """None: there is none, and nothing that asks it. Raises Refused (`split-mark-gone`) where
        its triggers stand without it, and refuse all writes; Unavailable."""

    def open_guard(self) -> None:
        """From now on everybody may write. Raises Unavailable."""

    def add_foreign_keys(self, definition: Definition) -> Busy | None:
        """Those of the source that are missing. Raises Refused (`split-orphans`) where a row refers
        to one that is not on this target, Unavailable."""

    def add_triggers(self, definition: Definition) -> Busy | None:
        """Those of the application: after the last batch, before it is opened. Raises Refused,
        Unavailable."""

    def is_as(self, definition: Definition) -> bool:
        """Whether the table is as it was made, foreign keys and counter apart. Raises
        Unavailable."""

    def orphans(self, definition: Definition) -> tuple[Problem, ...]:
        """Foreign keys of the source (`split-orphans`) by which a row refers to one that is not
        here: `add_foreign_keys` would refuse them. Raises Unavailable."""

    def trigger_problems(self, definition: Definition) -> tuple[Problem, ...]:
        """What keeps this login from making the application's triggers here with the rights that
        they have on the source, or them from working. Raises Unavailable."""

    def drop_guard(self, table: str) -> Busy | None:
        """Raises Refused as `guard` does, Unavailable."""

    def drop_helpers(self) -> Busy | None:
        """Guard and acknowledgements, after all triggers: last, for they say whose the tables are.
        Raises Unavailable."""

    def drop_made(self) -> Busy | None:
        """Of a move that was given up: the tables that this job made, and no other. Raises Refused
        once the guard is open, and as `guard` does; Unavailable."""


class SplitServers(Protocol):
    def source(self, shard: ShardSpec, work: SplitWork) -> AbstractContextManager[SplitSource]:
        """Raises Unavailable."""

    def target(self, shard: ShardSpec, work: SplitWork) -> AbstractContextManager[SplitTarget]:
        """Raises Unavailable."""
