"""The machine's clock: the only place where time is taken or waited for."""

from __future__ import annotations

import time


class SystemClock:
    """`Clock` of this machine."""

    def now_s(self) -> float:
        return time.time()

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
