"""The protected branch, as the loop knows it: fetched beside the loop, taken in by it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from reconciler.controller.model import Wanted
from reconciler.errors import Problem
from reconciler.flows.controller.limits import FETCH_EVERY_S, FETCH_SPREAD, NUDGE_PAUSE_S
from reconciler.flows.controller.problems import problem_of
from reconciler.flows.controller.wanted import broken_in, wanted_of
from reconciler.flows.controller.world import ControllerWorld
from reconciler.flows.keyspaces import Loaded
from reconciler.outcomes.controller import TipMoved, TurnFailed
from reconciler.ports.clock import WorkEnded

#: The names under which the pool fetches, and reads what that brought; no task has them.
FETCH = "fetch"
READ = "read the tip"


@dataclass(frozen=True, slots=True)
class _Tip:
    commit: str
    loaded: Loaded
    wanted: tuple[Wanted, ...]


class WatchedBranch:
    """`loaded` is the repository at `commit`; nothing, until it was read."""

    def __init__(self, world: ControllerWorld) -> None:
        self._world = world
        self._begun_s: float | None = None
        self._next_s = float("-inf")
        self._is_fetching = self._is_nudged = self._has_fetched = False
        self.fetched_s: float | None = None
        self.asked_s = float("-inf")  # when the last fetch began that ended well, and was read
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

    def takes(self, ended: WorkEnded) -> bool:
        """Take in what came of a fetch, or of reading what it brought; False for other work."""
        match ended.name:
            case name if name == FETCH:
                self._fetched(ended)
            case name if name == READ:
                self._read(ended)
            case _:
                return False
        return True

    def _fetched(self, ended: WorkEnded) -> None:
        """The clone is read in any case: somebody else may have fetched."""
        self._has_fetched = ended.error is None
        if ended.error is None:
            self.failures, self.fetched_s = 0, self._world.clock.monotonic_s()
        else:
            self._failed(problem_of(ended.error))
        self._world.pool.start(READ, partial(self._tip_after, self.commit))

    def _tip_after(self, known: str | None) -> _Tip | None:
        """In a thread of its own: a large repository takes longer than a moment. None if it is
        where it was."""
        commit = self._world.tip()
        if commit is None or commit == known:
            return None
        loaded = self._world.load(commit)
        return _Tip(commit, loaded, wanted_of(loaded, commit))

    def _read(self, ended: WorkEnded) -> None:
        self._is_fetching = False
        if self._has_fetched and self._begun_s is not None:
            self.asked_s = self._begun_s
        if ended.error is not None:
            self._failed(problem_of(ended.error))
        elif isinstance(ended.value, _Tip):
            tip = ended.value
            self.commit, self.loaded, self.wanted = tip.commit, tip.loaded, tip.wanted
            self.broken = broken_in(tip.loaded)
            self._world.tell(TipMoved(tip.commit, self.broken))

    def _failed(self, problem: Problem) -> None:
        self.failures += 1
        self._world.tell(TurnFailed("the protected branch", problem))
