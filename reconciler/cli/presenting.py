"""How a result is shown: its form, and what the reader's terminal can do."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from reconciler import __version__
from reconciler.cli.streams import remark
from reconciler.cli.style import style_for
from reconciler.errors import ReconcilerError
from reconciler.outcomes.exit_code import ExitCode, worst
from reconciler.report.document import Document
from reconciler.report.findings import SchemaFiles, schema_files
from reconciler.report.render import Format, Presentation
from reconciler.report.write.plain import plain
from reconciler.spec.load import DesiredFiles


def presentation(
    output: str,
    loaded: Mapping[str, DesiredFiles | ReconcilerError] | None = None,
    *,
    below: str = "",
    to: Path | None = None,
) -> Presentation:
    """For standard output, or the file `to`; `loaded` tells annotations where tables are defined,
    `below` in which folder of the repository."""
    form = Format(output)
    style = style_for(sys.stdout if to is None else None)
    marks_lines = form not in (Format.TEXT, Format.JSON)
    return Presentation(
        format=form,
        style=style if form is Format.TEXT else replace(style, lines_max=None),
        files=schema_files(loaded or {}) if marks_lines else SchemaFiles(),
        below=below,
        tool_version=__version__,
        now_s=time.time(),
    )


def tell_of_file(made: Document, codes: Iterable[ExitCode], path: Path | None) -> None:
    """In the log, where the result that says what went wrong is in a file; None: it was shown."""
    for report, code in zip(made.reports, codes, strict=True):
        if path is not None and code is not ExitCode.FINE and report.title is not None:
            about, verdict = plain(report.title.about), plain(report.title.verdict)
            remark(f"{about}: {verdict}; the whole report is in {path}")


def exit_with(codes: Iterable[ExitCode]) -> None:
    """End the verb with the worst code of its keyspaces."""
    code = worst(codes)
    if code is not ExitCode.FINE:
        raise SystemExit(int(code))
