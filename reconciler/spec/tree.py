"""What reading a spec needs of a place that holds files: a working tree, or a commit's tree.

Paths are relative to the root of the tree, with '/' between names, and name what lies there: no
link is ever followed, inside or out (FB-2). What cannot be listed or read in full is an error and
never an absent file (PL-10).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from reconciler.errors import Location, Problem, Refused


class EntryKind(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"  # wherever it leads
    OTHER = "other"  # a submodule, a socket, a device: nothing that could be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name in a directory, and what stands there under it."""

    name: str
    kind: EntryKind


class FileTree(Protocol):
    def list_directory(self, path: str) -> tuple[Entry, ...] | None:
        """Every entry, sorted by name; None if there is no such directory. Raises Refused for a
        path that leads out of the tree or over a link, and for what cannot be listed."""

    def read(self, path: str, *, bytes_max: int) -> bytes:
        """The whole file. Raises Refused if the path leads out of the tree or over a link, or the
        file cannot be read, and InvalidInput if it is absent or larger than `bytes_max`."""


def has_file(tree: FileTree, path: str) -> bool:
    directory, _, name = path.rpartition("/")
    return any(entry.name == name for entry in tree.list_directory(directory) or ())


def read_if_there(tree: FileTree, path: str, *, bytes_max: int) -> bytes | None:
    """As `FileTree.read`, and None where there is no such file."""
    return tree.read(path, bytes_max=bytes_max) if has_file(tree, path) else None


def names_of(path: str) -> tuple[str, ...]:
    """The names from the root to what a path names, none for the root itself. Raises Refused for a
    path that by its text alone is not one inside the tree."""
    reason = outside_reason(path)
    if reason is not None:
        raise Refused(path_outside(path, reason))
    return tuple(name for name in posixpath.normpath(path).split("/") if name not in (".", ""))


def from_the_top(path: str, below: str) -> str:
    """A project's path as its repository has it; `below` is where the project lies, '' at the
    top."""
    return f"{below}/{path}" if below else path


def outside_reason(path: str) -> str | None:
    """Why a path, by its text alone, is not one inside the tree; None if it is."""
    if path != _printable(path):
        return "its name is not UTF-8"
    if "\0" in path or "\\" in path:
        return "it holds a character that paths in a repository do not have"
    if posixpath.isabs(path) or re.match(r"[A-Za-z]:", path):
        return "it is absolute"
    normal = posixpath.normpath(path)
    if normal == ".." or normal.startswith("../"):
        return "it leads above the root of the repository"
    if normal.split("/")[0].lower() == ".git":
        return "it is git's own directory"
    return None


def path_outside(path: str, reason: str, where: Location | None = None) -> Problem:
    return Problem(
        code="path-outside-repository",
        message=f"path {path!r} is refused: {reason}",
        recovery="keep the files in the repository and name them by a path from its root",
        where=where or Location(path=_printable(path)),
    )


def path_is_a_link(path: str, link: str | None = None) -> Problem:
    """`link` is the folder on the way that is one, where it is not `path` itself."""
    which = "it" if link in (None, path) else f"{_printable(link)!r} on the way"
    return Problem(
        code="path-is-a-link",
        message=f"{_printable(path)} is refused: {which} is a link, and no link is followed",
        recovery="put the file itself there: what a link leads to can have other owners, and can"
        " change without a review of this path",
        where=Location(path=_printable(path)),
    )


def _printable(path: str) -> str:
    """Python stands in for bytes of a file name that are not UTF-8 with what cannot be printed."""
    return path.encode(errors="replace").decode()


def unreadable(path: str, reason: str) -> Problem:
    return Problem(
        code="file-unreadable",
        message=f"{_printable(path)} cannot be read: {reason}",
        recovery="make it readable: a file that is not seen must not look like a dropped table",
        where=Location(path=_printable(path)),
    )


def missing_file(path: str) -> Problem:
    return Problem(
        code="file-missing",
        message=f"there is no file {path}",
        recovery="check the path, and with --ref that the file is committed",
        where=Location(path=path),
    )


def nested_directory(path: str, code: str) -> Problem:
    return Problem(
        code=code,
        message=f"{path} is a directory, and directories inside are not read",
        recovery="move its files one level up, or the directory elsewhere",
        where=Location(path=path),
    )


def too_large(path: str, bytes_max: int) -> Problem:
    return Problem(
        code="file-too-large",
        message=f"{path} is larger than {bytes_max} bytes",
        recovery="check that it is the file that was meant; nothing of this kind is that large",
        where=Location(path=path),
    )
