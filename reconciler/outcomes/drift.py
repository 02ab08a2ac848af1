"""What `drift` ends in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.guard.model import Refusal
from reconciler.model.object_id import ObjectId
from reconciler.model.observation import Unreachable
from reconciler.model.shadow_tables import ShadowGroup, ShadowMark
from reconciler.outcomes.files import LintOutcome
from reconciler.vschema.model import VSchemaChange


class ShardMark(StrEnum):
    """RP-8: six different words, six different marks."""

    MATCHING = "matching"
    DRIFTED = "drifted"
    PENDING_APPLY = "pending-apply"
    UNREACHABLE = "unreachable"
    UNMANAGED = "unmanaged"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDifference:
    """One difference between git and a shard; `repair` is the DDL that would bring live back.
    `objects` are the columns, indexes and constraints that differ; `without_default` are columns
    of the shard that no schema file can say as they are. `git` and `live` are both definitions, of
    the first of the shards that are told together; None: it is not there."""

    object_id: ObjectId
    what: str  # in words: "index idx_a is on live, not in git"
    objects: tuple[str, ...] = ()
    repair: tuple[str, ...] = ()
    without_default: tuple[str, ...] = ()
    git: str | None = field(default=None, compare=False)
    live: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAsGitSays:
    """The apply that was done with a shard when all of it was as git says, and when that was."""

    apply_id: int
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftGroup:
    """Shards that stand alike; for unreachable ones `code` and `reason` tell why, `recovery` what
    to do; for those in quarantine `reason` tells why and until when. Of drifted ones `left` is
    known of every shard, and is the first of them, or of none."""

    mark: ShardMark
    shards: tuple[str, ...]
    differences: tuple[TableDifference, ...] = ()
    code: str = ""
    reason: str = ""
    recovery: str = ""
    left: LeftAsGitSays | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VSchemaDrift:
    """Where the VSchema of a keyspace stands, with both sides whole: matching, drifted or
    pending-apply; one that could not be read ends the look. `changes` would make it git's."""

    mark: ShardMark
    git: str
    live: str
    changes: tuple[VSchemaChange, ...]


#: Somebody has to do something about them.
UNTIDY = frozenset({ShadowMark.LEFTOVER, ShadowMark.FOREIGN})


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftOutcome:
    """`unmanaged` are tables on live that policy leaves alone, with the shards that have them;
    `vschema` is there where the keyspace is in Vitess; `lint` is what rules say of live tables, and
    no drift."""

    environment: str
    keyspace: str
    groups: tuple[DriftGroup, ...]
    pending_plan_id: str | None = None
    unmanaged: tuple[tuple[str, tuple[str, ...]], ...] = ()
    shadows: tuple[ShadowGroup, ...] = ()
    vschema: VSchemaDrift | None = None
    refusals: tuple[Refusal, ...] = ()
    region: str | None = None
    lint: LintOutcome | None = None

    @property
    def untidy(self) -> tuple[ShadowGroup, ...]:
        return tuple(found for found in self.shadows if found.mark in UNTIDY)

    @property
    def unreachable(self) -> tuple[Unreachable, ...]:
        """The shards that could not be seen, each with its reason."""
        return tuple(
            Unreachable(shard=shard, code=group.code, reason=group.reason, recovery=group.recovery)
            for group in self.groups
            if group.mark is ShardMark.UNREACHABLE
            for shard in group.shards
        )
