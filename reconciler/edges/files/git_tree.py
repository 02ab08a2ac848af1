"""Files as a commit has them; the working tree, dirty or not, plays no part.

Git stores a link as a file that holds its target. Links are followed here by the same rules as in a
working tree: inside the tree, or refused.
"""

from __future__ import annotations

import posixpath

import git

from reconciler.errors import InvalidInput, Refused
from reconciler.limits import LINK_BYTES_MAX, LINKS_MAX
from reconciler.spec.tree import (
    Entry,
    EntryKind,
    missing_file,
    outside_reason,
    path_outside,
    too_large,
    unreadable,
)

_LINK_MODE = 0o120000
_Children = dict[str, git.objects.IndexObject]


class GitTree:
    """`FileTree` of a commit of `repo`, from the folder `below` on."""

    def __init__(self, repo: git.Repo, commit: str, *, below: str = "") -> None:
        self._repo = repo
        self._commit = commit
        self._below = below
        self._children: dict[bytes, _Children] = {}

    def list_directory(self, path: str) -> tuple[Entry, ...] | None:
        found = self._find(path, path, 0)
        if found is None:
            return None
        if not isinstance(found, git.Tree):
            raise Refused(unreadable(path, "it is not a directory"))
        entries = (
            Entry(name=name, kind=self._kind(child, posixpath.join(path, name)))
            for name, child in self._children_of(found).items()
        )
        return tuple(sorted(entries, key=lambda entry: entry.name))

    def read(self, path: str, *, bytes_max: int) -> bytes:
        found = self._find(path, path, 0)
        if found is None:
            raise InvalidInput(missing_file(path))
        if not isinstance(found, git.Blob):
            raise Refused(unreadable(path, "it is not a regular file"))
        return self._content(found, path, bytes_max)

    def _find(self, path: str, asked: str, hops: int) -> git.objects.IndexObject | None:
        """What is at `path`, links followed. `asked` is the path as the caller gave it."""
        reason = outside_reason(path)
        if reason is not None:
            followed = "" if path == asked else "a link leads on: "
            raise Refused(path_outside(asked, f"{followed}{reason}"))
        if hops > LINKS_MAX:
            raise Refused(unreadable(asked, "its links lead in a circle"))
        at: git.objects.IndexObject = self._root(asked)
        names = [name for name in posixpath.normpath(path).split("/") if name not in (".", "")]
        for i, name in enumerate(names):
            if not isinstance(at, git.Tree):
                return None
            child = self._children_of(at).get(name)
            if child is None:
                return None
            if child.mode == _LINK_MODE:
                target = self._link_target(child, asked)
                return self._find(
                    posixpath.join(*names[:i], target, *names[i + 1 :]), asked, hops + 1
                )
            at = child
        return at

    def _root(self, asked: str) -> git.Tree:
        try:
            tree = self._repo.commit(self._commit).tree
            return tree / self._below if self._below else tree
        except (ValueError, KeyError, git.BadObject, git.GitCommandError):
            raise Refused(
                unreadable(asked, f"commit {self._commit[:12]} has no such tree")
            ) from None

    def _children_of(self, tree: git.Tree) -> _Children:
        # A tree of GitPython searches its entries one by one.
        if tree.binsha not in self._children:
            self._children[tree.binsha] = {child.name: child for child in tree}
        return self._children[tree.binsha]

    def _link_target(self, link: git.objects.IndexObject, asked: str) -> str:
        """An absolute target stays absolute when joined, and is refused for that."""
        assert isinstance(link, git.Blob)
        return self._content(link, asked, LINK_BYTES_MAX).decode(errors="replace")

    def _content(self, blob: git.Blob, path: str, bytes_max: int) -> bytes:
        try:
            if self._repo.odb.info(blob.binsha).size > bytes_max:
                raise InvalidInput(too_large(path, bytes_max))
            content: bytes = self._repo.odb.stream(blob.binsha).read()
        except (ValueError, git.BadObject, git.GitCommandError):
            raise Refused(
                unreadable(path, "git has no such object; is the clone complete?")
            ) from None
        return content

    def _kind(self, child: git.objects.IndexObject, path: str) -> EntryKind:
        """A link that leads nowhere or outside is OTHER here; reading it says why."""
        if child.mode == _LINK_MODE:
            try:
                target = self._find(path, path, 0)
            except Refused:
                return EntryKind.OTHER
        else:
            target = child
        if isinstance(target, git.Tree):
            return EntryKind.DIRECTORY
        return EntryKind.FILE if isinstance(target, git.Blob) else EntryKind.OTHER
