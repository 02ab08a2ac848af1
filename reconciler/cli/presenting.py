"""How a result is shown: its form, and what the reader's terminal can do."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from typing import TextIO

from reconciler import __version__
from reconciler.errors import ReconcilerError
from reconciler.outcomes.exit_code import ExitCode, worst
from reconciler.report.findings import SchemaFiles, schema_files
from reconciler.report.render import Format, Presentation
from reconciler.report.style import Style
from reconciler.spec.load import DesiredFiles

WIDTH_CHARS_MIN, WIDTH_CHARS_MAX = 72, 120


def presentation(
    output: str,
    loaded: Mapping[str, DesiredFiles | ReconcilerError] | None = None,
    *,
    below: str = "",
) -> Presentation:
    """For standard output; `loaded` tells annotations where tables are defined, `below` in which
    folder of the repository."""
    form = Format(output)
    marks_lines = form not in (Format.TEXT, Format.JSON)
    return Presentation(
        format=form,
        style=style_for(sys.stdout),
        files=schema_files(loaded or {}) if marks_lines else SchemaFiles(),
        below=below,
        tool_version=__version__,
        now_s=time.time(),
    )


def style_for(stream: TextIO | None) -> Style:
    """Colour on a terminal, unless NO_COLOR (no-color.org) or a dumb terminal says otherwise."""
    terminal = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    colour = terminal and not os.environ.get("NO_COLOR")
    if os.environ.get("FORCE_COLOR"):
        colour = True
    columns = shutil.get_terminal_size().columns if terminal else 100
    return Style(colour=colour, width_chars=max(WIDTH_CHARS_MIN, min(columns, WIDTH_CHARS_MAX)))


def exit_with(codes: Iterable[ExitCode]) -> None:
    """End the verb with the worst code of its keyspaces."""
    code = worst(codes)
    if code is not ExitCode.FINE:
        raise SystemExit(int(code))
