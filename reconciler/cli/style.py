"""What a reader's terminal can do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import TextIO

from reconciler.limits import SCREEN_LINES_MAX
from reconciler.report.style import Style

WIDTH_CHARS_MIN, WIDTH_CHARS_MAX = 72, 120


def style_for(stream: TextIO | None, environ: Mapping[str, str] = os.environ) -> Style:
    """Colour on a terminal, unless NO_COLOR (no-color.org) or a dumb terminal says otherwise. What
    somebody reads on a terminal is bounded; a pipe, a file and the log of a job have the rest."""
    shown = stream is not None and stream.isatty()
    terminal = shown and environ.get("TERM") != "dumb"
    colour = terminal and not environ.get("NO_COLOR")
    if environ.get("FORCE_COLOR"):
        colour = True
    columns = shutil.get_terminal_size().columns if terminal else 100
    return Style(
        colour=colour,
        width_chars=max(WIDTH_CHARS_MIN, min(columns, WIDTH_CHARS_MAX)),
        lines_max=SCREEN_LINES_MAX if shown and not environ.get("CI") else None,
    )
