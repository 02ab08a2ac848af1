"""The `MainLine` port on the local clone."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.edges.files.git_tree import GitTree
from reconciler.edges.files.repository import open_repository
from reconciler.errors import InvalidInput, Problem, Refused
from reconciler.guard.review.approvals import LineCommit
from reconciler.spec.tree import EntryKind


class GitMainLine:
    def __init__(self, root: Path) -> None:
        self._repository = open_repository(root)

    def last_change(self, tip: str, path: str) -> str | None:
        found = self._file(tip, path)
        if found is None:
            return None
        # One process for the whole way; each commit is compared with its first parent.
        changed = self._repository.last_change(path, tip)
        if self._repository.is_cut_off(changed or tip):
            raise Refused(_shallow())
        return changed if changed and self._file(changed, path) == found else None

    def back_from(self, commit: str, count: int) -> tuple[LineCommit, ...]:
        line = self._repository.first_parents(commit, count=count)
        return tuple(LineCommit(id=found, parents=parents) for found, parents in line)

    def changed_in(self, folder: str, before: str, after: str) -> frozenset[str]:
        objects = self._repository.objects
        old, new = (GitTree(objects, commit).nodes(folder) for commit in (before, after))
        names = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        return frozenset(posixpath.join(folder, name) for name in names)

    def changes(self, tip: str, paths: Sequence[str]) -> tuple[str, ...]:
        self._check_reaches_back(tip)
        return tuple(reversed(self._repository.line_changes(paths, tip)))

    def files(self, commit: str, folder: str) -> Mapping[str, str]:
        tree = GitTree(self._repository.objects, commit)
        try:
            entries = tree.list_directory(folder) or ()
        except Refused:
            return {}  # a link, a file or a submodule in its place, or on the way
        paths = (posixpath.join(folder, e.name) for e in entries if e.kind is EntryKind.FILE)
        found = ((path, tree.file_id(path)) for path in paths)
        return {path: content for path, content in found if content is not None}

    def content(self, commit: str, path: str, *, bytes_max: int) -> bytes | None:
        try:
            is_regular = self._file(commit, path) is not None
        except Refused:
            is_regular = False  # a link or a submodule on the way: folders are there, or no history
        try:
            tree = GitTree(self._repository.objects, commit)
            return tree.read(path, bytes_max=bytes_max) if is_regular else None
        except InvalidInput:
            return None

    def _check_reaches_back(self, tip: str) -> None:
        if any(self._repository.is_cut_off(root) for root in self._repository.line_roots(tip)):
            raise Refused(_shallow())

    def _file(self, commit: str, path: str) -> str | None:
        """The content's id of a regular file that no link leads to."""
        return GitTree(self._repository.objects, commit).file_id(path)


def _shallow() -> Problem:
    return Problem(
        code="clone-incomplete",
        message="the clone does not go back to the commit that brought the plan",
        recovery="check out with the whole history: `fetch-depth: 0`",
    )
