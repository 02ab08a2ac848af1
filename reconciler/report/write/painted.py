"""What a mark and a line of a difference look like on a terminal."""

from __future__ import annotations

from reconciler.report.blocks import Mark
from reconciler.report.style import Style, Tone

TONES = {
    Mark.GOOD: Tone.GOOD,
    Mark.CAUTION: Tone.CAUTION,
    Mark.BAD: Tone.BAD,
    Mark.WAITING: Tone.CAUTION,
    Mark.UNDERWAY: Tone.STRONG,
    Mark.QUIET: Tone.QUIET,
}


def painted_difference(line: str, style: Style) -> str:
    match line[:1]:
        case "-":
            return style.paint(line, Tone.REMOVED)
        case "+":
            return style.paint(line, Tone.ADDED)
        case _:
            return line
