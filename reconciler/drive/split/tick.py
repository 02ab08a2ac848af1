"""One tick of a split: it drives a job for as long as it may, and leaves it where the next one can
take it up.

Rules: a tick begins with the job as it stands once every write to it has ended, and takes it from
whoever drove it (SP-50). What a server or the ledger did not answer is never taken for done, nor
for not done: everything is read again over new connections (SP-51). Whoever it keeps waiting is
served before it ends, whatever its time (SP-114, SP-115).
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.drive.split.carry_out import StepRunner
from reconciler.drive.split.copy import TurnLost
from reconciler.drive.split.held_job import HeldJob
from reconciler.drive.split.limits import (
    FENCED_PAUSE_S,
    OVERTIME_S,
    PAUSE_S,
    RECONNECT_PAUSE_S,
    RECONNECTS_MAX,
)
from reconciler.drive.split.look import limits, look
from reconciler.drive.split.memory import TickMemory
from reconciler.drive.split.take_down import is_given_up_again
from reconciler.drive.split.world import (
    OpenServers,
    SplitOrder,
    SplitWorld,
    TickResult,
    open_servers,
)
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.ports.split_jobs import JobMoved
from reconciler.ports.split_servers import Busy, SplitSource, SplitTarget
from reconciler.reshard.actions import (
    Answer,
    Do,
    End,
    Go,
    LetGo,
    Reserve,
    ReshardStep,
    Step,
    TickEnd,
    Wait,
)
from reconciler.reshard.decide import failed, next_action
from reconciler.reshard.job import JobProgress, SplitJob
from reconciler.reshard.phases import RETRY_PHASES, Phase
from reconciler.reshard.seen import Progress, Seen

_FENCED = (Phase.FENCE, Phase.DELTA_COPY, Phase.CUTOVER)

#: Nobody waits for these: the next run does them as well.
_AT_REST = (Step.DROP_SOURCES, Step.CLEAN_UP)


def run_tick(world: SplitWorld, order: SplitOrder) -> TickResult:
    """Raises Unavailable if the ledger cannot be reached at the beginning, and Refused for a job
    that this program cannot take up."""
    tick = _Tick(world, order)
    result = tick.run()
    tick.held.put_down()
    return replace(result, job=tick.held.job)


class _Tick:
    def __init__(self, world: SplitWorld, order: SplitOrder) -> None:
        self._world = world
        self._order = order
        self._until_s = world.clock.monotonic_s() + order.runtime_s
        self._memory = TickMemory()
        self._tries = 0
        self._waits: Problem | None = None
        self._seen: Seen | None = None
        self._over_since_s: float | None = None
        self.held = HeldJob(
            world.jobs,
            world.clock,
            job_id=order.job_id,
            holder=order.holder,
            on_move=self._remember,
        )

    def run(self) -> TickResult:
        """Over new connections whenever something has not answered: so often in a row, for a long
        tick loses some connections."""
        while True:
            try:
                self.held.settle()
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
                if not self._may_try_again():
                    return self._ended(TickEnd.UNREACHABLE, error.problems[0])
                self._world.clock.sleep(RECONNECT_PAUSE_S)

    def _may_go_on(self) -> bool:
        """At a fence an end is near, whatever comes: by its own time it opens, or fails."""
        if self._left_s() > 0 or self.held.job.phase in _FENCED:
            return True
        return self._is_in_overtime()

    def _may_try_again(self) -> bool:
        """For longer where others wait: a server that fails over is back within a minute or two."""
        if self._tries <= RECONNECTS_MAX:
            return self._may_go_on()
        return self._is_in_overtime()

    def _is_in_overtime(self) -> bool:
        """It begins where a tick would end, and again once a step was done."""
        if not self._do_others_wait():
            return False
        now_s = self._world.clock.monotonic_s()
        if self._over_since_s is None:
            self._over_since_s = now_s
        return now_s - self._over_since_s < OVERTIME_S

    def _do_others_wait(self) -> bool:
        """Before the cutover by what the sources show, whatever the phase: a sealed fence that a
        job has left does not open by itself. Behind it nobody serves before the targets do."""
        job, seen = self.held.job, self._seen
        if job.is_past_cutover:
            is_open = seen is not None and seen.is_open
            return job.opened_version is None or (job.reserves and not is_open)
        return seen is not None and any(one.may_refuse_writes for one in seen.sources)

    def _drive(self, servers: OpenServers) -> TickResult | None:
        """None: over new connections. Raises Unavailable, Refused, TurnLost."""
        runner = StepRunner(self._world, self._order, servers, self._memory)
        while True:
            requests = self.held.requests()
            seen = look(
                *(self._world, self._order, servers, self.held.job, self._memory),
                has_requests=bool(requests),
            )
            self._seen = seen
            bounds = limits(self._world, self._order, self.held.job, self._until_s)
            self.held.beat(self._progress(seen))
            match next_action(self.held.job, seen, requests, bounds):
                case End(TickEnd.IN_PROGRESS as how, problem):
                    return self._ended(how, problem or self._waits)
                case End(how, problem):
                    return self._ended(how, problem)
                case Wait(why):
                    if ended := self._pause(why):
                        return ended
                case Answer() as answer:
                    if is_given_up_again(self.held.job, answer):
                        self._memory.leaves_targets = True
                    self.held.answer(answer)
                case Go() as go:
                    self.held.go(go)
                case LetGo():
                    self.held.let_go()
                case Reserve():
                    if ended := self._reserve():
                        return ended
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
        if self.held.job.is_live:
            server.take_over()
            self.held.beat()

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

    def _do(self, runner: StepRunner, step: Step) -> TickResult | None:
        try:
            outcome = runner.run(step, self.held.job)
        except JobMoved:
            raise
        except Refused as error:
            return self._refused(step, error.problems[0])
        match outcome:
            case SplitJob():
                self.held.job = outcome
            case Problem():
                self.held.go(failed(self.held.job, outcome, Phase.PLANNED))
            case Busy(what) if step in _AT_REST:
                return self._stood_back(what)
            case Busy(what):
                return self._pause(what)
            case None:
                self._waits, self._tries, self._over_since_s = None, 0, None
                if step is Step.REOPEN:
                    self._seen = None  # nobody waits any more, though a target may not answer
        return None

    def _refused(self, step: Step, problem: Problem) -> TickResult | None:
        """What a person has to look at. Applications that are behind are waited for."""
        if step is Step.OPEN_ROUTES:
            return self._pause(problem.message, problem)
        if self.held.job.phase not in RETRY_PHASES:
            return self._ended(TickEnd.REFUSED, problem)
        retry = RETRY_PHASES[self.held.job.phase][-1]
        self.held.go(failed(self.held.job, problem, retry))
        return None

    def _reserve(self) -> TickResult | None:
        try:
            self.held.reserve()
        except JobMoved:
            raise
        except Refused as error:
            return self._ended(TickEnd.IN_PROGRESS, error.problems[0])
        return None

    def _stood_back(self, what: str) -> TickResult:
        """Who can do without what is locked keeps nobody else from the shards meanwhile."""
        self.held.let_go()
        return self._ended(TickEnd.IN_PROGRESS, _waited(self.held.job, what))

    def _remember(self, before: Phase, go: Go) -> None:
        """What this process has found out holds for the phases that it was found out in."""
        memory = self._memory
        if go.to in (Phase.FAILED, Phase.PLANNED):
            memory.comparison = None
            memory.copies = None
            memory.done = Progress()
        if go.to is Phase.CATCHUP:  # whatever is armed is looked at again before the next fence
            memory.done = replace(memory.done, is_guarded=False, compared_from=None)
        if before in _FENCED and go.to is Phase.CATCHUP:
            memory.done = replace(
                memory.done, fences_lost=memory.done.fences_lost + 1, is_finished=False
            )
        if go.to is not before:
            is_cutover = go.to is Phase.CUTOVER
            memory.following_since_s = None
            memory.at_cutover_since_s = self._world.clock.monotonic_s() if is_cutover else None

    def _pause(self, why: str, problem: Problem | None = None) -> TickResult | None:
        """None: look again."""
        self._waits = problem or _waited(self.held.job, why)
        if not self._may_go_on():
            return self._ended(TickEnd.IN_PROGRESS, self._waits)
        self._world.clock.sleep(FENCED_PAUSE_S if self.held.job.phase in _FENCED else PAUSE_S)
        return None

    def _left_s(self) -> float:
        return self._world.left_s(self._until_s)

    def _ended(self, how: TickEnd, problem: Problem | None = None) -> TickResult:
        return TickResult(how=how, job=self.held.job, problem=problem)


def _waited(job: SplitJob, why: str) -> Problem:
    return Problem(
        code="split-waits",
        message=f"split {job.job_id} of {job.keyspace} waits in its phase {job.phase}: {why}",
        recovery="see what holds it up if it lasts; the next `reconciler apply` goes on",
    )
