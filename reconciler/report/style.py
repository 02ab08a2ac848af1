"""How text looks on the reader's terminal. Whether there is a terminal is the caller's finding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """What a piece of text is to its reader; the value is its SGR code (ECMA-48)."""

    STRONG = "1"
    QUIET = "2"
    GOOD = "32"
    CAUTION = "33"
    BAD = "1;31"
    REMOVED = "31"
    ADDED = "32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """`width_chars` bounds lines of ours; statements are never wrapped, they are copied.
    `lines_max` is how many there are at most; None: a file, a pipe or a log, which have all."""

    colour: bool = False
    width_chars: int = 100
    lines_max: int | None = None

    def paint(self, text: str, tone: Tone) -> str:
        return f"\x1b[{tone}m{text}\x1b[0m" if self.colour and text else text


PLAIN = Style()
