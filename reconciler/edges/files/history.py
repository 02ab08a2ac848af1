"""Commits of the user's repository: what `apply` reads, and where the protected branch is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import git

from reconciler.edges.files.git_tree import GitTree
from reconciler.errors import InvalidInput, Problem, Refused
from reconciler.spec.tree import FileTree, from_the_top

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
        self._repo = open_repository(root)
        self._below = _below(self._repo, root)
        self._protected_branch = protected_branch

    @property
    def below(self) -> str:
        """Where the project lies in the repository: '' at its top."""
        return self._below

    def resolve(self, ref: str) -> str:
        try:
            return self._repo.commit(ref).hexsha
        except (git.BadName, git.GitCommandError, ValueError, IndexError, TypeError):
            raise InvalidInput(
                Problem(
                    code="ref-unknown",
                    message=f"{ref!r} names no commit of this repository",
                    recovery="fetch it, or name a branch, a tag or a commit that exists",
                )
            ) from None

    def message(self, commit: str) -> str:
        found = self._repo.commit(commit).message
        return found if isinstance(found, str) else found.decode(errors="replace")

    def tree(self, commit: str) -> FileTree:
        return GitTree(self._repo, commit, below=self._below)

    def protected_tip(self) -> str | None:
        """A branch that was named must exist; the usual ones may be absent."""
        name = self._protected_branch
        if name is None:
            tips = (self._branch(path) for path in _USUAL_BRANCHES)
            return next((tip for tip in tips if tip is not None), None)
        for path in (f"refs/remotes/origin/{name}", f"refs/remotes/{name}", f"refs/heads/{name}"):
            if (found := self._branch(path)) is not None:
                return found
        raise InvalidInput(
            Problem(
                code="ref-unknown",
                message=f"{name!r} names no branch of this repository",
                recovery="fetch it, or name a branch that exists with --protected-branch",
            )
        )

    def contains(self, tip: str, commit: str) -> bool:
        return self._repo.is_ancestor(self._repo.commit(commit), self._repo.commit(tip))

    def versions_of(self, path: str) -> Iterator[bytes]:
        """Every content that a file had in the history of HEAD, the newest first."""
        inside = from_the_top(path, self._below)
        for commit in self._repo.iter_commits(paths=inside):
            try:
                blob = commit.tree / inside
            except KeyError:
                continue  # this commit removed it
            yield blob.data_stream.read()

    def _branch(self, path: str) -> str | None:
        """The tip of a branch by its full name; a link to one that is gone is no branch."""
        try:
            return git.Reference(self._repo, path).commit.hexsha
        except (ValueError, TypeError, OSError, git.BadName):
            return None


def _below(repo: git.Repo, root: Path) -> str:
    """Where specs/ lies within the repository: '' at its top, or e.g. 'database'."""
    if repo.working_tree_dir is None:
        return ""
    relative = root.resolve().relative_to(Path(repo.working_tree_dir).resolve()).as_posix()
    return "" if relative == "." else relative


def open_repository(root: Path) -> git.Repo:
    """Raises InvalidInput where there is none, or one without a commit; Refused where git itself
    will not read it, which says nothing about what is in it."""
    try:
        repo = git.Repo(root, search_parent_directories=True)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError):
        raise InvalidInput(
            Problem(
                code="not-a-repository",
                message=f"{root} is not in a git repository",
                recovery="run the command in the repository that holds specs/, or name it with -C",
            )
        ) from None
    if not repo.head.is_valid():
        _check_readable(repo)
        raise InvalidInput(
            Problem(
                code="repository-without-commits",
                message="the repository has no commit yet",
                recovery="commit the spec, the schema files and the plan first",
            )
        )
    return repo


def _check_readable(repo: git.Repo) -> None:
    """Git 2.35.2 and later refuse a repository of another user, as a checkout often is in a
    container; to GitPython that looks like a repository without a commit."""
    try:
        repo.git.rev_parse("--git-dir")
    except git.GitCommandError as error:
        said = str(error.stderr).strip().removeprefix("stderr: '").splitlines()
        folder = repo.working_tree_dir or repo.git_dir
        raise Refused(
            Problem(
                code="repository-refused-by-git",
                message=f"git does not read this repository: {said[0] if said else 'no reason'}",
                recovery="if it belongs to another user and you trust it:"
                f" `git config --global --add safe.directory {folder}`",
            )
        ) from None
