"""When statements may start: `windows: ["02:00-05:00 UTC"]`. No windows: always."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.errors import InvalidInput, Problem

_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d) UTC")
_DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes after midnight UTC, from `start_min` up to but not including `end_min`; a window
    that ends before it starts goes over midnight, one that ends where it starts is the whole day.
    """

    start_min: int
    end_min: int

    def holds(self, minute: int) -> bool:
        length = (self.end_min - self.start_min) % _DAY_MIN or _DAY_MIN
        return (minute - self.start_min) % _DAY_MIN < length


def parse_window(text: str) -> Window:
    match = _WINDOW.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(
            Problem(
                code="rollout-window",
                message=f"{text!r} is not a time window",
                recovery='write windows as "02:00-05:00 UTC"',
            )
        )
    start_h, start_m, end_h, end_m = map(int, match.groups())
    return Window(start_h * 60 + start_m, end_h * 60 + end_m)


def is_open(windows: tuple[str, ...], now_s: float) -> bool:
    minute = int(now_s // 60) % _DAY_MIN  # the Unix epoch began at midnight UTC
    return not windows or any(parse_window(window).holds(minute) for window in windows)
