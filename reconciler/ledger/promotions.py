"""What is told of `promote_if`: which check keeps a wave from beginning, and where.

Kinds with arguments, among those of `ledger/reasons.py`; none has a number that was measured
(PL-12).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PromotionAwaited:
    """The check has not held yet since the soak was over, and may still."""

    wave: int
    check: str


@dataclass(frozen=True, slots=True)
class PromotionUnmeasured:
    """Nobody knows whether the check holds; `shard` is the first of these, '' where it is of none,
    and `more` counts the others."""

    wave: int
    check: str
    because: str
    shard: str = ""
    more: int = 0


@dataclass(frozen=True, slots=True)
class PromotionFailed:
    """The check was outside of what the spec expects, more often than it allows."""

    wave: int
    check: str
    shard: str = ""
    more: int = 0


PromotionReason = PromotionAwaited | PromotionUnmeasured | PromotionFailed
