"""What a flow ends in, per keyspace: the values that reports show and exit codes come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import Problem
from reconciler.guard.model import Refusal
from reconciler.model.observation import Unreachable
from reconciler.plan.model import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyspaceFailed:
    """The pass ended early for this keyspace: errors in its files, or something unavailable."""

    environment: str
    keyspace: str
    problems: tuple[Problem, ...]
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOutcome:
    """`plan` None only with refusals; with refusals nothing is written. No change sets: nothing to
    do. `written` are the files that now hold the plan."""

    environment: str
    keyspace: str
    plan: Plan | None
    readable_sql: str = ""
    refusals: tuple[Refusal, ...] = ()
    unreachable: tuple[Unreachable, ...] = ()
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class VerifyState(StrEnum):
    NO_CHANGE = "no schema change"  # nothing to do and no plan file
    VERIFIED = "verified"  # the committed plan is what is derived
    APPLIED = "applied"  # every shard is at the plan's after-state
    UNPLANNED = "unplanned"  # there are changes and no committed plan
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOutcome:
    environment: str
    keyspace: str
    state: VerifyState
    plan: Plan | None = None
    refusals: tuple[Refusal, ...] = ()
    unreachable: tuple[Unreachable, ...] = ()


class ShardMark(StrEnum):
    """RP-8: five different words, five different marks."""

    MATCHING = "matching"
    DRIFTED = "drifted"
    PENDING_APPLY = "pending-apply"
    UNREACHABLE = "unreachable"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDifference:
    """One difference between git and a shard; `repair` is the DDL that would bring live back."""

    table: str
    what: str  # in words: "index idx_a is on live, not in git"
    repair: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftGroup:
    """Shards that stand alike; `reason` tells why, for unreachable ones."""

    mark: ShardMark
    shards: tuple[str, ...]
    differences: tuple[TableDifference, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftOutcome:
    """`unmanaged` are tables on live that policy leaves alone, with the shards that have them."""

    environment: str
    keyspace: str
    groups: tuple[DriftGroup, ...]
    pending_plan_id: str | None = None
    unmanaged: tuple[tuple[str, tuple[str, ...]], ...] = ()
    refusals: tuple[Refusal, ...] = ()
