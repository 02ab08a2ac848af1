"""When a split's copy rests: load, lag or disk of any of its servers beyond what the spec allows.

Rule: what cannot be measured is a reason to rest (SP-77); it is asked again soon.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.drive.split.limits import BRAKE_ASKED_S
from reconciler.errors import Unavailable
from reconciler.guard.health import Vitals, copy_refusals
from reconciler.ports.clock import Clock
from reconciler.spec.model import RolloutSpec, ShardSpec


class Brake:
    """Asked as often as anybody likes; the servers are measured once in a while."""

    def __init__(
        self,
        measure: Callable[[ShardSpec], Vitals],
        shards: Sequence[ShardSpec],
        rollout: RolloutSpec,
        clock: Clock,
    ) -> None:
        """`measure` raises Unavailable."""
        self._measure = measure
        self._shards = tuple(shards)
        self._rollout = rollout
        self._clock = clock
        self._said: tuple[float, str | None] | None = None

    def __call__(self) -> str | None:
        now_s = self._clock.monotonic_s()
        if self._said is None or now_s - self._said[0] >= BRAKE_ASKED_S:
            self._said = now_s, self._reason()
        return self._said[1]

    def _reason(self) -> str | None:
        for shard in self._shards:
            try:
                vitals = self._measure(shard)
            except Unavailable as error:
                return error.problems[0].message
            if found := copy_refusals(self._rollout, vitals, shard=shard.name):
                return found[0].message
        return None
