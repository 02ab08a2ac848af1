"""Runs work that may hang, such as looking at many shards: at most so many at once, each against
its own time limit, and nobody waits for one that is overdue.

What is overdue is told to end: its connection is cut, so that it takes neither memory nor a session
of the server any longer. The threads are daemons: one that hangs in a name look-up neither holds
the others up nor keeps the process from ending.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Overdue:
    """The work had not ended at its limit; what it still does goes nowhere."""


class Patience:
    """What somebody still has with a piece of work. Safe to use from several threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._over = False
        self._endings: list[Callable[[], None]] = []

    def when_over(self, end: Callable[[], None]) -> None:
        """Have `end` called when nobody waits for the work any more: at once, if so already."""
        with self._guard:
            self._endings.append(end)
            over = self._over
        if over:
            end()

    def lose(self) -> None:
        with self._guard:
            self._over = True
            endings = [*self._endings]
        for end in endings:
            end()


@dataclass(frozen=True, slots=True)
class _Done(Generic[Result]):
    index: int
    result: Result | None
    error: BaseException | None


def map_with_deadline(
    work: Callable[[Item, Patience], Result],
    items: Sequence[Item],
    *,
    parallel: int,
    limit_s: Callable[[Item], float],
) -> list[Result | Overdue]:
    """Results in the order of `items`. What `work` raises is raised here, after all the others
    ended or were given up."""
    done: queue.SimpleQueue[_Done[Result]] = queue.SimpleQueue()
    waiting = deque(range(len(items)))
    due_at: dict[int, float] = {}
    patience = [Patience() for _ in items]
    results: dict[int, Result | Overdue] = {}
    errors: dict[int, BaseException] = {}
    while waiting or due_at:
        while waiting and len(due_at) < max(1, parallel):
            index = waiting.popleft()
            due_at[index] = time.monotonic() + limit_s(items[index])
            _start(partial(work, items[index], patience[index]), index, done)
        try:
            ended = done.get(timeout=max(0.0, min(due_at.values()) - time.monotonic()))
        except queue.Empty:
            now = time.monotonic()
            for index in [index for index, due in due_at.items() if due <= now]:
                del due_at[index]
                results[index] = Overdue()
                patience[index].lose()
            continue
        if due_at.pop(ended.index, None) is None:
            continue  # given up before
        if ended.error is not None:
            errors[ended.index] = ended.error
        else:
            results[ended.index] = ended.result  # type: ignore[assignment]
    if errors:
        raise errors[min(errors)]
    return [results[index] for index in range(len(items))]


def _start(work: Callable[[], Result], index: int, done: queue.SimpleQueue[_Done[Result]]) -> None:
    def run() -> None:
        try:
            ended = _Done(index, work(), None)
        except BaseException as error:  # carried to the caller, who raises it
            ended = _Done(index, None, error)
        done.put(ended)

    threading.Thread(target=run, name=f"look-{index}", daemon=True).start()
