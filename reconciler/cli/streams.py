"""Standard output and standard error: a result must arrive, a remark need not.

A terminal that hung up, or a full disk under a log, must not end an apply between two shards.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO, cast

import click

from reconciler.errors import Problem, Unavailable


def show(text: str) -> None:
    """The result, on standard output. Raises Unavailable: it could not be written there."""
    try:
        click.echo(text.rstrip("\n"))
    except BrokenPipeError:
        raise  # the reader has seen enough
    except OSError as error:
        raise Unavailable(
            Problem(
                code="output-not-written",
                message=f"the result could not be written to standard output: {error.strerror}",
                recovery="make room and run the same command again; how an apply ended is shown by"
                " `reconciler status`",
            )
        ) from None


def remark(text: str) -> None:
    """What goes on, on standard error, if that takes it."""
    click.echo(text, file=standard_error())


def standard_error() -> TextIO:
    return cast(TextIO, _Unfailing(sys.stderr))


# A runner of GitHub Actions obeys lines that begin with `::error …`, and `##[error]` anywhere on a
# line; what a server or a file says must not be able to command it (RP-6). A WORD JOINER, which is
# not seen, keeps the signs apart.
_RUNNER_COMMAND = re.compile(r"^\s*:(?=:)|##(?=\[)", re.MULTILINE)


def _uncommanding(text: str) -> str:
    return _RUNNER_COMMAND.sub("\\g<0>\u2060", text) if "GITHUB_ACTIONS" in os.environ else text


class _Unfailing:
    """As much of a text stream as is asked of one here; it loses what it cannot write."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream  # None: the process was started without one

    @property
    def encoding(self) -> str:
        return "utf-8" if self._stream is None else self._stream.encoding

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        if self._stream is None:
            raise OSError("the process has no such stream")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        try:
            if self._stream is not None:
                self._stream.write(_uncommanding(text))
            return len(text)
        except (OSError, ValueError):  # ValueError: it was closed
            return len(text)

    def flush(self) -> None:
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError):
            pass
