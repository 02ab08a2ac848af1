"""How a result is shown: its form, and what the reader's terminal can do."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping

from reconciler import __version__
from reconciler.cli.style import style_for
from reconciler.errors import ReconcilerError
from reconciler.outcomes.exit_code import ExitCode, worst
from reconciler.report.findings import SchemaFiles, schema_files
from reconciler.report.render import Format, Presentation
from reconciler.spec.load import DesiredFiles


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


def exit_with(codes: Iterable[ExitCode]) -> None:
    """End the verb with the worst code of its keyspaces."""
    code = worst(codes)
    if code is not ExitCode.FINE:
        raise SystemExit(int(code))
