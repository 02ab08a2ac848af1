"""What a reader's terminal can do."""

from __future__ import annotations

import os
import shutil
from typing import TextIO

from reconciler.report.style import Style

WIDTH_CHARS_MIN, WIDTH_CHARS_MAX = 72, 120


def style_for(stream: TextIO | None) -> Style:
    """Colour on a terminal, unless NO_COLOR (no-color.org) or a dumb terminal says otherwise."""
    terminal = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    colour = terminal and not os.environ.get("NO_COLOR")
    if os.environ.get("FORCE_COLOR"):
        colour = True
    columns = shutil.get_terminal_size().columns if terminal else 100
    return Style(colour=colour, width_chars=max(WIDTH_CHARS_MIN, min(columns, WIDTH_CHARS_MAX)))
