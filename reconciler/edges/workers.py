"""Threads for work that waits for servers: bounded, in order, and none left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class ThreadWorkers:
    """`Workers` on threads of this process."""

    def map(
        self, work: Callable[[Item], Result], items: Sequence[Item], *, parallel: int
    ) -> list[Result]:
        if parallel <= 1 or len(items) <= 1:
            return [work(item) for item in items]
        with ThreadPoolExecutor(max_workers=min(parallel, len(items))) as pool:
            futures = [pool.submit(work, item) for item in items]
            wait(futures, return_when=FIRST_EXCEPTION)
            for future in futures:
                future.cancel()  # after a raise, what has not started never does
        # Leaving the pool waited for what had started. Items start in order, so the first error met
        # here comes before anything that was cancelled.
        return [future.result() for future in futures]
