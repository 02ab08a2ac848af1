"""While an engine copies: the server is measured every few seconds, and the copy slowed down, or
ended, by what is found; or slowed down because a person says so.

Rule: what passes by itself slows a copy down, what does not ends it; and what a limit asks for and
could not be measured counts as beyond it (GD-10).
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.drive.limits import VITALS_EVERY_S
from reconciler.drive.shard.recorder import ShardRecorder
from reconciler.drive.shard.task import StopSignal
from reconciler.errors import Unavailable
from reconciler.guard.health import Vitals, copy_refusals
from reconciler.guard.model import Refusal, RefusalKind
from reconciler.ledger.copies import CopySlowed
from reconciler.model.object_id import ObjectId
from reconciler.ports.clock import Clock
from reconciler.spec.model import RolloutSpec

A_PERSON = "a person; `reconciler throttle --off` lets it go on"


class CopyThrottle:
    """Of one shard. `because` is why its copy is slowed down now, '' for nothing."""

    def __init__(
        self,
        clock: Clock,
        stop: StopSignal,
        record: ShardRecorder,
        rollout: RolloutSpec,
        shard: str,
    ) -> None:
        self._clock = clock
        self._stop = stop
        self._record = record
        self._rollout = rollout
        self._shard = shard
        self._measured_s = float("-inf")
        self._by_limit = ""
        self._told = ""
        self.because = ""

    @property
    def wanted(self) -> str:
        """Why nothing is to be copied, '' for nothing; whether the engine can be told so or not."""
        return A_PERSON if self._stop.is_throttled else self._by_limit

    def must_end(self, vitals: Callable[[], Vitals]) -> Refusal | None:
        """What a copy cannot go on with, measured if it is time to."""
        now_s = self._clock.monotonic_s()
        if now_s - self._measured_s < VITALS_EVERY_S:
            return None
        self._measured_s = now_s
        try:
            refusals = copy_refusals(self._rollout, vitals(), shard=self._shard)
        except Unavailable as error:
            self._by_limit = error.problems[0].message
            return None
        self._by_limit = next((r.message for r in refusals if r.kind is RefusalKind.PASSES), "")
        return next((r for r in refusals if r.kind is not RefusalKind.PASSES), None)

    def slow_down(self, tell_engine: Callable[[str], bool], object_id: ObjectId) -> None:
        """Or let it go on. An engine that cannot be told so is left alone, and that is told."""
        self._tell(self.wanted, tell_engine, object_id)

    def let_go(self, tell_engine: Callable[[str], bool], object_id: ObjectId) -> None:
        """Whatever there is to hold it up: an engine that is held up in its swap waits in it."""
        self._tell("", tell_engine, object_id)

    def _tell(self, because: str, tell_engine: Callable[[str], bool], object_id: ObjectId) -> None:
        self.because = because
        can = tell_engine(self.because) if self.because or self._told else True
        if bool(self.because) != bool(self._told):
            self._record.tell(CopySlowed(self.because, can_slow_down=can), object_id)
            self._record.write()
        self._told = self.because
        if not can:
            self.because = ""
