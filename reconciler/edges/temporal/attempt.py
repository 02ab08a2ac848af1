"""One attempt at a part: what it is told while it runs, and what it shows of itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.rollout.course import PartEnd, PartReport


@dataclass(slots=True)
class Attempt:
    """Shared by the thread that drives the part and the one that speaks to Temporal: each field is
    written by one of them. `grace_s` is for how long a statement may hold up the worker's end.
    `has_begun`: this attempt, or one before it at the same order, is in the region's ledger."""

    grace_s: float
    has_begun: bool = False
    is_cancelled: bool = False
    leaves_s: float | None = None
    done: int = 0
    of: int = 0

    @property
    def shown(self) -> dict[str, int]:
        """The next attempt is given the last that was shown."""
        return {"done": self.done, "of": self.of, "begun": int(self.has_begun)}

    def told(self, *, is_cancelled: bool, is_leaving: bool) -> None:
        self.is_cancelled = self.is_cancelled or is_cancelled
        if is_leaving and self.leaves_s is None:
            self.leaves_s = time.monotonic()

    def interrupts(self) -> int:
        """As a driver counts them: once to begin nothing new, twice to leave at once."""
        if self.leaves_s is not None and time.monotonic() - self.leaves_s >= self.grace_s:
            return 2
        return int(self.is_cancelled or self.leaves_s is not None)

    def is_left_to_others(self, report: PartReport) -> bool:
        """It was stopped because this worker ends, and for nothing else."""
        is_stopped = report.end is PartEnd.STOPPED
        return is_stopped and self.leaves_s is not None and not self.is_cancelled


def next_attempt(grace_s: float, shown_before: Sequence[Any]) -> Attempt:
    """`shown_before` is what the attempt before it showed last, if there was one."""
    has_begun = any(isinstance(one, dict) and one.get("begun") == 1 for one in shown_before)
    return Attempt(grace_s, has_begun=has_begun)
