"""The plan: a commitment to what will run on which shard, never the source of what runs.

`PlanCore` is what reviewers agree to and what the plan id is the hash of. A shard is changing if
and only if a change set lists it; there is no flag that says so a second time. A field with a
default is not written where it has that value, so that a later minor format can add one without
giving any plan another id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from reconciler.diff.model import Operation
from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.policy import Hazard, Policy
from reconciler.model.programs import MANAGED_AS
from reconciler.model.quarantine import Quarantine
from reconciler.vschema.model import VSchemaChange

PLAN_FORMAT = "1.5"
"""Major and minor. A minor format only adds fields with defaults, and words; every earlier minor is
read, and a plan is of the first that can say it."""

FORMAT_WITHOUT_EVENTS = "1.4"
FORMAT_WITHOUT_TRIGGERS = "1.3"
FORMAT_WITHOUT_ROUTINES = "1.2"
FORMAT_WITHOUT_QUARANTINE = "1.1"
FORMAT_WITHOUT_VIEWS = "1.0"


class Algorithm(StrEnum):
    """ALGORITHM= of an ALTER; the statement carries it, so that live refuses, never degrades."""

    INSTANT = "INSTANT"
    NOCOPY = "NOCOPY"  # MariaDB: in place, and never a rebuild
    INPLACE = "INPLACE"
    COPY = "COPY"


class Lock(StrEnum):
    """LOCK= of an ALTER: what other sessions may do to the table while it runs."""

    NONE = "NONE"
    SHARED = "SHARED"
    EXCLUSIVE = "EXCLUSIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionClass:
    """How the server executes a statement, found by asking it; None where it has no such clause."""

    algorithm: Algorithm | None = None
    lock: Lock | None = None
    rebuilds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An object's fingerprint on both sides of a statement; None: it does not exist."""

    object_id: ObjectId
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStatement:
    """One statement exactly as it runs, with the session it runs in and what it was proven to do.

    `effects` names every object whose fingerprint moves, `object_id` first; a statement that moves
    none could not be told from one that never ran, and is not planned.
    `row_ceiling` bounds the live row estimate (live <= ceiling) where time grows with rows.
    `passes` are effects of the way there, from before the statement to a state that a run may leave
    that dies in its midst: the statement is sent again from there as it stands.
    `engine` carries it out. For one that copies the table, `sql` names no class of execution: the
    server never runs it as it stands, and `execution` is how the server would have.
    """

    object_id: ObjectId
    operation: Operation
    sql: str
    execution: ExecutionClass
    effects: tuple[Effect, ...]
    hazards: tuple[Hazard, ...] = ()
    row_ceiling: int | None = None
    session: StatementSession = DEFAULT_SESSION
    engine: EngineName = EngineName.DIRECT
    passes: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectBefore:
    """The before-definition of an object that the statements touch; None: it does not exist yet.

    With it a half-applied shard can be re-derived: its before-state is no longer anywhere live.
    """

    object_id: ObjectId
    definition: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """The ordered statements that all `shards` share, because they share the same before-state.

    `before` and `after` are schema fingerprints over all managed objects.
    """

    before: str
    after: str
    touched: tuple[ObjectBefore, ...]
    statements: tuple[PlannedStatement, ...]
    shards: tuple[str, ...]

    def __post_init__(self) -> None:
        assert self.statements, "a change set changes something"
        assert self.shards, "a change set changes it somewhere"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Leftover:
    """A table that an engine left when it had changed table `of`, and that may go with its rows:
    only while the ledger still knows it as this very apply's."""

    name: str
    of: str
    engine: EngineName
    apply_id: int


class Moment(StrEnum):
    """When the VSchema is changed: before any shard is, or after all of them are."""

    FIRST = "first"
    LAST = "last"


class CarriedOut(StrEnum):
    """How the statements of a plan reach the shards."""

    BY_STATEMENT = "by statement"  # each is sent to each shard
    BY_DEPLOY_REQUEST = "by deploy request"  # PlanetScale is asked for all of them at once (PS-5)


