"""The git repository that a project lies in: its commits and its references, as git names them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reconciler.edges.files.git_objects import GitObjects, ObjectTooLarge, ObjectUnreadable
from reconciler.edges.files.git_process import GitFailed, GitProcess
from reconciler.errors import InvalidInput, Problem, Refused
from reconciler.model.git_id import is_git_id

# In git's own words; a folder that looks like a bare repository is none that was meant.
_NO_REPOSITORY = (
    "not a git repository",
    "must be run in a work tree",
    "cannot use bare repository",
)
_NONE_FOUND = 1  # how `git show-ref` ends where no reference has the name


class Repository:
    """Asked by git's own names; commits are full hexadecimal ids."""

    def __init__(self, git: GitProcess, *, top: Path, common: Path) -> None:
        """`common` is the folder that the working trees of one repository share."""
        self._git = git
        self.top, self._common = top, common
        self.objects = GitObjects(git)

    def resolve(self, ref: str) -> str | None:
        """The commit that a name, a tag or the beginning of an id stands for; None if none."""
        try:
            name = f"{ref}^{{commit}}"
            found = self._git.text("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        except GitFailed:
            return None
        return found if is_git_id(found) else None

    def tip(self, reference: str) -> str | None:
        """The commit of a reference by its full name, `refs/heads/main`; None for one that leads
        nowhere. Other ways to ask also find a branch that somebody calls `refs/heads/main`."""
        try:
            return self.resolve(self._git.text("show-ref", "--verify", "--hash", "--", reference))
        except GitFailed:
            return None

    def first_tip(self, references: Sequence[str]) -> str | None:
        """The tip of the first of them that leads anywhere; all are asked for at once, because each
        question starts a git of its own."""
        try:
            told = self._git.text("show-ref", "--", *references)
        except GitFailed as failed:
            if failed.status == _NONE_FOUND:
                return None
            # Some reference is broken, and be it one that only ends like one of these.
            return next((tip for name in references if (tip := self.tip(name))), None)
        # It also tells of what somebody calls `refs/x/refs/heads/main`.
        found = {
            name: commit for commit, _, name in (row.partition(" ") for row in told.split("\n"))
        }
        tips = (self.resolve(found[name]) for name in references if name in found)
        return next((tip for tip in tips if tip is not None), None)

    def is_ancestor(self, commit: str, tip: str) -> bool:
        """True for a commit and itself. Raises Refused for a commit that the clone lacks."""
        try:
            self._git.text("merge-base", "--is-ancestor", commit, tip)
        except GitFailed as failed:
            if failed.status == 1:
                return False
            raise Refused(_history_missing()) from None
        return True

    def merge_base(self, one: str, other: str) -> str | None:
        """The best commit that both have in their history; None if the clone has none."""
        try:
            found = self._git.text("merge-base", one, other)
        except GitFailed:
            return None
        return found if is_git_id(found) else None

    def commits_that_changed(self, path: str, tip: str = "HEAD") -> tuple[str, ...]:
        """From the top of the repository, the newest first. Raises Refused if the clone lacks what
        that takes."""
        return self._commits(tip, "--", path)

    def last_change(self, path: str, tip: str) -> str | None:
        """The newest commit of the tip's own line that changed the file; None if none did. Raises
        Refused as `commits_that_changed`."""
        found = self._commits("--first-parent", "--max-count=1", tip, "--", path)
        return found[0] if found else None

    def line_changes(self, paths: Sequence[str], tip: str) -> tuple[str, ...]:
        """Every commit of the tip's own line that changed one of the paths, the newest first.
        Raises Refused as `commits_that_changed`."""
        return self._commits("--first-parent", tip, "--", *paths)

    def line_roots(self, tip: str) -> tuple[str, ...]:
        """Where the tip's own line begins, or is cut off. Raises Refused as above."""
        return self._commits("--first-parent", "--max-parents=0", tip)

    def first_parents(self, tip: str, *, count: int) -> tuple[tuple[str, int], ...]:
        """`tip` and what is before it on its own line, each with its number of parents; empty if
        the clone does not have it."""
        try:
            rows = self._commits("--first-parent", "--parents", f"--max-count={count}", tip)
        except Refused:
            return ()
        return tuple((row.split()[0], len(row.split()) - 1) for row in rows)

    def message(self, commit: str) -> str:
        """Raises Refused if the commit cannot be read."""
        try:
            return self.objects.message(commit)
        except (ObjectUnreadable, ObjectTooLarge):
            raise Refused(_history_missing()) from None

    def is_cut_off(self, commit: str) -> bool:
        """In a shallow clone the oldest commit looks as if it had made every file."""
        shallow = self._common / "shallow"
        return shallow.exists() and commit in shallow.read_text().split()

    def remote_address(self, remote: str) -> str | None:
        try:
            return self._git.text("config", "--get", f"remote.{remote}.url")
        except GitFailed:
            return None

    def _commits(self, *arguments: str) -> tuple[str, ...]:
        try:
            return tuple(self._git.text("rev-list", *arguments).splitlines())
        except GitFailed:
            raise Refused(_history_missing()) from None


def open_repository(root: Path) -> Repository:
    """Raises InvalidInput where there is none, or one without a commit; Refused where git itself
    will not read it, which says nothing about what is in it."""
    git = GitProcess(root)
    try:
        found = git.text("rev-parse", "--show-toplevel", "--git-common-dir", "--absolute-git-dir")
    except GitFailed as failed:
        if any(said in failed.said for said in _NO_REPOSITORY):
            raise InvalidInput(_not_a_repository(root)) from None
        raise Refused(_refused_by_git(failed.said, root)) from None
    top, common, folder = (Path(root, line) for line in found.split("\n"))
    # What lies at the top is the repository's own: a folder of files that only looks like one, with
    # a configuration of somebody else, has another name.
    is_within = folder.is_relative_to(top) and folder != top / ".git"
    if is_within or not (top / ".git").exists():
        raise InvalidInput(_not_a_repository(root))
    repository = Repository(git, top=top, common=common)
    if repository.resolve("HEAD") is None:
        raise InvalidInput(_without_commits())
    return repository


def _history_missing() -> Problem:
    return Problem(
        code="clone-incomplete",
        message="the clone lacks commits or folders that the history has",
        recovery="check out with the whole history and without a filter: `fetch-depth: 0`",
    )


def _not_a_repository(root: Path) -> Problem:
    return Problem(
        code="not-a-repository",
        message=f"{root} is not in a git repository",
        recovery="run the command in the repository that holds specs/, or name it with -C",
    )


def _without_commits() -> Problem:
    return Problem(
        code="repository-without-commits",
        message="the repository has no commit yet",
        recovery="commit the spec, the schema files and the plan first",
    )


def _refused_by_git(said: str, root: Path) -> Problem:
    """Git 2.35.2 and later refuse a repository of another user, as a checkout often is in a
    container."""
    return Problem(
        code="repository-refused-by-git",
        message=f"git does not read this repository: {said}",
        recovery="if it belongs to another user and you trust it:"
        f" `git config --global --add safe.directory {root.resolve()}`",
    )
