"""A time in words, as a spec says it."""

from __future__ import annotations

from reconciler.plan.words import count

_DAY_S, _HOUR_S = 86_400, 3_600


def span_words(seconds: int) -> str:
    """'7 days', '30 s', '90 min'."""
    if seconds and seconds % _DAY_S == 0:
        return count(seconds // _DAY_S, "day")
    if seconds and seconds % _HOUR_S == 0:
        return f"{seconds // _HOUR_S} h"
    return f"{seconds // 60} min" if seconds and seconds % 60 == 0 else f"{seconds} s"
