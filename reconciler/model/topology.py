"""A keyspace as Vitess' topology has it: its shards, and what is going on in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: What the context of each migration that this product begins starts with.
MIGRATION_CONTEXT = "reconciler:"


class Serving(StrEnum):
    """Whether a shard's primary answers."""

    YES = "serving"
    NO_PRIMARY = "no primary"  # the topology names none
    SILENT = "primary not serving"  # vtgate has none that is healthy
    DISPUTED = "primary disputed"  # vtgate's is another one than the topology's
    CLOSED = "not serving"  # the topology has taken the shard out: a reshard's, before or after


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyShard:
    """`primary` is the alias of its primary tablet, '' where there is none."""

    name: str
    primary: str
    serving: Serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One of VReplication's that reads from the keyspace or writes to it, at whatever stage.
    `kind` is Vitess' word: Reshard, MoveTables, Migrate, Materialize, CreateLookupIndex, ..."""

    name: str
    kind: str
    source: str  # keyspaces
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMigration:
    """An online DDL of one shard that is not at an end; `status` is Vitess' word."""

    uuid: str
    shard: str
    table: str
    status: str
    context: str

    @property
    def is_own(self) -> bool:
        """Begun by this product: by which apply, the ledger knows."""
        return self.context.startswith(MIGRATION_CONTEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableKept:
    """What a table of one shard was before the last online DDL of it, which Vitess still has, and
    can put back with the rows that were written since."""

    uuid: str
    shard: str
    table: str
    context: str

    @property
    def apply_id(self) -> int | None:
        """Of this product's; None: of somebody else's."""
        number = self.context.removeprefix(MIGRATION_CONTEXT).partition(":")[0]
        is_own = self.context.startswith(MIGRATION_CONTEXT) and number.isascii()
        return int(number) if is_own and number.isdigit() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Everything sorted. `migrations` were only asked for where every shard serves, and `workflows`
    where each has a primary; `vtgate_version` is '' where vtgate did not tell one."""

    keyspace: str
    shards: tuple[TopologyShard, ...]
    cells: tuple[str, ...]
    workflows: tuple[Workflow, ...] = ()
    migrations: tuple[OpenMigration, ...] = ()
    sidecar_database: str = "_vt"
    vtgate_version: str = ""

    @property
    def serves(self) -> bool:
        return bool(self.shards) and all(one.serving is Serving.YES for one in self.shards)

    @property
    def has_primaries(self) -> bool:
        """Each shard, also those of a reshard, which serve nothing yet or no more."""
        alive = (Serving.YES, Serving.CLOSED)
        return bool(self.shards) and all(one.serving in alive for one in self.shards)
