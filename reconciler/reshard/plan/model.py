"""The plan of a move, as a value: what reviewers agree to, and nothing that they cannot judge.

`SplitCore` is what the id is the hash of. No server is in it (PL-12), so that a fail-over voids no
approval; nor is the number of the job, which does not exist yet; nor any size, which is another one
tomorrow. Fields with a default are written only where they differ from it, as in every plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.key_function import KeyFunctionName
from reconciler.plan.model import InputDigest
from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.job import SPLIT_PROTOCOL, Approval, SplitEngine
from reconciler.spec.model import ReshardLayout, TableUse

SPLIT_PLAN_FORMAT = "1.0"
"""Major and minor. A minor format only adds fields with defaults; every earlier minor is read."""


class SplitSide(StrEnum):
    """On which shards of the move a statement is run. A stored word never changes."""

    SOURCE = "source"
    TARGET = "target"


class StatementUse(StrEnum):
    """What a statement is there for, in the order in which they are run. A stored word."""

    FENCE_TABLE = "fence table"
    QUEUE = "queue"
    TRACK = "track"  # triggers that record every write, from the first copied row on
    FENCE = "fence"  # triggers that ask the fence, for the last seconds
    OWN_TABLE = "own table"
    TABLE = "table"
    GUARD = "guard"  # triggers that keep strangers off, until the target is opened
    FOREIGN_KEY = "foreign key"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitStatement:
    """A definition that the job makes, to the letter, but for the job's number: 0 stands for it."""

    side: SplitSide
    use: StatementUse
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCommand:
    """What `vtctldclient` is given for a step, to the letter, but for the job's number, the plan's
    id and the id of a comparison, for which others stand."""

    step: ReshardStep
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRoute:
    """A shard that serves, and the name by which the routes know its server: its own name where
    Vitess keeps the routes."""

    shard: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRoutes:
    """The version of the routes that the plan was made from; no other one is moved. 0 where Vitess
    keeps them: its topology has no versions, and the shards that serve are what is compared."""

    version: int
    routes: tuple[PlannedRoute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFunction:
    """`selftest` is the digest of the keys that it gives to known values: another implementation
    under the same name is another function."""

    name: KeyFunctionName
    selftest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTable:
    """A table of the sources. `number` is its number in the job, None for an excluded table, which
    stays behind. `key` are the columns of its primary key, none where Vitess chooses by what it
    reads; `definition` is the digest of all that tells how it is made on a target."""

    name: str
    use: TableUse
    number: int | None = None
    shard_by: str | None = None
    key: tuple[str, ...] = ()
    definition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitTerms:
    """How the move is carried out, as `ReshardSpec` says it."""

    fence_budget_s: int
    grace_s: int
    retain_s: int
    rows_per_chunk: int
    layout: ReshardLayout


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitCore:
    """Everything a review agrees to. What is `left_behind`, each with its kind, is not made on the
    targets. `statements` are of a move that this program makes, `commands` of one that Vitess does.
    `readable` is the digest of the `.split.sql`: bound to the plan, and never compared."""

    environment: str
    keyspace: str
    server: str  # release series, e.g. "mysql 9.7"
    inputs: tuple[InputDigest, ...]
    base: BaseRoutes
    sources: tuple[PlannedRoute, ...]
    targets: tuple[str, ...]
    key_function: PlannedFunction | None  # None: vindexes of the VSchema give rows their keys
    tables: tuple[PlannedTable, ...]
    statements: tuple[SplitStatement, ...]
    terms: SplitTerms
    approvals: tuple[Approval, ...]
    left_behind: tuple[str, ...] = ()
    commands: tuple[PlannedCommand, ...] = ()
    engine: SplitEngine = SplitEngine.TRACKER
    protocol: int = SPLIT_PROTOCOL
    readable: str = ""

    @property
    def is_of_vitess(self) -> bool:
        return self.engine is SplitEngine.VITESS_RESHARD

    @property
    def moved(self) -> tuple[PlannedTable, ...]:
        return tuple(table for table in self.tables if table.number is not None)

    @property
    def source_names(self) -> tuple[str, ...]:
        return tuple(route.shard for route in self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """As the sources' servers estimate it, all of them together; None: they do not tell."""

    table: str
    rows: int | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitMeta:
    """What helps a reader and is never trusted."""

    created_at: str
    tool_version: str
    sizes: tuple[TableSize, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlan:
    core: SplitCore
    plan_id: str
    meta: SplitMeta
    format: str = SPLIT_PLAN_FORMAT  # as it was made

    @property
    def identity(self) -> str:
        """What the job marks the move's shards with: it tells them from every other move's."""
        return self.plan_id.removeprefix("sha256:")
