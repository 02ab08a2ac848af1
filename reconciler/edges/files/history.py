"""Commits of the user's repository: what `apply` reads, and where the protected branch is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from reconciler.edges.files.git_tree import GitTree
from reconciler.edges.files.repository import Repository, open_repository
from reconciler.errors import InvalidInput, Problem, ReconcilerError, Refused
from reconciler.limits import PLAN_BYTES_MAX
from reconciler.spec.tree import FileTree, from_the_top, path_is_a_link

# Tried in this order where nobody names the branch: what the remote calls its default comes first.
# In full: anybody may call a branch or a tag of their own `origin/main`.
_USUAL_BRANCHES = (
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)


class GitHistory:
    """`History` over a repository's object store; nothing here touches the working tree."""

    def __init__(self, root: Path, protected_branch: str | None) -> None:
        self._repository = open_repository(root)
        self._below = _below(self._repository, root)
        self._protected_branch = protected_branch

    @property
    def below(self) -> str:
        """Where the project lies in the repository: '' at its top."""
        return self._below

    def resolve(self, ref: str) -> str:
        found = self._repository.resolve(ref)
        if found is None:
            raise InvalidInput(
                Problem(
                    code="ref-unknown",
                    message=f"{ref!r} names no commit of this repository",
                    recovery="fetch it, or name a branch, a tag or a commit that exists",
                )
            )
        return found

    def message(self, commit: str) -> str:
        """Raises Refused if the commit cannot be read."""
        return self._repository.message(commit)

    def tree(self, commit: str) -> FileTree:
        return GitTree(self._repository.objects, commit, below=self._below)

    def protected_tip(self) -> str | None:
        """A branch that was named must exist; the usual ones may be absent."""
        name = self._protected_branch
        if name is None:
            return self._repository.first_tip(_USUAL_BRANCHES)
        for reference in (
            f"refs/remotes/origin/{name}",
            f"refs/remotes/{name}",
            f"refs/heads/{name}",
        ):
            if (found := self._repository.tip(reference)) is not None:
                return found
        raise InvalidInput(
            Problem(
                code="ref-unknown",
                message=f"{name!r} names no branch of this repository",
                recovery="fetch it, or name a branch that exists with --protected-branch",
            )
        )

    def contains(self, tip: str, commit: str) -> bool:
        return self._repository.is_ancestor(commit, tip)

    def fork_point(self, tip: str, commit: str) -> str | None:
        return self._repository.merge_base(tip, commit)

    def versions_of(self, path: str) -> Iterator[bytes]:
        """Every content that a file had in the history of HEAD, the newest first. Commits in which
        no regular file of a bearable size stands there are passed over."""
        inside = from_the_top(path, self._below)
        for commit in self._repository.commits_that_changed(inside):
            try:
                yield self.tree(commit).read(path, bytes_max=PLAN_BYTES_MAX)
            except ReconcilerError:
                continue


def _below(repository: Repository, root: Path) -> str:
    """Where specs/ lies within the repository: '' at its top, or e.g. 'database'. Raises Refused if
    a link of the repository leads there: what it leads to may be somebody else's to change."""
    top, asked = repository.top.resolve(), Path(os.path.abspath(root))
    real = root.resolve().relative_to(top).as_posix()
    for above in (asked, *asked.parents):
        if above.resolve() == top:
            named = asked.relative_to(above).as_posix()
            if named != real:
                raise Refused(path_is_a_link(named))
    return "" if real == "." else real
