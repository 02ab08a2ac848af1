"""What is told of the copies that engines make: what they wait for, what became of them.

Kinds with arguments, among those of `ledger/reasons.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

# --- why an apply stands as it does ---


@dataclass(frozen=True, slots=True)
class CopiesNotReady:
    """Copies of the wave that are complete wait for the others, so that all are swapped in
    together."""

    wave: int


@dataclass(frozen=True, slots=True)
class CutoverClosed:
    """All copies of the wave are complete, and a person has to release them; where there are
    `windows`, they are swapped in when one opens after that."""

    wave: int
    ready: int
    windows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CutoverShut:
    """Complete copies wait for the time of day at which they may be swapped in."""

    wave: int
    ready: int
    windows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CutoverOverdue:
    """Complete copies were kept up to date for as long as the spec allows, and were stopped;
    `of` counts with those of the wave that were not complete."""

    wave: int
    ready: int
    of: int
    limit_s: int


# --- what a table of a shard waits for ---


@dataclass(frozen=True, slots=True)
class ItsCutover:
    """Its copy is complete; the apply's own reason says what it waits for."""


# --- what became of a request ---


@dataclass(frozen=True, slots=True)
class CutoverReleased:
    """Whoever drives the apply swaps the copies in; where there are `windows`, in one of them."""

    wave: int
    copies: int
    windows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CopiesThrottled:
    """Or let go on."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class CopiesReleased:
    """Nobody drives it: whoever takes the copies up swaps them in once they are complete again."""

    copies: int


# --- what happened ---


@dataclass(frozen=True, slots=True)
class RowsCompared:
    """Rows of a copy are those of its table. `left_out` are columns that were not compared, and
    why; not `is_whole`: a bound was reached first. `unsettled` rows were written all the time."""

    rows: int
    left_out: tuple[str, ...] = ()
    is_whole: bool = True
    unsettled: int = 0


@dataclass(frozen=True, slots=True)
class CopySlowed:
    """An engine was told to slow its copy down, '' to go on; not every engine can."""

    because: str
    can_slow_down: bool


@dataclass(frozen=True, slots=True)
class CopyStopped:
    """Before it was swapped in. `is_kept`: it can be taken up again."""

    is_kept: bool


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What an engine made and could not, or may not, remove; `message` names it."""

    message: str
