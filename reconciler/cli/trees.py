"""Where the files are that a command reads: the working tree, a commit, the protected branch.

Apart from `wire.py`, which imports every edge: a command says what it begins with before that.
"""

from __future__ import annotations

from pathlib import Path

from reconciler.edges.files.history import GitHistory
from reconciler.edges.files.working_tree import WorkingTree
from reconciler.errors import InvalidInput
from reconciler.spec.tree import FileTree


def open_tree(repo: Path, ref: str | None) -> FileTree:
    """The working tree, or a commit's tree."""
    if ref is None:
        return WorkingTree(repo.resolve())
    history = GitHistory(repo, None)
    return history.tree(history.resolve(ref))


def protected_tree(repo: Path, branch: str | None) -> FileTree | None:
    """The protected branch's tree, None where there is no repository or no such branch yet."""
    history = open_history(repo, branch)
    tip = history.protected_tip() if history else None
    return history.tree(tip) if history and tip else None


def open_history(repo: Path, branch: str | None, *, needed: bool = False) -> GitHistory | None:
    """None for a folder outside of any repository. Raises InvalidInput instead where a branch was
    named, or a history is `needed`."""
    try:
        return GitHistory(repo, branch)
    except InvalidInput:
        if branch is not None or needed:
            raise
        return None
