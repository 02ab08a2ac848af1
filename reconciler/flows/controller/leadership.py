"""Whether this process leads in one ledger.

RG-44: one leads a ledger at a time, as far as leases can tell. That keeps two from doing the same.
What keeps a shard from harm is not this: an apply has its locks, its own lease and its fences.
"""

from __future__ import annotations

from contextlib import suppress

from reconciler.controller.lease import Watched, may_take, watched
from reconciler.errors import Problem, ReconcilerError
from reconciler.flows.controller.limits import LEADER_BEAT_S, LEADER_SURE_S_MAX
from reconciler.ledger.drivers import is_called
from reconciler.ports.clock import Clock
from reconciler.ports.controller import ControllerLease
from reconciler.ports.ledger import LeaseLost


class Leadership:
    """`holder` is this process and no other, in words; `problem` is why the ledger did not answer
    when it was last asked."""

    def __init__(self, lease: ControllerLease, clock: Clock, holder: str) -> None:
        self._lease, self._clock, self._holder = lease, clock, holder
        self._fence: int | None = None
        self._seen: Watched | None = None
        self._asked_s = self._sure_s = float("-inf")
        self.problem: Problem | None = None

    @property
    def leads(self) -> bool:
        """Only while its own silence can be taken for nobody's death."""
        is_sure = self._clock.monotonic_s() - self._sure_s < LEADER_SURE_S_MAX
        return self._fence is not None and is_sure

    def turn(self, *, wants: bool = True) -> None:
        """Show a sign of life, or see whether another one still does. Who does not want to lead
        takes nothing."""
        now_s = self._clock.monotonic_s()
        if now_s - self._asked_s < LEADER_BEAT_S:
            return
        self._asked_s = now_s
        try:
            if self._fence is not None:
                now_of_day_s = self._clock.now_s()
                self._lease.beat(self._fence, holder=self._holder, now_s=now_of_day_s)
                self._sure_s = now_s
            elif wants:
                self._take_if_free(now_s)
            self.problem = None
        except LeaseLost:
            self._fence, self._seen = None, None
        except ReconcilerError as failed:
            self.problem = failed.problems[0]

    def give_up(self) -> None:
        if self._fence is not None:
            with suppress(ReconcilerError):  # it ends by itself when no sign of life follows
                self._lease.give_up(self._fence, now_s=self._clock.now_s())
        self._fence = None

    def _take_if_free(self, now_s: float) -> None:
        self._seen = watched(self._seen, self._lease.seen(), now_s)
        lease = self._seen.lease
        if lease is not None and is_called(lease.holder or "", self._holder):
            self._fence = lease.fence  # it was written, and its answer was lost
        elif may_take(self._seen, now_s):
            now_of_day_s = self._clock.now_s()
            self._fence = self._lease.take(holder=self._holder, now_s=now_of_day_s, seen=lease)
            self._sure_s = now_s
