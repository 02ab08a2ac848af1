"""A job in the hands of the process that drives it: taken up, written to, put down.

Rules: whoever was overtaken writes nothing any more (SP-50). A name is compared as the ledger keeps
it, and whoever begins takes the job, whatever name it finds there (SP-123).
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.errors import Problem, Refused, Unavailable
from reconciler.ledger.states import RequestState
from reconciler.ports.clock import Clock
from reconciler.ports.split_jobs import JobMoved, SplitJobs
from reconciler.reshard.actions import Answer, Go, Verdict
from reconciler.reshard.job import JobProgress, JobRequest, SplitJob
from reconciler.reshard.phases import Phase


class HeldJob:
    """`job` is as it was last read or written. Every call raises Unavailable and JobMoved.
    `on_move` is told of every move with the phase before it, also of what a request brought about.
    """

    def __init__(
        self,
        jobs: SplitJobs,
        clock: Clock,
        *,
        job_id: int,
        holder: str,
        on_move: Callable[[Phase, Go], None] = lambda before, go: None,
    ) -> None:
        self._jobs = jobs
        self._clock = clock
        self._holder = holder
        self._on_move = on_move
        self._known_as: str | None = None  # since it has taken the job up
        self._has_reserved = False
        self.job: SplitJob = jobs.settled(job_id)

    def settle(self) -> None:
        """Read it once every write to it has ended; the first time, take it from whoever had it."""
        found = self._jobs.settled(self.job.job_id)
        if found.is_live and self._known_as is None:
            found = self._jobs.take_up(found, holder=self._holder, now_s=self._clock.now_s())
            self._known_as = found.holder
        elif found.is_live and found.holder != self._known_as:
            raise JobMoved(_driven_by_another(found))
        self.job = found

    def beat(self, progress: JobProgress | None = None) -> None:
        if self.job.is_live:
            self._jobs.beat(self.job, now_s=self._clock.now_s(), progress=progress)

    def requests(self) -> tuple[JobRequest, ...]:
        return self._jobs.requests(self.job.job_id, RequestState.PENDING)

    def go(self, go: Go) -> None:
        before, now_s = self.job.phase, self._clock.now_s()
        self.job = self._jobs.move(self.job, go.to, change=go.change, now_s=now_s)
        self._on_move(before, go)

    def answer(self, answer: Answer) -> None:
        """The job first: a request that is asked again is answered again."""
        request, jobs = answer.request, self._jobs
        match answer.verdict:
            case Verdict.HOLD:
                self.job = jobs.hold(self.job, request.asked_by)
            case Verdict.RESUME:
                self.job = jobs.hold(self.job, None)
            case Verdict.RETRY:
                assert self.job.retry_phase is not None, "it was asked whether it may be retried"
                self.go(Go(self.job.retry_phase))
            case Verdict.ABANDON if self.job.phase is not Phase.ABANDONING:
                self.go(Go(Phase.ABANDONING))
            case _:
                pass
        is_refused = answer.verdict is Verdict.REFUSE
        state = RequestState.REFUSED if is_refused else RequestState.APPLIED
        jobs.answer(request.request_id, state, answer.problem)

    def reserve(self) -> None:
        """Until it is let go, at the latest when it is put down. Raises Refused."""
        self.job = self._jobs.reserve(self.job)
        self._has_reserved = True

    def let_go(self) -> None:
        if self.job.reserves:
            self.job = self._jobs.let_go(self.job)
        self._has_reserved = False

    def put_down(self) -> None:
        """A courtesy: who cannot say it is found out by the job's heartbeat."""
        if not self.job.is_live or self._known_as is None or self.job.holder != self._known_as:
            return
        try:
            if self._has_reserved:
                self.let_go()
            self.job = self._jobs.put_down(self.job)
        except (Unavailable, Refused):
            return


def _driven_by_another(job: SplitJob) -> Problem:
    return Problem(
        code="split-taken-up",
        message=f"split {job.job_id} of {job.keyspace} is driven by {job.holder or 'nobody'} now",
        recovery="let one process drive it: `reconciler status` tells which one does",
    )
