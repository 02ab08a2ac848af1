"""A shard that is left alone for a while: by whom it is known, why, and until when.

Nothing is sent to it and nothing is asked of it. What it has is not known, so it counts neither as
a shard that matches nor as one that lags; when it comes back, it is looked at like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    shard: str
    until: str
    """The last day of it, as YYYY-MM-DD, of UTC."""

    reason: str

    def has_ended(self, now_s: float) -> bool:
        return datetime.fromtimestamp(now_s, UTC).date() > date.fromisoformat(self.until)

    def days_left(self, now_s: float) -> int:
        return (date.fromisoformat(self.until) - datetime.fromtimestamp(now_s, UTC).date()).days

    def __str__(self) -> str:
        return f"{self.shard}, until {self.until}: {self.reason}"


def is_day(text: str) -> bool:
    """Whether it is a day of the calendar, written as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
