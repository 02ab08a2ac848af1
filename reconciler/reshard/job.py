"""A split job as it is recorded.

Nothing here holds a host, a user or a password (PL-12): shards are named, never addressed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import Problem
from reconciler.ledger.states import RequestState, UnknownKind
from reconciler.reshard.phases import ENDED, Phase

#: What the phases of a job mean, and what stands on its servers in each of them. A program that
#: changes either speaks another protocol, and takes up no job of this one.
SPLIT_PROTOCOL = 1


class SplitEngine(StrEnum):
    """Who moves the rows. A stored word never changes."""

    TRACKER = "tracker"  # triggers record what changed, this program copies
    VITESS_RESHARD = "vitess-reshard"  # Vitess moves them, and keeps the routes as well


class Approval(StrEnum):
    """What a person allows of a plan's move, each for itself."""

    START = "start"
    CUTOVER = "cutover"
    CLEANUP = "cleanup"


class JobRequestKind(StrEnum):
    """What one process may ask of the one that drives a job."""

    STOP = "stop"  # no tick goes on with it until it is resumed; its helpers stay
    RESUME = "resume"
    RETRY = "retry"
    ABANDON = "abandon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """One approval, given to the plan that the job carries out."""

    approval: Approval
    by: str
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TableGround:
    """What a source's table was when its changes began to be tracked: the storage engine's number
    for it, which TRUNCATE, ALTER and a swapped table change, and a digest of its columns."""

    shard: str
    table: str
    table_id: int
    columns: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSplitJob:
    """`sources` are replaced by `targets`, which cover exactly the same range; `expected_version`
    is the catalog's that the plan was made from."""

    environment: str
    keyspace: str
    plan_id: str
    commit: str
    engine: SplitEngine
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    expected_version: int

    def __post_init__(self) -> None:
        assert self.sources, "a move has a source"
        assert self.targets, "a move has a target"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitJob:
    """`revision` counts the writes of the row. `retry_phase` is that of a failed job, and
    `abandoned_in` the phase in which a job was when somebody gave it up. `cutover_version` is the
    catalog's in which the targets own the range, `opened_version` that in which they serve it.
    `fence_epoch` counts how often the fence was about to be closed. `held_by` asked the job to
    stop, and nobody has resumed it. `reserves`: no apply of a schema begins on the keyspace."""

    job_id: int
    environment: str
    keyspace: str
    plan_id: str
    commit: str
    engine: SplitEngine
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    expected_version: int
    started_s: float
    phase: Phase
    phase_since_s: float
    revision: int = 1
    protocol: int = SPLIT_PROTOCOL
    retry_phase: Phase | None = None
    abandoned_in: Phase | None = None
    cutover_version: int | None = None
    cutover_s: float | None = None
    opened_version: int | None = None
    reserves: bool = True
    fence_epoch: int = 0
    ground: tuple[TableGround, ...] = ()
    held_by: str | None = None
    problem: Problem | None = None
    holder: str | None = None
    heartbeat_s: float = 0.0
    ended_s: float | None = None

    @property
    def is_live(self) -> bool:
        return self.phase not in ENDED

    @property
    def is_past_cutover(self) -> bool:
        return self.cutover_version is not None

    @property
    def is_of_vitess(self) -> bool:
        return self.engine is SplitEngine.VITESS_RESHARD


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChange:
    """What a move writes beside the phase. A failure says where a retry leads; nothing else does.
    `problem` stands until the job goes to another phase. `ground` None leaves it as it is."""

    problem: Problem | None = None
    retry_phase: Phase | None = None
    ground: tuple[TableGround, ...] | None = None


NO_CHANGE = JobChange()


class Stage(StrEnum):
    """How far the copy of a bracket has come."""

    WAITING = "waiting"
    COPYING = "copying"
    COPIED = "copied"


#: In the place of a bracket's table: a stream of Vitess carries all of them.
EVERY_TABLE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """One table on its way from one source to one target. `batch` is the number of the last batch
    that the target has acknowledged: it never goes back, whatever is begun again. `cursor` is the
    key of the last row that was scanned, as who copies writes it. The target itself knows better:
    this is what is shown, and where to begin looking."""

    bracket_id: int
    source: str
    target: str
    table: str
    stage: Stage = Stage.WAITING
    batch: int = 0
    cursor: str = ""
    rows_scanned: int = 0
    rows_accepted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """What the tick that drives has measured, for people: nothing is decided on it. `queued` are
    changed keys that have not gone over yet, the oldest of them for `oldest_s`; `rests` is why the
    copy rests now. Rates are rows or keys a second of work; None: not measured."""

    at_s: float
    queued: int = 0
    oldest_s: float | None = None
    copied_per_s: float | None = None
    arrivals_per_s: float | None = None
    drained_per_s: float | None = None
    compared_per_s: float | None = None
    to_compare: int = 0
    rests: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseEntry:
    """One line of a job's way: when it came into a phase, and, where it failed, why."""

    at_s: float
    before: Phase
    after: Phase
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """`problem` says why it was refused."""

    request_id: int
    job_id: int
    kind: JobRequestKind | UnknownKind
    asked_by: str
    asked_s: float
    state: RequestState = RequestState.PENDING
    problem: Problem | None = None
