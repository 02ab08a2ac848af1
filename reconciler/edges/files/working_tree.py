"""Files as they lie in the working tree.

A path is resolved with all its links before anything is read, and must still be inside the root.
What is no regular file is never opened for reading: a pipe would wait for ever.
"""

from __future__ import annotations

import os
import posixpath
import stat
from pathlib import Path

from reconciler.errors import InvalidInput, Refused
from reconciler.spec.tree import (
    Entry,
    EntryKind,
    missing_file,
    outside_reason,
    path_outside,
    too_large,
    unreadable,
)


class WorkingTree:
    """`FileTree` of the files below `root`, committed or not."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def list_directory(self, path: str) -> tuple[Entry, ...] | None:
        place = self._resolve(path)
        try:
            with os.scandir(place) as found:
                names = sorted(item.name for item in found)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(unreadable(path, _reason(error))) from None
        return tuple(
            Entry(name=name, kind=self._kind(posixpath.join(path, name))) for name in names
        )

    def read(self, path: str, *, bytes_max: int) -> bytes:
        place = self._resolve(path)
        try:
            # Without O_NONBLOCK, opening a pipe waits for its writer.
            descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise Refused(unreadable(path, "it is not a regular file"))
                content = file.read(bytes_max + 1)
        except FileNotFoundError:
            raise InvalidInput(missing_file(path)) from None
        except OSError as error:
            raise Refused(unreadable(path, _reason(error))) from None
        if len(content) > bytes_max:
            raise InvalidInput(too_large(path, bytes_max))
        return content

    def _resolve(self, path: str) -> Path:
        reason = outside_reason(path)
        if reason is not None:
            raise Refused(path_outside(path, reason))
        try:
            place = (self._root / path).resolve()
        except (OSError, RuntimeError):  # links in a circle: RuntimeError until Python 3.12
            raise Refused(unreadable(path, "its links lead in a circle")) from None
        if not place.is_relative_to(self._root):
            raise Refused(path_outside(path, "a link leads out of the repository"))
        reason = outside_reason(place.relative_to(self._root).as_posix())
        if reason is not None:
            raise Refused(path_outside(path, f"a link leads on: {reason}"))
        return place

    def _kind(self, path: str) -> EntryKind:
        """A link that leads nowhere or outside is OTHER here; reading it says why."""
        try:
            mode = self._resolve(path).stat().st_mode
        except (OSError, Refused):
            return EntryKind.OTHER
        if stat.S_ISREG(mode):
            return EntryKind.FILE
        return EntryKind.DIRECTORY if stat.S_ISDIR(mode) else EntryKind.OTHER


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
