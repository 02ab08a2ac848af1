"""The driver's side of copies that wait to be swapped in: which do, and which may.

A person's release is recorded before anybody is told of it, and names the copies that wait: what
is copied after it waits for a release of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import assert_never

from reconciler.drive.record import ApplyRecord
from reconciler.drive.shard.task import StopSignal
from reconciler.ledger.copies import (
    CopiesNotReady,
    CopiesThrottled,
    CutoverClosed,
    CutoverOverdue,
    CutoverReleased,
    CutoverShut,
)
from reconciler.ledger.model import Lease, ReleasedCopy
from reconciler.ledger.reasons import (
    Answer,
    Reason,
)
from reconciler.ledger.resumes import WaitsForRelease
from reconciler.ledger.states import Hold, RequestState
from reconciler.ports.clock import Clock
from reconciler.rollout.cutover import ReadyCopy
from reconciler.rollout.hold import with_released

AWAITED = CopiesNotReady | CutoverClosed | CutoverShut


class Cutovers:
    """`hold` says why this run has stopped its copies, once it has; `awaited` what they wait for
    now."""

    def __init__(
        self,
        clock: Clock,
        lease: Lease,
        record: ApplyRecord,
        stop: StopSignal,
        tell_waits: Callable[[Reason], None],
    ) -> None:
        self._clock = clock
        self._lease = lease
        self._record = record
        self._stop = stop
        self._tell_waits = tell_waits
        self._told_of: Reason | None = None
        self.hold: CutoverOverdue | None = None
        self.awaited: AWAITED | None = None

    def ready(self) -> dict[str, ReadyCopy]:
        """Complete copies that wait, by shard."""
        now_s = self._clock.monotonic_s()
        return {
            shard: ReadyCopy(copy.index, now_s - copy.since_s)
            for shard, copy in self._stop.waiting.copy().items()
            if ReleasedCopy(shard, copy.index) not in self._stop.released
        }

    def release(self) -> tuple[RequestState, Answer] | None:
        """A person says so. None: no copy waits. Raises what the ledger raises."""
        match self.awaited:
            case None:
                return None
            case CopiesNotReady():
                return RequestState.REFUSED, self.awaited
            case CutoverShut():
                return RequestState.SUPERSEDED, self.awaited
            case CutoverClosed(wave=wave, windows=windows):
                copies = [ReleasedCopy(shard, copy.index) for shard, copy in self.ready().items()]
                self._record.settle(self._lease, with_released(self._record.stored, copies))
                return RequestState.APPLIED, CutoverReleased(wave, len(copies), windows)
            case _:
                assert_never(self.awaited)

    def not_released(self) -> tuple[RequestState, Answer] | None:
        """To somebody who wants it to go on. None: it does, or nobody has to release it."""
        if not isinstance(self.awaited, CutoverClosed):
            return None
        return RequestState.REFUSED, WaitsForRelease(Hold.CUTOVER)

    def wait_for(self, reason: AWAITED) -> None:
        """It is shown until copies are swapped in. Raises what the ledger raises."""
        self.awaited = reason
        if reason != self._told_of:
            self._told_of = reason
            self._tell_waits(reason)
        self._record.hold(self._lease, Hold.NONE, reason, at_work=True)

    def throttle(self, *, is_on: bool) -> CopiesThrottled:
        """Hold copies up, or let them go on, as far as their engines can."""
        self._stop.is_throttled = is_on
        return CopiesThrottled(is_on)

    def swap_in(self, copies: Iterable[ReleasedCopy]) -> None:
        """Raises what the ledger raises; then none is."""
        self._record.hold(self._lease, Hold.NONE, None, at_work=True)
        self._stop.released |= {*copies}
