"""Threads for the shards of a rollout, and the queue on which they report.

Rule: they are daemons. Somebody who insists on leaving must not wait for an ALTER that takes hours;
what was in flight is recorded as unknown and is looked at by the next run.
"""

from __future__ import annotations

import errno
import queue
import threading
from collections.abc import Callable

from reconciler.outcomes.progress import ProgressEvent
from reconciler.ports.clock import WorkEnded, WorkerPoolNews


class ThreadWorkerPool:
    """Implements the WorkerPool port; how many threads there are is up to its caller."""

    def __init__(self) -> None:
        self._news: queue.SimpleQueue[WorkerPoolNews] = queue.SimpleQueue()

    def start(self, name: str, work: Callable[[], object]) -> None:
        def report() -> None:
            try:
                self._news.put(WorkEnded(name=name, value=work()))
            except BaseException as error:  # the driver decides what a fault means
                self._news.put(WorkEnded(name=name, error=error))

        thread = threading.Thread(target=report, name=f"shard {name}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the machine has no thread left
            no_thread = OSError(errno.EAGAIN, "no thread could be started")
            self._news.put(WorkEnded(name=name, error=no_thread))

    def tell(self, event: ProgressEvent) -> None:
        self._news.put(event)

    def wait(self, timeout_s: float) -> list[WorkerPoolNews]:
        try:
            news = [self._news.get(timeout=timeout_s)]
        except queue.Empty:
            return []
        while not self._news.empty():
            news.append(self._news.get())
        return news
