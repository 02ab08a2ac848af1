"""What a tick of a split does next, as values. Everything may be done again after a crash."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import Problem
from reconciler.reshard.job import NO_CHANGE, JobChange, JobRequest
from reconciler.reshard.phases import Phase


class Step(StrEnum):
    """Work on the servers and on the catalog; the job's phase stays as it is, but for CUT_OVER."""

    START_OVER = "take away what an earlier attempt has copied"
    PREPARE = "make helper tables on the sources, and empty tables on the targets"
    TRACK = "have the sources record which rows are written to"
    COPY = "copy the next rows"
    DRAIN = "follow the rows that were written to"
    COMPARE = "compare sources and targets"
    ARM = "put up the fence, open, and the targets' guards, closed"
    FLIP = "close the fence"
    REOPEN = "open the fence"
    SEAL = "keep the fence closed"
    COMPARE_AT_REST = "compare what has changed since"
    FINISH_TABLES = "bring back foreign keys and counters"
    CUT_OVER = "let the catalog say that the targets own the range"
    ADD_TRIGGERS = "bring back the application's triggers"
    RETIRE = "rename the sources' tables away"
    OPEN_ROUTES = "let the catalog say that the targets serve"
    OPEN_TARGETS = "open the targets' guards"
    DROP_GUARDS = "take the guards off the targets' tables"
    DROP_SOURCES = "drop the sources' tables and helpers"
    CLEAN_UP = "drop the targets' helpers"
    TAKE_DOWN = "open the fence, then drop triggers, queues and the targets' tables, in this order"


class ReshardStep(StrEnum):
    """What Vitess is asked for where it moves the rows, each by one command. Plans hold these
    words: none of them ever changes."""

    CREATE = "create"  # tables and streams on the targets, at rest
    START = "start"
    COMPARE = "compare"
    FORESEE = "foresee"  # the switch, as a dry run
    SWITCH_READS = "switch reads"
    SWITCH_WRITES = "switch writes"  # the point at which the targets own the range
    READS_BACK = "reads back"
    SWITCH_BACK = "switch back"
    COMPLETE = "complete"  # nothing leads back from here
    TAKE_DOWN = "take down"  # streams, then the tables on targets that do not serve


@dataclass(frozen=True, slots=True)
class Do:
    step: Step | ReshardStep


@dataclass(frozen=True, slots=True)
class Go:
    """To another phase, or to the same one with a change."""

    to: Phase
    change: JobChange = NO_CHANGE


class Verdict(StrEnum):
    HOLD = "hold"
    RESUME = "resume"
    RETRY = "retry"
    ABANDON = "abandon"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Answer:
    """`problem` says why a request is refused."""

    request: JobRequest
    verdict: Verdict
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class LetGo:
    """Applies of a schema may begin again."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """No apply of a schema begins; while one is not finished, this is not its turn."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A moment, then look again."""

    why: str


class TickEnd(StrEnum):
    """In which state a tick leaves the job."""

    DONE = "done"
    ABANDONED = "abandoned"
    IN_PROGRESS = "in progress"
    AWAITS_START = "awaits approval of its start"
    AWAITS_CUTOVER = "awaits approval of its cutover"
    AWAITS_CLEANUP = "awaits approval of its clean-up"
    RETAINS_SOURCE = "keeps the source's tables for their time"
    HELD = "stopped"
    FAILED = "failed"
    OVERTAKEN = "driven by another process"
    UNREACHABLE = "a server or the ledger cannot be reached"
    REFUSED = "something stands in the way"


@dataclass(frozen=True, slots=True)
class End:
    how: TickEnd
    problem: Problem | None = None


Action = Do | Go | Answer | LetGo | Reserve | Wait | End
