"""Where the words of a command leave it: standard output, standard error, and files to write.

Rules: nothing leaves with a secret in it (PL-12), which is why nobody else prints or writes such a
file. A result must arrive, a remark need not: a terminal that hung up, or a full disk under a log,
must not end an apply between two shards.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO, cast

import click

from reconciler.edges.secrets import SECRETS
from reconciler.errors import Problem, Unavailable

# Texts of server errors that the log of one run shows.
_SERVER_TEXTS_LOGGED_MAX = 200


def show(text: str) -> None:
    """The result, on standard output. Raises Unavailable: it could not be written there."""
    try:
        click.echo(SECRETS.redacted(text.rstrip("\n")))
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


def deliver(text: str, path: Path | None) -> None:
    """The result, in a file of which nobody ever reads a half; None: on standard output."""
    if path is None:
        show(text)
        return
    try:
        if _stays_what_it_is(path):
            write_file(path, text)
        else:
            _write_whole(path, text)
    except OSError as error:
        raise Unavailable(_not_written(path, error)) from None


def _stays_what_it_is(path: Path) -> bool:
    """A device, a pipe; and what leads to an open file, such as /dev/stdout where that is one."""
    if not path.is_file():
        return path.exists()
    return path.parent.resolve().parts[:2] in (("/", "dev"), ("/", "proc"))


def _write_whole(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    try:
        write_file(beside, text)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise


def make_folder(path: Path) -> None:
    """For results. Raises Unavailable: it could not be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(_not_written(path, error)) from None


def _not_written(path: Path, error: OSError) -> Problem:
    return Problem(
        code="output-not-written",
        message=f"the result could not be written to {path}: {error.strerror}",
        recovery="make room there and run the same command again",
    )


def remark(text: str) -> None:
    """What goes on, on standard error, if that takes it."""
    click.echo(text, file=standard_error())


def write_file(path: Path, text: str) -> None:
    path.write_text(SECRETS.redacted(text), encoding="utf-8")


def clear_screen() -> None:
    click.echo("\x1b[H\x1b[2J", nl=False)


class Remarks(logging.Handler):
    """What edges log, as remarks: each line once, and not without an end."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if line not in self._told and len(self._told) < _SERVER_TEXTS_LOGGED_MAX:
            self._told.add(line)
            remark(f"log: {line}")


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
                self._stream.write(_uncommanding(SECRETS.redacted(text)))
            return len(text)
        except (OSError, ValueError):  # ValueError: it was closed
            return len(text)

    def flush(self) -> None:
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError):
            pass
