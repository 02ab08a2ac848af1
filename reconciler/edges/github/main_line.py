"""The `MainLine` port on the local clone."""

from __future__ import annotations

from pathlib import Path

import git

from reconciler.edges.files.history import open_repository
from reconciler.errors import Problem, Refused
from reconciler.guard.review.approvals import LineCommit

_REGULAR_FILES = (0o100644, 0o100755)


class GitMainLine:
    def __init__(self, root: Path) -> None:
        self._repo = open_repository(root)

    def last_change(self, tip: str, path: str) -> str | None:
        found = self._file(tip, path)
        if found is None:
            return None
        commit = self._repo.commit(tip)
        # One process for the whole way; each commit is compared with its first parent.
        changed = self._repo.git.rev_list("--first-parent", "-1", tip, "--", path)
        if changed:
            commit = self._repo.commit(changed)
        if self._is_cut_off(commit):
            raise Refused(_shallow())
        return commit.hexsha if changed and self._file(commit.hexsha, path) == found else None

    def back_from(self, commit: str, count: int) -> tuple[LineCommit, ...]:
        try:
            text = self._repo.git.rev_list("--first-parent", "--parents", f"-{count}", commit)
        except git.GitCommandError:
            return ()
        rows = [line.split() for line in text.splitlines()]
        return tuple(LineCommit(id=row[0], parents=len(row) - 1) for row in rows)

    def _file(self, commit: str, path: str) -> str | None:
        """The content's id of a regular file that no link leads to."""
        at: git.objects.IndexObject = self._repo.commit(commit).tree
        for name in path.split("/"):
            if not isinstance(at, git.Tree):
                return None
            child = next((child for child in at if child.name == name), None)
            if child is None:
                return None
            at = child
        return at.hexsha if at.mode in _REGULAR_FILES else None

    def _is_cut_off(self, commit: git.Commit) -> bool:
        """In a shallow clone the oldest commit looks as if it had made every file."""
        shallow = Path(self._repo.common_dir) / "shallow"
        return shallow.exists() and commit.hexsha in shallow.read_text().split()


def _shallow() -> Problem:
    return Problem(
        code="clone-incomplete",
        message="the clone does not go back to the commit that brought the plan",
        recovery="check out with the whole history: `fetch-depth: 0`",
    )