@dataclass(frozen=True, slots=True, kw_only=True)
class VSchemaStep:
    """The keyspace's VSchema replaced by another: no shard, no SQL, one document (FZ-2).

    `before` and `after` are the fingerprints of two canonical texts. Both texts are here, `found`
    and `document`, so that a step can be derived again when the live VSchema has moved past it.
    """

    moment: Moment
    before: str
    after: str
    found: str
    document: str
    changes: tuple[VSchemaChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputDigest:
    path: str
    sha256: str


class MadeFromFiles(Protocol):
    """What is agreed to in a plan of any kind: it holds the digests of the files behind it."""

    @property
    def inputs(self) -> tuple[InputDigest, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersions:
    """The versions of our own rules that a plan depends on: a plan made by others is stale."""

    normalizer: int
    """How definitions are compared: `ddl.normalize`."""

    renderer: int
    """How definitions are written: `ddl.render`."""

    hazards: int
    """Which dangers are found, of which objects: `plan.hazards`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordDigests:
    """SHA-256 of the sentences of a plan, as committed: bound to it, and never compared."""

    readable: str
    """The `.plan.sql`, to the byte."""

    reasons: str
    """The hazards' reasons, in order, as canonical JSON."""


NO_WORDS = WordDigests(readable="", reasons="")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCore:
    """Everything a review agrees to. Order is meaning only in `statements` and `waves`."""

    environment: str
    keyspace: str
    server: str  # release series, e.g. "mysql 9.7"
    rules: RuleVersions
    inputs: tuple[InputDigest, ...]
    policy: Policy
    shards: tuple[str, ...]
    waves: tuple[tuple[str, ...], ...]
    managed: tuple[ObjectId, ...]
    change_sets: tuple[ChangeSet, ...]
    matching: tuple[str, ...]
    after: str  # the desired schema fingerprint, the same on every shard
    words: WordDigests = NO_WORDS
    cleans: tuple[Leftover, ...] = ()
    vschema: tuple[VSchemaStep, ...] = ()  # at most one of each moment, in the order they run
    carried_out: CarriedOut = CarriedOut.BY_STATEMENT
    quarantine: tuple[Quarantine, ...] = ()  # of shards that are none of `shards`, in key order

    @property
    def managed_tables(self) -> frozenset[str]:
        return frozenset(o.name for o in self.managed if o.kind is ObjectKind.TABLE)

    @property
    def managed_programs(self) -> frozenset[ObjectId]:
        return frozenset(o for o in self.managed if o.kind in MANAGED_AS)

    @property
    def is_empty(self) -> bool:
        """Nothing runs on any shard, and the VSchema stays."""
        return not self.change_sets and not self.vschema

    @property
    def vschema_changes(self) -> tuple[VSchemaChange, ...]:
        return tuple(change for step in self.vschema for change in step.changes)

    def vschema_step(self, moment: Moment) -> VSchemaStep | None:
        return next((step for step in self.vschema if step.moment is moment), None)

    def change_set_of(self, shard: str) -> ChangeSet | None:
        """The shard's own change set; None: it already matches (PL-3, PL-4: no other fallback)."""
        return next((found for found in self.change_sets if shard in found.shards), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCount:
    """Estimated rows of a table on the shards of one change set, which count from 1."""

    change_set: int
    table: str
    largest: int  # of one shard
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMeta:
    """What helps a reader and is never trusted. `counts` are of the look that made the plan, and
    stand in no file."""

    created_at: str
    tool_version: str
    rows: tuple[tuple[str, int], ...] = ()  # (table, estimated rows over all shards)
    notes: tuple[str, ...] = ()
    counts: tuple[RowCount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    core: PlanCore
    plan_id: str
    meta: PlanMeta
    format: str = PLAN_FORMAT  # as it was made


def utc_text(now_s: float) -> str:
    """The time as a plan's meta shows it: seconds, UTC."""
    return datetime.fromtimestamp(now_s, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
