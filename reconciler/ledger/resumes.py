"""What is answered where an apply goes on, or would if it were known how.

Kinds with arguments, among those of `ledger/reasons.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.ledger.states import Hold


@dataclass(frozen=True, slots=True)
class TakenUpAgain:
    """The stop was for the run before this one."""

    by: str


@dataclass(frozen=True, slots=True)
class GoesOn:
    """Somebody said so, and runs nothing for it."""


@dataclass(frozen=True, slots=True)
class WaitsForRelease:
    """Nobody has stopped it: a person holds it otherwise, and a retry opens nothing."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class GoesOnOnceReleased:
    """The stop is taken back; a person holds it besides."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class RetryTakenBack:
    """Of an apply that has ended: it stays so, as if nobody had asked for a retry."""


@dataclass(frozen=True, slots=True)
class NothingToRetry:
    """There is no apply, or the latest one completed."""


@dataclass(frozen=True, slots=True)
class NotKnownHere:
    """A later version asked it of one that does not know what it is."""

    word: str
    version: str


@dataclass(frozen=True, slots=True)
class NothingToAskOf:
    """In the ledger at hand; a region may have one of its own."""

    regions: tuple[str, ...]


ResumeAnswer = (
    TakenUpAgain
    | GoesOn
    | WaitsForRelease
    | GoesOnOnceReleased
    | RetryTakenBack
    | NothingToRetry
    | NothingToAskOf
    | NotKnownHere
)
