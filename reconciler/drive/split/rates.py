"""How fast keys arrive, go over, and are compared."""

from __future__ import annotations

from collections import deque

from reconciler.drive.split.limits import RATE_WINDOW_S


class Rate:
    """Of work: an amount, and the seconds that were spent on it, of the last half minute."""

    def __init__(self) -> None:
        self._done: deque[tuple[float, int, float]] = deque()

    def add(self, now_s: float, amount: int, took_s: float) -> None:
        self._done.append((now_s, amount, took_s))
        while self._done[0][0] < now_s - RATE_WINDOW_S:
            self._done.popleft()

    def per_s(self) -> float | None:
        """None: nothing was measured."""
        amount = sum(done[1] for done in self._done)
        took_s = sum(done[2] for done in self._done)
        return amount / max(took_s, 1e-6) if amount else None


class Arrivals:
    """What has come to the queue: what was taken out of it, and by how much it has grown."""

    def __init__(self) -> None:
        self._rate = Rate()
        self._last: tuple[float, int] | None = None
        self._taken = 0

    def take(self, keys: int) -> None:
        self._taken += keys

    def look(self, now_s: float, queued: int) -> None:
        if self._last is not None and now_s > self._last[0]:
            came = max(0, self._taken + queued - self._last[1])
            self._rate.add(now_s, came, now_s - self._last[0])
        self._last, self._taken = (now_s, queued), 0

    def per_s(self) -> float | None:
        return self._rate.per_s()
