"""The checks of `promote_if`, asked beside the driver: a server may take seconds to answer, and the
driver goes on to listen and to show signs of life."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from reconciler.ports.clock import WorkEnded, WorkerPool
from reconciler.rollout.promotion import (
    CheckAnswer,
    PromotionSnapshot,
    Unmeasured,
    checks_due,
    with_answers,
)
from reconciler.spec.promotion import PromotionCheck

CHECKS: Final = "(checks)"  # among the names of shards at work; no shard can have it

AskCheck = Callable[[PromotionCheck, tuple[str, ...]], tuple[CheckAnswer, ...]]
"""Of these shards. Raises nothing that an input or a network can cause."""


def ask_nothing(_check: PromotionCheck, _shards: tuple[str, ...]) -> tuple[CheckAnswer, ...]:
    """Where there is nobody to ask, nothing holds."""
    return ()


class WavePromotion:
    """`snapshot` is what was found out about the checks before the wave that comes next."""

    def __init__(
        self, workers: WorkerPool, checks: tuple[PromotionCheck, ...], ask: AskCheck
    ) -> None:
        self._workers = workers
        self._checks = checks
        self._ask = ask
        self._asked: tuple[int, tuple[PromotionCheck, ...], float] | None = None
        self.snapshot = PromotionSnapshot()

    def look(self, wave: int, shards: Iterable[str], *, until_s: float, now_s: float) -> None:
        """Begin to ask what is due, of the shards that are done before the wave."""
        standings = self.snapshot.before(wave)
        due = checks_due(self._checks, standings, until_s=until_s, now_s=now_s)
        if self._asked is None and due:
            self._asked = (wave, due, now_s)
            self._workers.start(CHECKS, partial(self._answers, due, tuple(shards)))

    def _answers(
        self, due: tuple[PromotionCheck, ...], shards: tuple[str, ...]
    ) -> list[tuple[CheckAnswer, ...]]:
        return [self._ask(check, shards) for check in due]

    def answered(self, ended: WorkEnded) -> None:
        assert self._asked is not None, "only what was asked is answered"
        (wave, due, asked_s), self._asked = self._asked, None
        answers = ended.value
        if ended.error is not None or not isinstance(answers, list):
            fault = type(ended.error).__name__
            answers = [(Unmeasured(f"it could not be asked ({fault})"),) for _ in due]
        pairs = zip(due, answers, strict=True)
        self.snapshot = with_answers(self.snapshot, wave, pairs, asked_s)
