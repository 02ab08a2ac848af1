"""What is told of a program that was put in another's place: for how long others felt it.

Kinds with arguments, among those of `ledger/reasons.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TriggerSwapped:
    """`held_ms`: from when its table was locked until it was let go of."""

    held_ms: int


@dataclass(frozen=True, slots=True)
class RoutineRemade:
    """`absent_ms`: from before its DROP was sent until its CREATE had come through, so no less than
    calls failed for."""

    absent_ms: int


Swapped = TriggerSwapped | RoutineRemade
