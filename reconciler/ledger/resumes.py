"""What is answered where an apply goes on.

Kinds with arguments, among those of `ledger/reasons.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TakenUpAgain:
    """The stop was for the run before this one."""

    by: str


@dataclass(frozen=True, slots=True)
class GoesOn:
    """Somebody said so, and runs nothing for it."""


@dataclass(frozen=True, slots=True)
class NothingToRetry:
    """There is no apply, or the latest one completed."""
