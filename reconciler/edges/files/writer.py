"""Writes files of the working tree: whole or not at all, and never over a link."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from reconciler.edges.secrets import SECRETS
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.spec.tree import names_of, path_is_a_link


class WorkingTreeWriter:
    """`FileWriter` below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def write(self, path: str, content: bytes) -> None:
        SECRETS.check_file(path, content)
        place = self._place(path)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._check_no_link(path)  # again: the folders are there now
            descriptor, fresh = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.chmod(fresh, _mode(place))
                os.replace(fresh, place)
            except BaseException:
                os.unlink(fresh)
                raise
        except OSError as error:
            raise _not_written(path, error) from None

    def remove(self, path: str) -> None:
        place = self._place(path)
        try:
            place.unlink(missing_ok=True)
        except OSError as error:
            raise _not_written(path, error) from None

    def _place(self, path: str) -> Path:
        names = names_of(path)
        self._check_no_link(path)
        return self._root.joinpath(*names)

    def _check_no_link(self, path: str) -> None:
        """A link on the way may lead anywhere, and what is written through one is not read again
        (FB-2)."""
        at = self._root
        for name in names_of(path):
            at = at / name
            if at.is_symlink():
                raise Refused(path_is_a_link(path, at.relative_to(self._root).as_posix()))


def _mode(place: Path) -> int:
    """Of the file that is replaced, else what the umask leaves of rw-rw-rw-."""
    if place.exists():
        return place.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _not_written(path: str, error: OSError) -> Unavailable:
    return Unavailable(
        Problem(
            code="file-not-written",
            message=f"{path} cannot be written: {error.strerror}",
            recovery="make room, or fix the permissions of the folder, and run the command again",
        )
    )
