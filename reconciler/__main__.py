"""`python -m reconciler` and the `reconciler` command."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def main() -> None:
    from reconciler.cli.main import run

    try:
        code: str | int | None = run(sys.argv[1:])
    except SystemExit as ended:
        code = ended.code
    if "temporalio" in sys.modules and isinstance(code, int):
        _leave_at_once(code)
    sys.exit(code)


def _leave_at_once(code: int) -> None:
    """temporalio 1.35: a thread of it that is late meets an interpreter which has ended, and the
    process is aborted behind its last word. All that was opened is closed by now."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
