"""The gates of an apply, asked again right before each wave: a soak is long enough for a plan to be
reverted and for an approval to be taken back.

They are asked beside the driver, which goes on to listen and to show signs of life: a forge may
take a minute to answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from reconciler.errors import ReconcilerError
from reconciler.guard.model import Refusal, refusals_from
from reconciler.ledger.finalizers import VSchemaRefused
from reconciler.ledger.reasons import WaveRefused
from reconciler.plan.model import Moment
from reconciler.ports.clock import WorkEnded, WorkerPool

AskGates = Callable[[], tuple[Refusal, ...]]

GATES: Final = "(gates)"  # among the names of shards at work; no shard can have it


class WaveGates:
    """`refusals` are why no further wave may begin, once a gate has said so; `hold` sums them
    up."""

    def __init__(self, workers: WorkerPool, ask: AskGates) -> None:
        self._workers = workers
        self._ask = ask
        self._passed: int | Moment | None = None
        self._asked: int | Moment | None = None
        self.refusals: tuple[Refusal, ...] = ()
        self.hold: WaveRefused | VSchemaRefused | None = None

    def let_in(self, wave: int | Moment) -> bool:
        """True once every gate has let this wave, or this step of the keyspace, in; the first call
        begins to ask."""
        if self._passed == wave:
            return True
        if self._asked is None:
            self._asked = wave
            self._workers.start(GATES, self._ask)
        return False

    def answered(self, ended: WorkEnded) -> None:
        """What could not be asked lets nothing in."""
        asked, self._asked = self._asked, None
        if ended.error is None and isinstance(ended.value, tuple):
            self.refusals = ended.value
        else:
            self.refusals = _unanswered(ended.error)
        if self.refusals:
            first, *more = self.refusals
            if isinstance(asked, Moment):
                self.hold = VSchemaRefused(asked, first.message, len(more))
            else:
                self.hold = WaveRefused(asked or 0, first.message, len(more))
        else:
            self._passed = asked


def _unanswered(error: BaseException | None) -> tuple[Refusal, ...]:
    if isinstance(error, ReconcilerError):
        return refusals_from(error)
    return (
        Refusal(
            code="gate-crashed",
            message=f"a gate could not be asked: {type(error).__name__}",
            recovery="this is a fault of reconciler; `reconciler resume` asks again, and if it"
            " happens again, please report it",
        ),
    )
