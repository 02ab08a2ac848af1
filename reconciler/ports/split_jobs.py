"""The record of split jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reconciler.errors import Problem, Refused, Unavailable
from reconciler.ledger.states import RequestState
from reconciler.reshard.job import (
    NO_CHANGE,
    Approval,
    Approved,
    Bracket,
    JobChange,
    JobProgress,
    JobRequest,
    JobRequestKind,
    NewSplitJob,
    PhaseEntry,
    SplitJob,
)
from reconciler.reshard.phases import Phase


class JobMoved(Refused):
    """Another process has written to the job since it was read; this one has written nothing."""


class OutcomeUnknown(Unavailable):
    """The write was about to be committed, and the answer never came: it stands, or it never will.
    `SplitJobs.settled` tells which; nothing else may be concluded, and no guard may be taken down
    before."""


class SplitJobs(Protocol):
    """The record of split jobs. What a write recorded is durable when it returns; a write either
    takes effect whole or not at all. Every call raises Unavailable if the ledger cannot be reached
    or is full, and a write raises OutcomeUnknown, which is one, if nobody knows whether it took
    effect. A job of another protocol is refused by name (`split-other-protocol`) by every call that
    would read it. Safe to call from several threads."""

    def open(self, new: NewSplitJob, *, holder: str, now_s: float) -> SplitJob:
        """Record a job, planned. Raises Refused, and names it, while another job of the keyspace is
        live (`split-unfinished`) or an apply is not finished (`apply-unfinished`); the ledger's
        `begin` refuses as long as the job reserves the keyspace. Raises Refused if the catalog is
        not at the version that the plan was made from (`routes-moved`, `routes-missing`), where the
        job's engine leaves the routes to the catalog."""

    def live(self, environment: str, keyspace: str) -> SplitJob | None: ...

    def job(self, job_id: int) -> SplitJob | None: ...

    def settled(self, job_id: int) -> SplitJob:
        """The job as it stands once every write to it that is under way has ended. Raises
        Unavailable if one does not end in time."""

    def take_up(self, job: SplitJob, *, holder: str, now_s: float) -> SplitJob:
        """Drive the job from now on: whoever drove it can write no more. Raises JobMoved."""

    def beat(self, job: SplitJob, *, now_s: float, progress: JobProgress | None = None) -> None:
        """Show a sign of life, and what was measured. Raises JobMoved if the job was written to by
        another since."""

    def progress(self, job_id: int) -> JobProgress | None:
        """What was told last; None: nothing yet."""

    def put_down(self, job: SplitJob) -> SplitJob:
        """Nobody drives it any more. Raises JobMoved."""

    def move(
        self, job: SplitJob, to: Phase, *, change: JobChange = NO_CHANGE, now_s: float
    ) -> SplitJob:
        """To a phase that the table of transitions allows, or to the same phase with `change`.
        Raises JobMoved unless the job is at the phase and the revision that were read, Refused
        (`routers-unable`, `routers-lease-long`) where the fence would be closed on an application
        that cannot wait, or lets others wait, and IllegalMove, a bug of the caller's, for what the
        table does not allow."""

    def since_cutover_s(self, job: SplitJob) -> float | None:
        """How long ago the job was cut over, by the ledger's own clock: that of a process may be
        days off, and the sources are dropped by it. None for one that was not."""

    def hold(self, job: SplitJob, by: str | None) -> SplitJob:
        """Let no tick go on with it, or let them again (None). Raises JobMoved."""

    def let_go(self, job: SplitJob) -> SplitJob:
        """Applies of a schema may begin again, though the job is live. Raises JobMoved, and
        IllegalMove, a bug of the caller's, for a job whose targets do not serve."""

    def reserve(self, job: SplitJob) -> SplitJob:
        """No apply begins from now on. Raises JobMoved, and Refused (`apply-unfinished`) while one
        is not finished."""

    def brackets(self, job_id: int) -> tuple[Bracket, ...]:
        """By their numbers; never a part of them."""

    def record(self, job: SplitJob, brackets: Sequence[Bracket]) -> None:
        """Write how far these brackets are; one that is new is made. Raises JobMoved if the job is
        not at the revision that was read, and Refused (`split-batch-went-back`) if a bracket's
        batch is lower than the one recorded."""

    def path(self, job_id: int) -> tuple[PhaseEntry, ...]:
        """Every change of phase, in their order."""

    def approvals(self, job_id: int) -> tuple[Approved, ...]: ...

    def approve(
        self, job_id: int, approval: Approval, *, plan_id: str, by: str, now_s: float
    ) -> None:
        """Allow a step of this very plan; the first one who does stays recorded. Raises Refused
        (`split-other-plan`) for another plan than the job's."""

    def ask(
        self, job_id: int, kind: JobRequestKind, *, asked_by: str, now_s: float
    ) -> JobRequest: ...

    def answer(self, request_id: int, state: RequestState, problem: Problem | None = None) -> None:
        """Say what became of a request; one that has its answer keeps it."""

    def requests(self, job_id: int, state: RequestState | None = None) -> tuple[JobRequest, ...]:
        """In the order in which they came."""

    def ended(
        self,
        environment: str,
        *,
        keyspace: str | None = None,
        phase: Phase | None = None,
        before: int | None = None,
        limit: int,
    ) -> tuple[SplitJob, ...]:
        """Jobs that are done or abandoned, the newest first; those with a number below `before`:
        the last one of a page is where the next page begins."""

    def sweep(self, *, ended_before_s: float, keep: int, limit: int) -> int:
        """Forget jobs that ended before then, and the oldest of those beyond `keep`, with all that
        belongs to them; at most `limit` of them. How many that were. As many leases that ran out
        long ago go with them. What the catalog says of any version stays."""
