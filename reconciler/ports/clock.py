"""Time, and work beside the one who asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from reconciler.outcomes.progress import ProgressEvent

Item = TypeVar("Item")


Result = TypeVar("Result")


class Clock(Protocol):
    def now_s(self) -> float:
        """Seconds since the Unix epoch, UTC; for records and reports."""

    def monotonic_s(self) -> float:
        """Seconds on a clock that never jumps; for measuring and pacing."""

    def sleep(self, seconds: float) -> None: ...


class Workers(Protocol):
    def map(
        self, work: Callable[[Item], Result], items: Sequence[Item], *, parallel: int
    ) -> list[Result]:
        """Results in the order of `items`, at most `parallel` at once; the first raise is raised
        after every started item has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkEnded:
    """A piece of work returned `value`, or raised `error`."""

    name: str
    value: object = None
    error: BaseException | None = None


WorkerPoolNews = WorkEnded | ProgressEvent


class WorkerPool(Protocol):
    """Threads that work while the one that drives the rollout watches; bounded by its caller."""

    def start(self, name: str, work: Callable[[], object]) -> None:
        """Begin `work` beside the caller; whatever it raises ends up in its WorkEnded."""

    def tell(self, event: ProgressEvent) -> None:
        """Called by work: hand an event to whoever waits. Never blocks."""

    def wait(self, timeout_s: float) -> list[WorkerPoolNews]:
        """Everything that happened since the last call, in order; empty after `timeout_s`."""
