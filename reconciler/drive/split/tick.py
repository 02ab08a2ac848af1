"""One tick of a split: it drives a job for as long as it may, and leaves it where the next one can
take it up.

Rules: a tick begins with the job as it stands once every write to it has ended, and takes it from
whoever drove it (SP-50). What a server or the ledger did not answer is never taken for done, nor
for not done: everything is read again over new connections (SP-51).
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.drive.split.carry_out import StepRunner
from reconciler.drive.split.copy import TurnLost
from reconciler.drive.split.limits import (
    FENCED_PAUSE_S,
    PAUSE_S,
    RECONNECT_PAUSE_S,
    RECONNECTS_MAX,
)
from reconciler.drive.split.look import limits, look
from reconciler.drive.split.memory import TickMemory
from reconciler.drive.split.world import (
    OpenServers,
    SplitOrder,
    SplitWorld,
    TickResult,
    open_servers,
)
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.ledger.states import RequestState
from reconciler.ports.split_jobs import JobMoved
from reconciler.ports.split_servers import Busy, SplitSource, SplitTarget
from reconciler.reshard.actions import (
    Answer,
    Do,
    End,
    Go,
    ReshardStep,
    Step,
    TickEnd,
    Verdict,
    Wait,
)
from reconciler.reshard.decide import failed, next_action
from reconciler.reshard.job import JobProgress, JobRequest, SplitJob
from reconciler.reshard.phases import RETRY_PHASES, Phase
from reconciler.reshard.seen import Progress, Seen

_FENCED = (Phase.FENCE, Phase.DELTA_COPY, Phase.CUTOVER)


def run_tick(world: SplitWorld, order: SplitOrder) -> TickResult:
    """Raises Unavailable if the ledger cannot be reached at the beginning, and Refused for a job
    that this program cannot take up."""
    tick = _Tick(world, order)
    result = tick.run()
    tick.put_down()
    return replace(result, job=tick.job)


class _Tick:
    def __init__(self, world: SplitWorld, order: SplitOrder) -> None:
        self._world = world
        self._order = order
        self._until_s = world.clock.monotonic_s() + order.runtime_s
        self._memory = TickMemory()
        self._has_taken_up = False
        self._tries = 0
        self._waits: Problem | None = None
        self.job = world.jobs.settled(order.job_id)

    def run(self) -> TickResult:
        """Over new connections whenever something has not answered: so often in a row, for a long
        tick loses some connections."""
        while True:
            try:
                self._settle()
                with open_servers(self._world, self._order, self._take) as servers:
                    self._memory.copies = None
                    if self._memory.comparison is not None:
                        self._memory.comparison.reopen(servers)
                    if ended := self._drive(servers):
                        return ended
            except JobMoved as error:
                return self._ended(TickEnd.OVERTAKEN, error.problems[0])
            except TurnLost:
                self._tries += 1
                if self._tries > RECONNECTS_MAX:
                    return self._ended(TickEnd.OVERTAKEN)
            except Refused as error:
                return self._ended(TickEnd.REFUSED, error.problems[0])
            except Unavailable as error:
                self._tries += 1
                if self._tries > RECONNECTS_MAX or not self._may_go_on():
                    return self._ended(TickEnd.UNREACHABLE, error.problems[0])
                self._world.clock.sleep(RECONNECT_PAUSE_S)

    def put_down(self) -> None:
        """A courtesy: who cannot say it is found out by the job's heartbeat."""
        if not self.job.is_live or self.job.holder != self._order.holder:
            return
        try:
            self.job = self._world.jobs.put_down(self.job)
        except (Unavailable, Refused):
            return

    def _may_go_on(self) -> bool:
        """Behind the point of no return, and at it, nobody serves until this is done."""
        return self._left_s() > 0 or self.job.phase in (*_FENCED, Phase.CLEANUP)

    def _drive(self, servers: OpenServers) -> TickResult | None:
        """None: over new connections. Raises Unavailable, Refused, TurnLost."""
        runner = StepRunner(self._world, self._order, servers, self._memory)
        while True:
            requests = self._world.jobs.requests(self.job.job_id, RequestState.PENDING)
            seen = look(
                *(self._world, self._order, servers, self.job, self._memory),
                has_requests=bool(requests),
            )
            bounds = limits(self._world, self._order, self.job, self._until_s)
            self._beat(self._progress(seen))
            match next_action(self.job, seen, requests, bounds):
                case End(TickEnd.IN_PROGRESS as how, problem):
                    return self._ended(how, problem or self._waits)
                case End(how, problem):
                    return self._ended(how, problem)
                case Wait(why):
                    if ended := self._pause(why):
                        return ended
                case Answer() as answer:
                    self._answer(answer)
                case Go() as go:
                    self._go(go)
                case Do(ReshardStep() as step):
                    raise AssertionError(f"{step} is for Vitess")
                case Do(Step() as step):
                    if ended := self._do(runner, step):
                        return ended
                    if step is Step.START_OVER:
                        return None

    def _take(self, server: SplitSource | SplitTarget) -> None:
        """Who was stopped before it took over a server has cut off its successor there, and must
        write nothing (SP-57). Raises Unavailable, JobMoved."""
        if self.job.is_live:
            server.take_over()
            self._beat()

    def _beat(self, progress: JobProgress | None = None) -> None:
        """Raises JobMoved, Unavailable."""
        if self.job.is_live:
            now_s = self._world.clock.now_s()
            self._world.jobs.beat(self.job, now_s=now_s, progress=progress)

    def _progress(self, seen: Seen) -> JobProgress:
        """For whoever asks `status`."""
        measured = seen.progress
        waiting = [one.oldest_s for one in seen.sources if one.oldest_s is not None]
        return JobProgress(
            at_s=self._world.clock.now_s(),
            queued=sum(one.queued for one in seen.sources),
            oldest_s=max(waiting, default=None),
            copied_per_s=self._memory.copied.per_s(),
            arrivals_per_s=measured.arrivals_per_s,
            drained_per_s=measured.drained_per_s,
            compared_per_s=measured.compared_per_s,
            to_compare=measured.to_compare,
            rests=seen.brake or "",
        )

    def _settle(self) -> None:
        """Whether the last write has taken effect. Raises JobMoved, Unavailable."""
        jobs, holder = self._world.jobs, self._order.holder
        found = jobs.settled(self.job.job_id)
        if found.is_live and found.holder != holder:
            if self._has_taken_up:
                raise JobMoved(_taken(found))
            found = jobs.take_up(found, holder=holder, now_s=self._world.clock.now_s())
        self.job, self._has_taken_up = found, True

    def _do(self, runner: StepRunner, step: Step) -> TickResult | None:
        try:
            outcome = runner.run(step, self.job)
        except JobMoved:
            raise
        except Refused as error:
            return self._refused(step, error.problems[0])
        match outcome:
            case SplitJob():
                self.job = outcome
            case Problem():
                self._go(failed(self.job, outcome, Phase.PLANNED))
            case Busy(what):
                return self._pause(what)
            case None:
                self._waits, self._tries = None, 0
        return None

    def _refused(self, step: Step, problem: Problem) -> TickResult | None:
        """What a person has to look at. Applications that are behind are waited for."""
        if step is Step.OPEN_ROUTES:
            return self._pause(problem.message, problem)
        if self.job.phase not in RETRY_PHASES:
            return self._ended(TickEnd.REFUSED, problem)
        retry = RETRY_PHASES[self.job.phase][-1]
        self._go(failed(self.job, problem, retry))
        return None

    def _go(self, go: Go) -> None:
        before = self.job.phase
        self.job = self._world.jobs.move(
            self.job, go.to, change=go.change, now_s=self._world.clock.now_s()
        )
        memory = self._memory
        if go.to in (Phase.FAILED, Phase.PLANNED):
            memory.comparison = None
            memory.copies = None
            memory.done = Progress()
        if before in _FENCED and go.to is Phase.CATCHUP:
            memory.done = replace(
                memory.done, fences_lost=memory.done.fences_lost + 1, is_finished=False
            )
        if go.to is not before:
            is_cutover = go.to is Phase.CUTOVER
            memory.following_since_s = None
            memory.at_cutover_since_s = self._world.clock.monotonic_s() if is_cutover else None

    def _answer(self, answer: Answer) -> None:
        """The job first: a request that is asked again is answered again."""
        request, jobs = answer.request, self._world.jobs
        match answer.verdict:
            case Verdict.HOLD:
                self.job = jobs.hold(self.job, request.asked_by)
            case Verdict.RESUME:
                self.job = jobs.hold(self.job, None)
            case Verdict.RETRY:
                assert self.job.retry_phase is not None, "it was asked whether it may be retried"
                self._go(Go(self.job.retry_phase))
            case Verdict.ABANDON if self.job.phase is not Phase.ABANDONING:
                self._go(Go(Phase.ABANDONING))
            case _:
                pass
        jobs.answer(request.request_id, _state_of(answer, request), answer.problem)

    def _pause(self, why: str, problem: Problem | None = None) -> TickResult | None:
        """None: look again. Who waits while nobody serves gives up with the tick, not before."""
        self._waits = problem or _waited(self.job, why)
        if self._left_s() <= 0 and self.job.phase not in _FENCED:
            return self._ended(TickEnd.IN_PROGRESS, self._waits)
        self._world.clock.sleep(FENCED_PAUSE_S if self.job.phase in _FENCED else PAUSE_S)
        return None

    def _left_s(self) -> float:
        return self._world.left_s(self._until_s)

    def _ended(self, how: TickEnd, problem: Problem | None = None) -> TickResult:
        return TickResult(how=how, job=self.job, problem=problem)


def _state_of(answer: Answer, request: JobRequest) -> RequestState:
    return RequestState.REFUSED if answer.verdict is Verdict.REFUSE else RequestState.APPLIED


def _taken(job: SplitJob) -> Problem:
    return Problem(
        code="split-taken-up",
        message=f"split {job.job_id} of {job.keyspace} is driven by {job.holder or 'nobody'} now",
        recovery="let one process drive it: `reconciler status` tells which one does",
    )


def _waited(job: SplitJob, why: str) -> Problem:
    return Problem(
        code="split-waits",
        message=f"split {job.job_id} of {job.keyspace} waits in its phase {job.phase}: {why}",
        recovery="see what holds it up if it lasts; the next `reconciler apply` goes on",
    )
