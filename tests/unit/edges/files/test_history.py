"""Where a repository cannot be read, and why."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import git
import pytest

from reconciler.cli.trees import protected_tree
from reconciler.edges.files.repository import open_repository
from reconciler.errors import InvalidInput, Refused

AUTHOR = ("-c", "user.name=t", "-c", "user.email=t@example.org")


def test_a_repository_of_another_user_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout in a container often belongs to somebody else; without the protected branch
    nobody would look for a plan that waits there."""
    with git.Repo.init(tmp_path) as repo:
        repo.git(c=None).execute(["git", *AUTHOR, "commit", "-q", "--allow-empty", "-m", "x"])
    folder = tmp_path / "bin"
    folder.mkdir()
    # Git's own way to try it; the product hands on no variable that could tell git such things.
    (folder / "git").write_text(
        f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {shutil.which("git")} "$@"\n'
    )
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    for look in (open_repository, lambda root: protected_tree(root, None)):
        with pytest.raises(Refused) as refused:
            look(tmp_path)
        (problem,) = refused.value.problems
        assert problem.code == "repository-refused-by-git"
        assert "dubious ownership" in problem.message
        assert f"safe.directory {tmp_path}" in problem.recovery


def test_a_repository_without_a_commit_says_so(tmp_path: Path) -> None:
    git.Repo.init(tmp_path).close()
    with pytest.raises(InvalidInput, match="no commit yet"):
        open_repository(tmp_path)
    assert protected_tree(tmp_path, None) is None


USUAL = ("refs/remotes/origin/main", "refs/heads/main", "refs/heads/master")


def made(folder: Path, branch: str) -> str:
    """A repository of one commit, which is returned."""
    with git.Repo.init(folder, initial_branch=branch) as repo:
        repo.git(c=None).execute(["git", *AUTHOR, "commit", "-q", "--allow-empty", "-m", "x"])
        return repo.head.commit.hexsha


def lay_reference(folder: Path, name: str, commit: str) -> None:
    file = folder / ".git" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{commit}\n")


@pytest.mark.parametrize("branch", ["main", "master"])
def test_the_first_reference_that_is_there_is_taken(tmp_path: Path, branch: str) -> None:
    tip = made(tmp_path, branch)
    assert open_repository(tmp_path).first_tip(USUAL) == tip


@pytest.mark.invariant("RV-5")
def test_what_only_ends_like_a_reference_is_not_it(tmp_path: Path) -> None:
    tip = made(tmp_path, "trunk")
    for name in USUAL:
        lay_reference(tmp_path, f"refs/heads/{name}", tip)
    assert open_repository(tmp_path).first_tip(USUAL) is None


@pytest.mark.invariant("RV-5")
def test_a_broken_reference_of_such_an_end_hides_none(tmp_path: Path) -> None:
    tip = made(tmp_path, "main")
    lay_reference(tmp_path, "refs/heads/refs/heads/main", "1" * 40)
    assert open_repository(tmp_path).first_tip(USUAL) == tip


def test_a_branch_whose_commit_is_not_there_is_passed_over(tmp_path: Path) -> None:
    tip = made(tmp_path, "master")
    lay_reference(tmp_path, "refs/heads/main", "1" * 40)
    assert open_repository(tmp_path).first_tip(USUAL) == tip
