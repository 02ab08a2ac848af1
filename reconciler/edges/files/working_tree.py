"""Files as they lie in the working tree.

A path is opened name by name from the root, and no name may be a link: what is read is what lies
there, also where somebody changes the tree meanwhile. What is no regular file is never opened for
reading: a pipe would wait for ever.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.errors import InvalidInput, Refused
from reconciler.spec.tree import (
    Entry,
    EntryKind,
    missing_file,
    names_of,
    path_is_a_link,
    too_large,
    unreadable,
)

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a pipe waits for its writer.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class WorkingTree:
    """`FileTree` of the files below `root`, committed or not."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def list_directory(self, path: str) -> tuple[Entry, ...] | None:
        names = names_of(path)
        try:
            with (
                _opened(self._root, names, path, _FOLDER) as descriptor,
                os.scandir(descriptor) as found,
            ):
                entries = [Entry(name=item.name, kind=_kind(item)) for item in found]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(unreadable(path, _reason(error))) from None
        return tuple(sorted(entries, key=lambda entry: entry.name))

    def read(self, path: str, *, bytes_max: int) -> bytes:
        names = names_of(path)
        try:
            with _opened(self._root, names, path, _FILE) as descriptor:
                return _content(descriptor, path, bytes_max)
        except (FileNotFoundError, NotADirectoryError):
            raise InvalidInput(missing_file(path)) from None
        except OSError as error:
            raise Refused(unreadable(path, _reason(error))) from None


def read_file(place: Path, *, bytes_max: int) -> bytes:
    """A file that a person names, wherever it lies; a link is followed. Raises as `WorkingTree`."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise InvalidInput(missing_file(str(place))) from None
    except OSError as error:
        raise Refused(unreadable(str(place), _reason(error))) from None
    try:
        return _content(descriptor, str(place), bytes_max)
    except OSError as error:
        raise Refused(unreadable(str(place), _reason(error))) from None
    finally:
        os.close(descriptor)


@contextmanager
def _opened(root: Path, names: tuple[str, ...], path: str, flags: int) -> Iterator[int]:
    """A descriptor of what the names lead to. Raises Refused for a link or a repository of its own
    on the way, OSError for what cannot be opened."""
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for depth, name in enumerate(names, start=1):
            is_last = depth == len(names)
            try:
                below = os.open(name, flags if is_last else _FOLDER, dir_fd=at)
            except OSError as error:
                if _is_link(name, at):
                    raise Refused(path_is_a_link(path, "/".join(names[:depth]))) from None
                if error.errno == errno.ENOTDIR and not is_last:
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None
                raise
            os.close(at)
            at = below
            if _holds_a_repository(at):
                raise Refused(unreadable(path, f"{'/'.join(names[:depth])} is another repository"))
        yield at
    finally:
        os.close(at)


def _content(descriptor: int, path: str, bytes_max: int) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise Refused(unreadable(path, "it is not a regular file"))
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        content = file.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise InvalidInput(too_large(path, bytes_max))
    return content


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _holds_a_repository(descriptor: int) -> bool:
    """A submodule that is checked out; a commit's tree does not have its files either."""
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        return False
    try:
        os.stat(".git", dir_fd=descriptor, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _kind(item: os.DirEntry[str]) -> EntryKind:
    try:
        if item.is_symlink():
            return EntryKind.LINK
        if item.is_dir(follow_symlinks=False):
            return EntryKind.DIRECTORY
        return EntryKind.FILE if item.is_file(follow_symlinks=False) else EntryKind.OTHER
    except OSError:
        return EntryKind.OTHER  # reading it says why


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
