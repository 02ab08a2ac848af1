"""What a flow ends in, per keyspace: the values that reports show and exit codes come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import Problem
from reconciler.guard.model import Refusal
from reconciler.ledger.states import ApplyState, OperationState, RequestKind, RequestState
from reconciler.model.observation import Unreachable
from reconciler.plan.estimate import Estimate
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
    do. `written` are the files that now hold the plan. `estimate` None: there is nothing to run, or
    nobody looked at the shards it would run on."""

    environment: str
    keyspace: str
    plan: Plan | None
    estimate: Estimate | None = None
    readable_sql: str = ""
    refusals: tuple[Refusal, ...] = ()
    unreachable: tuple[Unreachable, ...] = ()
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class VerifyState(StrEnum):
    NO_CHANGE = "no schema change"  # nothing to do and no plan of these files
    VERIFIED = "verified"  # the committed plan is what is derived
    APPLIED = "applied"  # every shard is at the plan's after-state
    UNPLANNED = "unplanned"  # there are changes and no committed plan
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOutcome:
    """`plan` is the committed one; of UNPLANNED the one that would be made."""

    environment: str
    keyspace: str
    state: VerifyState
    plan: Plan | None = None
    estimate: Estimate | None = None
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
    """One difference between git and a shard; `repair` is the DDL that would bring live back.
    `objects` are the columns, indexes and constraints that differ."""

    table: str
    what: str  # in words: "index idx_a is on live, not in git"
    objects: tuple[str, ...] = ()
    repair: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftGroup:
    """Shards that stand alike; for unreachable ones `reason` tells why, `recovery` what to do."""

    mark: ShardMark
    shards: tuple[str, ...]
    differences: tuple[TableDifference, ...] = ()
    reason: str = ""
    recovery: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftOutcome:
    """`unmanaged` are tables on live that policy leaves alone, with the shards that have them."""

    environment: str
    keyspace: str
    groups: tuple[DriftGroup, ...]
    pending_plan_id: str | None = None
    unmanaged: tuple[tuple[str, tuple[str, ...]], ...] = ()
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PullOutcome:
    """`source` is the shard the files were taken from, `alike` those equal to it, `others` the
    rest: a plan will say what they need. Paths are relative to the repository; `spec` is the one
    of them that `init` wrote beside the files."""

    environment: str
    keyspace: str
    source: str
    alike: tuple[str, ...]
    others: tuple[str, ...]
    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    spec: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LintOutcome:
    """What is wrong in the files of one keyspace, without a look at any server."""

    keyspace: str
    tables: int
    problems: tuple[Problem, ...] = ()


class CheckMark(StrEnum):
    """`doctor`: a warning works today and may not tomorrow."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFinding:
    """One check: `subject` is what was looked at, `shard` which shard if it was one, `recovery`
    how to mend it."""

    subject: str
    shard: str | None = None
    mark: CheckMark
    message: str
    recovery: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOutcome:
    environment: str
    keyspace: str
    findings: tuple[DoctorFinding, ...]


class ApplyVerdict(StrEnum):
    """How one keyspace's apply ended for this process; the words are shown to people."""

    NOTHING_TO_DO = "nothing to do"  # every shard was at the plan's after-state already
    COMPLETED = "completed"
    REFUSED = "refused"  # by a gate: nothing was sent
    SUPERSEDED = "superseded"  # a newer merge owns the keyspace: nothing was sent
    FAILED = "failed"
    PAUSED = "paused"  # waits for a person: a gate between waves, a failure, a closed window
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    UNKNOWN = "outcome unknown"  # a statement was sent and nobody could look yet


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRow:
    """One table of one shard. `runs` is the statement that is on its way; `waits_for` names what it
    waits for before it goes on, `waits_since_s` since when."""

    table: str
    state: OperationState
    statements: int
    statements_done: int
    started_s: float | None = None
    settled_s: float | None = None
    runs: str = ""
    waits_for: str = ""
    waits_since_s: float | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRow:
    """One shard with work; `wave` counts from 1; `state` sums its operations up."""

    shard: str
    wave: int
    state: OperationState
    operations: tuple[OperationRow, ...]

    @property
    def problem(self) -> Problem | None:
        """The shard's own first problem; two shards' never overwrite each other (RP-3)."""
        return next((row.problem for row in self.operations if row.problem), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRow:
    """One wave's shards with work, counted by where they are; the rest waits. `soak_until_s` is
    when it starts, if it waits for the soak after the wave before it."""

    number: int
    shards: tuple[str, ...]
    completed: int
    failed: int
    running: int
    unknown: int = 0
    stopped: int = 0
    cancelled: int = 0
    soak_until_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOutcome:
    """`apply_id` is None if nothing was started. `problem` is the first failure in rollout order,
    or why the run ended early; `reason` says in words what a paused or stopped apply waits for."""

    environment: str
    keyspace: str
    verdict: ApplyVerdict
    plan: Plan | None = None
    apply_id: int | None = None
    waves: tuple[WaveRow, ...] = ()
    shards: tuple[ShardRow, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unreachable: tuple[Unreachable, ...] = ()
    problem: Problem | None = None
    reason: str = ""
    statements_run: int = 0  # by this process
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEvent:
    """One line of an apply's history."""

    at_s: float
    what: str
    shard: str | None = None
    table: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyStatus:
    """One apply as the ledger knows it, live or past. `holder` drives it, None if nobody does;
    `heartbeat_s` is its last sign of life. `reason` says why nothing starts, since
    `waits_since_s`."""

    apply_id: int
    environment: str
    keyspace: str
    plan_id: str
    commit: str
    state: ApplyState
    started_s: float
    completed_s: float | None
    holder: str | None
    heartbeat_s: float | None
    waits_since_s: float | None
    reason: str
    problem: Problem | None
    waves: tuple[WaveRow, ...]
    shards: tuple[ShardRow, ...]
    events: tuple[LedgerEvent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusOutcome:
    """`applies` newest first: the current one of each keyspace, or, asked for, all of the past."""

    environment: str
    applies: tuple[ApplyStatus, ...]
    now_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlOutcome:
    """What became of a request to an apply; `apply_id` is None where there was none to ask.
    PENDING: it is recorded, and whoever drives the apply has not answered yet."""

    environment: str
    keyspace: str
    kind: RequestKind
    state: RequestState
    answer: str
    apply_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStarted:
    """The first progress event: what there is to do. `done` were already at the after-state."""

    at_s: float
    keyspace: str
    apply_id: int
    waves: tuple[tuple[str, ...], ...]
    statements: int
    done: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardStarted:
    at_s: float
    keyspace: str
    shard: str
    wave: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementStarted:
    """`number` counts from 1 to `of` within the shard."""

    at_s: float
    keyspace: str
    shard: str
    table: str
    sql: str
    number: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEnded:
    at_s: float
    keyspace: str
    shard: str
    table: str
    number: int
    of: int
    elapsed_s: float
    problem: Problem | None = None  # None: applied, and read back as planned


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardEnded:
    at_s: float
    keyspace: str
    shard: str
    wave: int
    state: OperationState
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutWaits:
    """Nothing runs and why: soaking, a lock, a gate. `shard` None: the whole rollout waits."""

    at_s: float
    keyspace: str
    reason: str
    shard: str | None = None
    until_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutEnded:
    at_s: float
    keyspace: str
    verdict: ApplyVerdict


ProgressEvent = (
    RolloutStarted
    | ShardStarted
    | StatementStarted
    | StatementEnded
    | ShardEnded
    | RolloutWaits
    | RolloutEnded
)
