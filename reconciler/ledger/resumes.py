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
    """Somebody resumed it."""
