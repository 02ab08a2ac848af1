"""Times and durations as people read them; all times are UTC and say so."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(at_s: float) -> str:
    """'2026-03-01 14:05:09 UTC'."""
    return _shown(at_s, "%Y-%m-%d %H:%M:%S UTC")


def clock(at_s: float) -> str:
    """'14:05:09': for lines that follow each other within a run."""
    return _shown(at_s, "%H:%M:%S")


def since(at_s: float, now_s: float | None) -> str:
    """'since 14:05:09 UTC (64 s)'; `now_s` None: nobody asks how long ago that is."""
    ago = f" ({age(now_s - at_s)})" if now_s is not None else ""
    return f"since {clock(at_s)} UTC{ago}"


def _shown(at_s: float, form: str) -> str:
    """Times may come from a ledger that somebody else has written: not all are in a calendar."""
    try:
        return datetime.fromtimestamp(at_s, UTC).strftime(form)
    except (OverflowError, ValueError, OSError):
        return f"{at_s:g} s since 1970"


def age(seconds: float) -> str:
    """'3 s', '4 min 05 s': how long ago, for people."""
    return f"{max(round(seconds), 0)} s" if seconds < 99.5 else duration(seconds)


def duration(seconds: float) -> str:
    """'0.34 s', '12.3 s', '4 min 05 s', '2 h 03 min'."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.2f} s"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
