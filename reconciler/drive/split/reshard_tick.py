"""One tick of a Reshard: Vitess is asked to take the next step, and looked at before each.

Rules: as for every tick, the job is taken from whoever drove it, and what was not answered is
neither done nor not done (SP-50, SP-51). While a switch may be under way a tick goes on
beyond its time: writers wait for its end (SP-94).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reconciler.drive.split.held_job import HeldJob
from reconciler.drive.split.limits import (
    PAUSE_S,
    RECONNECT_PAUSE_S,
    RECONNECTS_MAX,
    RESHARD_OVERTIME_S,
)
from reconciler.drive.split.world import TickResult
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.ports.clock import Clock
from reconciler.ports.reshards import Reshards
from reconciler.ports.split_jobs import JobMoved, SplitJobs
from reconciler.ports.split_servers import Busy
from reconciler.reshard.actions import (
    Action,
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
from reconciler.reshard.job import EVERY_TABLE, Approval, Bracket, JobProgress, SplitJob, Stage
from reconciler.reshard.phases import Phase
from reconciler.reshard.seen import TickLimits
from reconciler.reshard.vitess.decide import may_hold_writers, next_reshard_action
from reconciler.reshard.vitess.seen import ReshardProgress, ReshardSeen, StreamSeen
from reconciler.reshard.vitess.work import ReshardWork, comparison_of
from reconciler.spec.model import VitessCluster

_SWITCHES = (ReshardStep.SWITCH_READS, ReshardStep.SWITCH_WRITES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReshardWorld:
    """`interrupts` as in `SplitWorld`."""

    jobs: SplitJobs
    reshards: Reshards
    clock: Clock
    interrupts: Callable[[], int] = lambda: 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReshardOrder:
    """What the reviewed plan says, and for how long to go on. `identity` is the plan's,
    `definitions` are its digests of the tables that move; `switch_s` is for how long Vitess may let
    writes wait for the streams."""

    job_id: int
    holder: str
    identity: str
    cluster: VitessCluster
    definitions: Mapping[str, str]
    switch_s: int
    grace_s: float
    retain_s: float
    approvals: frozenset[Approval]
    runtime_s: float

    def work_of(self, job: SplitJob) -> ReshardWork:
        return ReshardWork(
            job=job.job_id,
            identity=self.identity,
            sources=job.sources,
            targets=job.targets,
            tables=tuple(sorted(self.definitions)),
            definitions=self.definitions,
        )


def run_reshard_tick(world: ReshardWorld, order: ReshardOrder) -> TickResult:
    """Raises Unavailable if the ledger cannot be reached at the beginning, and Refused for a job
    that this program cannot take up."""
    tick = _Tick(world, order)
    result = tick.run()
    tick.held.put_down()
    return replace(result, job=tick.held.job)


class _Tick:
    def __init__(self, world: ReshardWorld, order: ReshardOrder) -> None:
        self._world = world
        self._order = order
        self._until_s = world.clock.monotonic_s() + order.runtime_s
        self._progress = ReshardProgress()
        self._tries = 0
        self._last: ReshardStep | None = None
        self._waits: Problem | None = None
        self._holds_writers = False  # as of the last look
        self._refused = ""  # why Vitess did not take the last step
        self.held = HeldJob(world.jobs, world.clock, job_id=order.job_id, holder=order.holder)

    def run(self) -> TickResult:
        """Whatever was not answered is read again, so often in a row."""
        while True:
            try:
                self.held.settle()
                while True:
                    if ended := self._turn():
                        return ended
                    self._tries = 0
            except JobMoved as error:
                return self._ended(TickEnd.OVERTAKEN, error.problems[0])
            except Refused as error:
                return self._ended(TickEnd.REFUSED, error.problems[0])
            except Unavailable as error:
                self._tries += 1
                if self._tries > RECONNECTS_MAX or not self._may_go_on():
                    return self._ended(TickEnd.UNREACHABLE, error.problems[0])
                self._world.clock.sleep(RECONNECT_PAUSE_S)

    def _turn(self) -> TickResult | None:
        """None: look again."""
        job = self.held.job
        work = self._order.work_of(job)
        requests = self.held.requests()
        seen = self._look(job, work)
        action = next_reshard_action(job, work, seen, requests, self._limits())
        self.held.beat(self._told(seen, action))
        match action:
            case End(TickEnd.IN_PROGRESS as how, problem):
                return self._ended(how, problem or self._waits)
            case End(how, problem):
                return self._ended(how, problem)
            case Wait(why):
                return self._pause(why)
            case Answer() as answer:
                self.held.answer(answer)
            case Go() as go:
                self._go(go)
            case Do(ReshardStep() as step):
                return self._do(step, work)
            case Do(Step()) | LetGo() | Reserve() as action:
                raise AssertionError(f"{action} is nothing of a Reshard")
        return None

    def _look(self, job: SplitJob, work: ReshardWork) -> ReshardSeen:
        if not job.is_live:
            return ReshardSeen(serving=frozenset())
        comparison = comparison_of(job, work.identity) if job.phase is Phase.CATCHUP else None
        seen = self._world.reshards.look(self._order.cluster, work, comparison=comparison)
        if job.phase in (Phase.BACKFILL, Phase.CATCHUP) and seen.streams:
            self._world.jobs.record(job, tuple(_brackets(seen.streams)))
        self._holds_writers = may_hold_writers(job, work, seen)
        return replace(seen, progress=self._progress)

    def _told(self, seen: ReshardSeen, action: Action) -> JobProgress:
        """What people are shown: how far the streams are behind, and what is waited for."""
        rests = self._refused if isinstance(action, Do) else ""
        rests = action.why if isinstance(action, Wait) else rests
        return JobProgress(at_s=self._world.clock.now_s(), oldest_s=seen.lag_s, rests=rests)

    def _do(self, step: ReshardStep, work: ReshardWork) -> TickResult | None:
        """A step that Vitess refuses is no failure: what stands in its way may go."""
        order, reshards = self._order, self._world.reshards
        if step is ReshardStep.FORESEE:
            told = reshards.foresee(order.cluster, work, switch_s=order.switch_s)
            if isinstance(told, Busy):
                return self._pause(told.what)
            self._progress = replace(self._progress, foreseen=told)
            return None
        refused = reshards.carry_out(
            order.cluster,
            work,
            step,
            comparison=comparison_of(self.held.job, work.identity),
            switch_s=order.switch_s,
        )
        if step is ReshardStep.START and refused is None:
            self._progress = replace(self._progress, has_started=True)
        again, self._last = self._last is step, step
        if refused is None and again:
            return self._pause(f"Vitess has taken a step that does not show: {step}")
        if refused is None:
            self._waits, self._refused = None, ""
            return None
        if step in _SWITCHES:
            times = self._progress.switches_refused + 1
            self._progress = replace(self._progress, is_refused=True, switches_refused=times)
        self._refused = refused.what
        return self._pause(refused.what)

    def _go(self, go: Go) -> None:
        """A comparison is of one stay in its phase, and so is what was foreseen. How often Vitess
        has refused to switch is the tick's: each time writers waited for nothing (SP-122)."""
        before, self._last = self.held.job.phase, None
        self.held.go(go)
        if go.to is not before:
            self._progress = replace(self._progress, has_started=False, foreseen=None)
        if go.to is Phase.CUTOVER:
            self._progress = replace(self._progress, is_refused=False)

    def _limits(self) -> TickLimits:
        job, order, jobs = self.held.job, self._order, self._world.jobs
        approved = jobs.approvals(job.job_id)
        return TickLimits(
            left_s=self._left_s(),
            fence_budget_s=order.switch_s,
            grace_s=order.grace_s,
            retain_s=order.retain_s,
            approved=frozenset(one.approval for one in approved),
            needed=order.approvals,
            since_cutover_s=jobs.since_cutover_s(job) if job.is_past_cutover else None,
        )

    def _pause(self, why: str) -> TickResult | None:
        self._waits = _waited(self.held.job, why, is_switching=self._is_switching)
        if not self._may_go_on():
            return self._ended(TickEnd.IN_PROGRESS, self._waits)
        self._world.clock.sleep(PAUSE_S)
        return None

    def _may_go_on(self) -> bool:
        """At a switch for a while longer, also at one that leads back: writers wait for its end."""
        over_s = RESHARD_OVERTIME_S if self._is_switching else 0.0
        return self._until_s + over_s > self._world.clock.monotonic_s() and (
            over_s > 0 or not self._world.interrupts()
        )

    @property
    def _is_switching(self) -> bool:
        return self._holds_writers or self.held.job.phase is Phase.CUTOVER

    def _left_s(self) -> float:
        if self._world.interrupts():
            return 0.0
        return self._until_s - self._world.clock.monotonic_s()

    def _ended(self, how: TickEnd, problem: Problem | None = None) -> TickResult:
        foreseen = self._progress.foreseen if how is TickEnd.AWAITS_CUTOVER else None
        return TickResult(how=how, job=self.held.job, problem=problem, foreseen=foreseen or ())


def _brackets(streams: tuple[StreamSeen, ...]) -> list[Bracket]:
    return [
        Bracket(
            bracket_id=number,
            source=stream.source,
            target=stream.target,
            table=EVERY_TABLE,
            stage=Stage.COPYING if stream.is_copying else Stage.COPIED,
            rows_scanned=stream.rows_copied,
            rows_accepted=stream.rows_copied,
        )
        for number, stream in enumerate(streams, start=1)
    ]


def _waited(job: SplitJob, why: str, *, is_switching: bool) -> Problem:
    if is_switching:
        return Problem(
            code="reshard-switch-waits",
            message=f"split {job.job_id} of {job.keyspace} is in its phase {job.phase}, and Vitess"
            f" has not ended the switch of the traffic: {why}",
            recovery="run `reconciler apply` again: writers may wait until the switch is ended; if"
            " it ends like this again, follow docs/runbooks/split.md#reshard-switch-waits",
        )
    return Problem(
        code="reshard-waits",
        message=f"split {job.job_id} of {job.keyspace} waits in its phase {job.phase}: {why}",
        recovery="see what holds it up if it lasts (`vtctldclient GetWorkflows`); the next"
        " `reconciler apply` goes on",
    )
