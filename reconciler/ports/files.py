"""The user's repository: its working tree and its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from reconciler.guard.review.approvals import LineCommit
from reconciler.spec.tree import FileTree


class FileWriter(Protocol):
    """Files of the working tree; paths are relative to the repository and stay inside it."""

    def write(self, path: str, content: bytes) -> None:
        """The whole file or nothing of it: an interrupted write leaves the old one."""

    def remove(self, path: str) -> None:
        """Nothing happens where there is no such file."""


class History(Protocol):
    """Commits of the user's repository; commits are full hexadecimal ids."""

    def resolve(self, ref: str) -> str:
        """The commit a ref names. Raises InvalidInput if it names none."""

    def tree(self, commit: str) -> FileTree: ...

    def protected_tip(self) -> str | None:
        """The commit at the tip of the protected branch; None if there is no such branch."""

    def contains(self, tip: str, commit: str) -> bool:
        """True if `commit` is `tip` or one of its ancestors."""

    def versions_of(self, path: str) -> Iterator[bytes]:
        """Every content that a file had in the history of HEAD, the newest first."""


class BranchedHistory(History, Protocol):
    """A history in which somebody may have left the protected branch."""

    def fork_point(self, tip: str, commit: str) -> str | None:
        """The newest commit that both have in their history; None if the clone has none."""


class Clone(History, Protocol):
    """The history of a clone in which a job runs, and where in it the project lies."""

    @property
    def below(self) -> str:
        """The folder of the project in the repository: '' at its top."""

    def message(self, commit: str) -> str:
        """Of the commit. Raises Refused if it cannot be read."""


class MainLine(Protocol):
    """The protected branch's own line of commits: from each commit to its first parent."""

    def last_change(self, tip: str, path: str) -> str | None:
        """The newest commit of the line, `tip` or before it, that changed the file. None if there
        is no file at `tip`, or if a link stands in its place: what it leads to could change
        without it. Raises Refused if the clone does not go back that far."""

    def back_from(self, commit: str, count: int) -> tuple[LineCommit, ...]:
        """`commit` and what is before it on the line, newest first, at most `count`; empty if the
        clone does not have it."""

    def changed_in(self, folder: str, before: str, after: str) -> frozenset[str]:
        """Paths of what differs between two commits, among what is right in the folder. Raises
        Refused if the clone does not have both."""

    def changes(self, tip: str, paths: Sequence[str]) -> tuple[str, ...]:
        """Every commit of the line, the oldest first and `tip` the last at most, that changed one
        of the paths or what is below it. Raises Refused if the clone does not go back to the
        first commit."""

    def files(self, commit: str, folder: str) -> Mapping[str, str]:
        """The regular files right in a folder, each path with an id of its content; none where
        there is no such folder, or a link leads to it."""

    def content(self, commit: str, path: str, *, bytes_max: int) -> bytes | None:
        """Of a regular file that no link leads to; None for anything else, or if it is larger.
        Raises Refused if the clone does not have it."""
