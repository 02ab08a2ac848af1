"""The protected branch, as the loop knows it: fetched beside the loop, taken in by it."""

from __future__ import annotations

from reconciler.controller.model import Wanted
from reconciler.errors import Problem, ReconcilerError
from reconciler.flows.controller.limits import FETCH_EVERY_S, FETCH_SPREAD, NUDGE_PAUSE_S
from reconciler.flows.controller.problems import problem_of
from reconciler.flows.controller.wanted import broken_in, wanted_of
from reconciler.flows.controller.world import ControllerWorld
from reconciler.flows.keyspaces import Loaded
from reconciler.outcomes.controller import TipMoved, TurnFailed
from reconciler.ports.clock import WorkEnded

#: The name under which the pool fetches; no task has it.
FETCH = "fetch"


class WatchedBranch:
    """`loaded` is the repository at `commit`; nothing, until it was read."""

    def __init__(self, world: ControllerWorld) -> None:
        self._world = world
        self._begun_s: float | None = None
        self._next_s = float("-inf")
        self._is_fetching = self._is_nudged = False
        self.fetched_s: float | None = None
        self.asked_s = float("-inf")  # when the last fetch began that ended well
        self.failures = 0
        self.commit: str | None = None
        self.loaded: Loaded | None = None
        self.wanted: tuple[Wanted, ...] = ()
        self.broken: tuple[str, ...] = ()

    def look_soon(self) -> None:
        """As a nudge."""
        self._is_nudged = True

    def turn(self) -> None:
        """Begin to fetch if it is time, or if somebody nudged; not twice at once. A nudge that
        comes too soon after the last fetch is kept, not lost."""
        now_s = self._world.clock.monotonic_s()
        self._is_nudged = self._world.nudged() or self._is_nudged
        rested = self._begun_s is None or now_s - self._begun_s >= NUDGE_PAUSE_S
        if self._is_fetching or not (now_s >= self._next_s or (self._is_nudged and rested)):
            return
        self._begun_s, self._is_fetching, self._is_nudged = now_s, True, False
        spread = 1 + FETCH_SPREAD * (2 * self._world.chance() - 1)
        self._next_s = now_s + FETCH_EVERY_S * spread
        self._world.pool.start(FETCH, self._world.remote.fetch)

    def take_in(self, ended: WorkEnded) -> None:
        """What came of a fetch. The clone is read in any case: somebody else may have fetched."""
        self._is_fetching = False
        if ended.error is None:
            self.failures, self.fetched_s = 0, self._world.clock.monotonic_s()
            self.asked_s = self._begun_s if self._begun_s is not None else self.asked_s
        else:
            self._failed(problem_of(ended.error))
        self._read_tip()

    def _read_tip(self) -> None:
        try:
            commit = self._world.tip()
            if commit is None or commit == self.commit:
                return
            loaded = self._world.load(commit)
            self.wanted = wanted_of(loaded, commit)
        except (ReconcilerError, OSError) as unread:
            self._failed(problem_of(unread))
            return
        self.commit, self.loaded, self.broken = commit, loaded, broken_in(loaded)
        self._world.tell(TipMoved(commit, self.broken))

    def _failed(self, problem: Problem) -> None:
        self.failures += 1
        self._world.tell(TurnFailed("the protected branch", problem))
