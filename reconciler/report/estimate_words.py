"""The time estimate in words: a span, and what it rests on."""

from __future__ import annotations

import math
from collections.abc import Callable

from reconciler.limits import REWRITE_BYTES_PER_S_MAX, REWRITE_BYTES_PER_S_MIN
from reconciler.plan.estimate import Estimate, Estimated, NotEstimated, Span
from reconciler.plan.words import BYTE_UNITS
from reconciler.report.limits import ROOM_TOLD_BYTES_MIN

# Seconds of each unit, and where the next one reads better.
_UNITS = ((1, "s", 120), (60, "min", 7_200), (3_600, "h", 172_800), (86_400, "days", math.inf))


def time_line(estimate: Estimate) -> str:
    """'up to 4 s on a shard, 10 min to 11 min in all, 10 min of it soaking'."""
    match estimate:
        case NotEstimated(shard=shard, table=table):
            return f"unknown: how large table {table} is on shard {shard} was not told"
        case Estimated():
            soak = f", {_rough(estimate.soak_s, round)} of it soaking" if estimate.soak_s else ""
            shard = span_words(estimate.shard)
            shard = shard if estimate.size_bytes else f"instant, {shard}"
            return f"{shard} on a shard, {span_words(estimate.rollout)} in all{soak}"


def room_line(estimate: Estimate) -> str:
    """'about 41 GB more on shard -40 while users is rebuilt, and …'; '' where nothing large is."""
    largest = estimate.largest if isinstance(estimate, Estimated) else None
    if largest is None or largest.room_bytes < ROOM_TOLD_BYTES_MIN:
        return ""
    beside = ""
    if largest.kept_bytes:
        kept = size_words(largest.kept_bytes)
        beside = f", {kept} of it tables as they were, which `keep_old` keeps"
    return (
        f"about {size_words(largest.room_bytes)} more on shard {largest.shard} while"
        f" {largest.table} is rebuilt, the largest{beside}; how much is free there is not known"
        " when a plan is made"
    )


def basis_line(estimate: Estimated) -> str:
    """What the numbers rest on, so that nobody takes them for a promise."""
    slow, fast = (rate // 10**6 for rate in (REWRITE_BYTES_PER_S_MIN, REWRITE_BYTES_PER_S_MAX))
    work = (
        f"up to {size_words(estimate.size_bytes)} of a shard's tables are read or rewritten, taken"
        f" at {slow} to {fast} MB/s; no speed was measured"
        if estimate.size_bytes
        else "no table is read or rewritten"
    )
    return f"{work}; waiting for locks, releases and windows comes on top"


def span_words(span: Span) -> str:
    """Rounded outwards: an estimate must not look sharper than it is."""
    high = _rough(span.high_s, math.ceil)
    if span.low_s < 1:
        return f"up to {high}"
    low = _rough(span.low_s, math.floor)
    return low if low == high else f"{low} to {high}"


def rough_time(seconds: float) -> str:
    """'4 min': rounded up."""
    return _rough(seconds, math.ceil)


def _rough(seconds: float, rounded: Callable[[float], int]) -> str:
    length_s, unit = next((length, name) for length, name, end in _UNITS if seconds < end)
    return f"{max(rounded(seconds / length_s), 1)} {unit}"


def size_words(size_bytes: int) -> str:
    for length, unit in BYTE_UNITS:
        if size_bytes >= length:
            return f"{math.ceil(size_bytes / length)} {unit}"
    return f"{size_bytes} bytes"
