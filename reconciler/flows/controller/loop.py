"""`run`: watches what is merged, and has the other flows carry out what is due.

One thread turns and decides; whatever takes longer than a moment runs beside it. The loop remembers
nothing that matters: what is merged is in git, what was done is in the ledgers, and a process that
begins anew comes to the same decisions.

RG-40: an apply is begun only for the tip of the protected branch, by flows that prove its review.
RG-45: told to end, it begins nothing, lets each apply end after the statement that runs, and gives
its leases up, so that another one need not wait for its silence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import assert_never

from reconciler.controller.due import apply_standing, drift_standing, due, mark_of
from reconciler.controller.model import (
    Place,
    Situation,
    Task,
    TaskKind,
    Tried,
    TryEnd,
    Wanted,
)
from reconciler.errors import Problem
from reconciler.flows.controller.git import WatchedBranch
from reconciler.flows.controller.ledgers import WatchedLedgers
from reconciler.flows.controller.limits import LEAVE_S_MAX, TURN_S
from reconciler.flows.controller.problems import problem_of
from reconciler.flows.controller.world import ControllerWorld
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.controller import (
    ErrandOutcome,
    Leaves,
    PlaceView,
    Snapshot,
    TaskBegun,
    TaskEnded,
)
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.ports.clock import WorkEnded
from reconciler.ports.ledger import Ledger

_DONE = frozenset(
    {
        ApplyVerdict.NOTHING_TO_DO,
        ApplyVerdict.COMPLETED,
        ApplyVerdict.DRIFTED,
        ApplyVerdict.UNCONFIRMED,
    }
)


class Controller:
    def __init__(self, world: ControllerWorld) -> None:
        self._world = world
        self._branch = WatchedBranch(world)
        self._ledgers = WatchedLedgers(world)
        self._tried: dict[Place, Tried] = {}
        self._looked_s: dict[Place, float] = {}
        self._found: dict[Place, tuple[DriftOutcome | KeyspaceFailed, float]] = {}
        self._running: dict[str, tuple[Task, Wanted]] = {}
        self._led_since_s: dict[Place, float] = {}
        self._begun = 0
        self._is_leaving = False
        self._insisted_s: float | None = None

    def run(self) -> None:
        """Until it was told to end, and what ran has ended; a second time, at once."""
        while not self.has_ended:
            self.step()
        self._ledgers.give_up()

    def step(self) -> None:
        """One turn, and what ended until the next one is due."""
        self._turn()
        for news in self._world.pool.wait(TURN_S):
            if isinstance(news, WorkEnded):
                self._take_in(news)

    def ledger_of(self, place: Place) -> Ledger | None:
        """For whoever reads beside the loop; None while none was opened."""
        return self._ledgers.ledger_of(place)

    @property
    def has_ended(self) -> bool:
        return self._is_leaving and (not self._running or self._waited_enough())

    def _turn(self) -> None:
        if self._world.interrupts() and not self._is_leaving:
            self._is_leaving = True
            self._world.tell(Leaves(len(self._running)))
        self._branch.turn()
        loaded, commit = self._branch.loaded, self._branch.commit
        if loaded is not None and commit is not None:
            wants = not self._is_leaving
            self._ledgers.turn(loaded, commit, self._branch.wanted, wants_to_lead=wants)
        now = self._situation()
        self._learn_marks(now)
        if not self._is_leaving:
            for task in due(replace(now, tried=self._tried)):
                self._begin(task)
        self._world.publish(self._snapshot())

    def _waited_enough(self) -> bool:
        """Somebody insists: applies that leave at once still have something to record."""
        if self._world.interrupts() <= 1:
            return False
        now_s = self._world.clock.monotonic_s()
        self._insisted_s = now_s if self._insisted_s is None else self._insisted_s
        return now_s - self._insisted_s >= LEAVE_S_MAX

    def _situation(self) -> Situation:
        return Situation(
            wanted=self._branch.wanted,
            recorded=self._ledgers.recorded,
            tried=self._tried,
            looked_s=self._looked_s,
            running=frozenset(task for task, _ in self._running.values()),
            led=self._led(),
            now_s=self._world.clock.monotonic_s(),
        )

    def _led(self) -> frozenset[Place]:
        """Where this process leads, and has looked at git since it does: what it knew as a follower
        may be what another one has gone past."""
        now_s, led = self._world.clock.monotonic_s(), self._ledgers.led
        for place in led - self._led_since_s.keys():
            self._led_since_s[place] = now_s
            self._branch.look_soon()
        for place in self._led_since_s.keys() - led:
            del self._led_since_s[place]
        return frozenset(p for p in led if self._led_since_s[p] <= self._branch.asked_s)

    def _learn_marks(self, now: Situation) -> None:
        """What the ledger says after a try is what later readings are compared with."""
        for wanted in now.wanted:
            tried = self._tried.get(wanted.place)
            if tried and tried.mark is None and wanted.place in now.recorded:
                self._tried[wanted.place] = replace(tried, mark=mark_of(now, wanted))

    def _begin(self, task: Task) -> None:
        commit = self._branch.commit
        assert commit is not None, "nothing is wanted before a tip was read"
        wanted = next(one for one in self._branch.wanted if one.place == task.place)
        self._begun += 1
        name = f"errand {self._begun}"
        self._running[name] = (task, wanted)
        self._world.tell(TaskBegun(task))
        self._world.pool.start(name, self._work(task, wanted, commit))

    def _work(self, task: Task, wanted: Wanted, commit: str) -> Callable[[], ErrandOutcome]:
        errands = self._world.errands
        match task.kind:
            case TaskKind.APPLY:
                tried = self._tried.get(task.place)
                is_again = tried is not None and tried.work == wanted.work
                return partial(errands.apply, task.place, commit, is_again=is_again)
            case TaskKind.DRIFT:
                every = frozenset(one.place for one in self._branch.wanted)
                return partial(errands.look_for_drift, task.place, commit, every)
            case _:
                assert_never(task.kind)

    def _take_in(self, ended: WorkEnded) -> None:
        if not self._branch.takes(ended) and not self._ledgers.takes(ended):
            self._errand_ended(*self._running.pop(ended.name), ended)

    def _errand_ended(self, task: Task, wanted: Wanted, ended: WorkEnded) -> None:
        now_s = self._world.clock.monotonic_s()
        outcome = _outcome(ended.value)
        self._world.tell(TaskEnded(task, outcome, _problem(ended.error)))
        if task.kind is TaskKind.DRIFT:
            self._looked_s[task.place] = now_s
            if isinstance(outcome, DriftOutcome | KeyspaceFailed):
                self._found[task.place] = (outcome, self._world.clock.now_s())
            return
        before = self._tried.get(task.place)
        is_again = before is not None and before.work == wanted.work
        self._tried[task.place] = Tried(
            work=wanted.work,
            end=_try_end(outcome),
            ended_s=now_s,
            in_a_row=before.in_a_row + 1 if before and is_again else 1,
        )
        self._ledgers.forget(task.place)

    def _snapshot(self) -> Snapshot:
        now = self._situation()
        return Snapshot(
            turned_s=now.now_s,
            fetched_s=self._branch.fetched_s,
            fetch_failures=self._branch.failures,
            commit=self._branch.commit,
            places=tuple(self._view(now, wanted) for wanted in now.wanted),
            led=now.led,
            running=now.running,
            unread=self._ledgers.unread,
            broken=self._branch.broken,
            is_leaving=self._is_leaving,
        )

    def _view(self, now: Situation, wanted: Wanted) -> PlaceView:
        drift, looked_at_s = self._found.get(wanted.place, (None, None))
        return PlaceView(
            wanted=wanted,
            apply=apply_standing(now, wanted),
            drift_due=drift_standing(now, wanted),
            recorded=now.recorded.get(wanted.place),
            drift=drift,
            looked_at_s=looked_at_s,
        )


def _outcome(value: object) -> ErrandOutcome | None:
    return value if isinstance(value, ApplyOutcome | DriftOutcome | KeyspaceFailed) else None


def _try_end(outcome: ErrandOutcome | None) -> TryEnd:
    """An apply that is over is done, also where the look behind it found another state: that is
    drift, which nobody here repairs."""
    if isinstance(outcome, ApplyOutcome) and outcome.verdict in _DONE:
        return TryEnd.DONE
    return TryEnd.AGAIN


def _problem(error: BaseException | None) -> Problem | None:
    return None if error is None else problem_of(error)
