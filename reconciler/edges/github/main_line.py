"""The `MainLine` port on the local clone."""

from __future__ import annotations

import posixpath
from pathlib import Path

from reconciler.edges.files.git_tree import GitTree
from reconciler.edges.files.repository import open_repository
from reconciler.errors import Problem, Refused
from reconciler.guard.review.approvals import LineCommit


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

    def _file(self, commit: str, path: str) -> str | None:
        """The content's id of a regular file that no link leads to."""
        return GitTree(self._repository.objects, commit).file_id(path)


def _shallow() -> Problem:
    return Problem(
        code="clone-incomplete",
        message="the clone does not go back to the commit that brought the plan",
        recovery="check out with the whole history: `fetch-depth: 0`",
    )
