"""A job in the hands of the process that drives it: taken up, written to, put down.

Rule: whoever was overtaken writes nothing any more (SP-50).
"""

from __future__ import annotations

from reconciler.errors import Problem, Refused, Unavailable
from reconciler.ledger.states import RequestState
from reconciler.ports.clock import Clock
from reconciler.ports.split_jobs import JobMoved, SplitJobs
from reconciler.reshard.actions import Answer, Go, Verdict
from reconciler.reshard.job import JobRequest, SplitJob
from reconciler.reshard.phases import Phase


class HeldJob:
    """`job` is as it was last read or written. Every call raises Unavailable and JobMoved."""

    def __init__(self, jobs: SplitJobs, clock: Clock, *, job_id: int, holder: str) -> None:
        self._jobs = jobs
        self._clock = clock
        self._holder = holder
        self._has_taken_up = False
        self.job: SplitJob = jobs.settled(job_id)

    def settle(self) -> None:
        """Read it once every write to it has ended; the first time, take it from whoever had it."""
        found = self._jobs.settled(self.job.job_id)
        if found.is_live and found.holder != self._holder:
            if self._has_taken_up:
                raise JobMoved(taken_up(found))
            found = self._jobs.take_up(found, holder=self._holder, now_s=self._clock.now_s())
        self.job, self._has_taken_up = found, True

    def beat(self) -> None:
        if self.job.is_live:
            self._jobs.beat(self.job, now_s=self._clock.now_s())

    def requests(self) -> tuple[JobRequest, ...]:
        return self._jobs.requests(self.job.job_id, RequestState.PENDING)

    def go(self, go: Go) -> None:
        now_s = self._clock.now_s()
        self.job = self._jobs.move(self.job, go.to, change=go.change, now_s=now_s)

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

    def put_down(self) -> None:
        """A courtesy: who cannot say it is found out by the job's heartbeat."""
        if not self.job.is_live or self.job.holder != self._holder:
            return
        try:
            self.job = self._jobs.put_down(self.job)
        except (Unavailable, Refused):
            return


def taken_up(job: SplitJob) -> Problem:
    return Problem(
        code="split-taken-up",
        message=f"split {job.job_id} of {job.keyspace} is driven by {job.holder or 'nobody'} now",
        recovery="let one process drive it: `reconciler status` tells which one does",
    )
