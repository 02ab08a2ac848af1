"""One suite for both trees: the working tree and a commit's tree answer alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import git
import pytest

from reconciler.edges.files.git_tree import GitTree
from reconciler.edges.files.repository import open_repository
from reconciler.edges.files.working_tree import WorkingTree
from reconciler.errors import InvalidInput, Refused
from reconciler.spec.tree import Entry, EntryKind, FileTree

AUTHOR = ("-c", "user.name=t", "-c", "user.email=t@example.org")
Opener = Callable[[], FileTree]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with links of all sorts, and a secret beside it."""
    (tmp_path / "secret.sql").write_text("secret")
    root = tmp_path / "repository"
    schemas = root / "schemas" / "k"
    schemas.mkdir(parents=True)
    (schemas / "a.sql").write_bytes(b"CREATE TABLE a (\r\n  id int)\xff")
    (schemas / "b.sql").symlink_to("a.sql")
    (schemas / "above.sql").symlink_to("../../../secret.sql")
    (schemas / "absolute.sql").symlink_to(tmp_path / "secret.sql")
    (schemas / "nowhere.sql").symlink_to("nothing.sql")
    (schemas / "circle.sql").symlink_to("circle.sql")
    (schemas / "git.sql").symlink_to("../../.git/config")
    (schemas / "sub").mkdir()
    (schemas / "sub" / "c.sql").write_text("c")
    (schemas / "é 表.sql").write_text("d")
    (root / "linked").symlink_to("schemas/k")
    (root / "out").symlink_to("..")
    return root


@pytest.fixture(params=["working tree", "git tree"])
def opened(request: pytest.FixtureRequest, root: Path) -> Iterator[Opener]:
    with git.Repo.init(root) as repo:

        def open_tree() -> FileTree:
            if request.param == "working tree":
                return WorkingTree(root)
            return committed(repo, root)

        yield open_tree


def committed(repo: git.Repo, root: Path, *, below: str = "") -> GitTree:
    """All files of the working tree, as a commit has them."""
    repo.git.add(".")
    repo.git(c=None).execute(["git", *AUTHOR, "commit", "-q", "--allow-empty", "-m", "x"])
    return GitTree(open_repository(root).objects, repo.head.commit.hexsha, below=below)


def test_a_directory_is_listed_in_order_with_what_stands_there(opened: Opener) -> None:
    listed = opened().list_directory("schemas/k")
    assert listed is not None
    assert {entry.name: entry.kind for entry in listed} == {
        "a.sql": EntryKind.FILE,
        "above.sql": EntryKind.LINK,
        "absolute.sql": EntryKind.LINK,
        "b.sql": EntryKind.LINK,
        "circle.sql": EntryKind.LINK,
        "git.sql": EntryKind.LINK,
        "nowhere.sql": EntryKind.LINK,
        "sub": EntryKind.DIRECTORY,
        "é 表.sql": EntryKind.FILE,
    }
    assert [entry.name for entry in listed] == sorted(entry.name for entry in listed)


def test_files_are_read_byte_for_byte(opened: Opener) -> None:
    tree = opened()
    for path in ("schemas/k/a.sql", "./schemas//k/../k/a.sql"):
        assert tree.read(path, bytes_max=100) == b"CREATE TABLE a (\r\n  id int)\xff"
    root = tree.list_directory("")
    assert root is not None
    assert Entry(name="schemas", kind=EntryKind.DIRECTORY) in root
    assert Entry(name="linked", kind=EntryKind.LINK) in root


@pytest.mark.invariant("FB-2")
@pytest.mark.parametrize(
    "path",
    [
        "schemas/k/b.sql",
        "schemas/k/above.sql",
        "schemas/k/absolute.sql",
        "schemas/k/git.sql",
        "schemas/k/circle.sql",
        "schemas/k/nowhere.sql",
        "schemas/k/b.sql/x",
        "linked",
        "linked/a.sql",
        "linked/sub/c.sql",
        "out/secret.sql",
    ],
)
def test_no_link_is_followed_wherever_it_leads(opened: Opener, path: str) -> None:
    tree = opened()
    for ask in (lambda: tree.read(path, bytes_max=100), lambda: tree.list_directory(path)):
        with pytest.raises(Refused) as caught:
            ask()
        (problem,) = caught.value.problems
        assert problem.code == "path-is-a-link"
        assert path in problem.message
        assert "secret" not in problem.message.replace(path, "")


@pytest.mark.invariant("FB-2")
@pytest.mark.parametrize("below", ["linked", "schemas/k/b.sql"])
def test_a_project_does_not_lie_behind_a_link(root: Path, below: str) -> None:
    with git.Repo.init(root) as repo:
        tree = committed(repo, root, below=below)
        for ask in (lambda: tree.read("a.sql", bytes_max=100), lambda: tree.list_directory("sub")):
            with pytest.raises(Refused) as caught:
                ask()
            assert caught.value.problems[0].code == "path-is-a-link"


@pytest.mark.invariant("PL-10")
@pytest.mark.parametrize("path", ["schemas/k/other", "schemas/k/other/a.sql"])
def test_another_repository_within_is_none_of_our_files(
    opened: Opener, root: Path, path: str
) -> None:
    """A submodule: a commit's tree names only its commit."""
    with git.Repo.init(root / "schemas" / "k" / "other") as other:
        (root / "schemas" / "k" / "other" / "a.sql").write_text("a")
        other.git.add(".")
        other.git(c=None).execute(["git", *AUTHOR, "commit", "-q", "-m", "x"])
        tree = opened()
        for ask in (lambda: tree.read(path, bytes_max=100), lambda: tree.list_directory(path)):
            with pytest.raises(Refused) as caught:
                ask()
            assert caught.value.problems[0].code == "file-unreadable"


@pytest.mark.invariant("PL-10")
@pytest.mark.parametrize(
    "path",
    [
        "../secret.sql",
        "schemas/../../secret.sql",
        "/etc/passwd",
        "C:/x",
        "schemas\\k\\a.sql",
        "a\0b",
        ".git/config",
    ],
)
def test_a_path_out_of_the_repository_is_refused(opened: Opener, path: str) -> None:
    tree = opened()
    with pytest.raises(Refused) as caught:
        tree.read(path, bytes_max=100)
    assert caught.value.problems[0].code == "path-outside-repository"
    assert "secret" not in caught.value.problems[0].message.replace(repr(path), "")
    with pytest.raises(Refused):
        tree.list_directory(path)


@pytest.mark.invariant("PL-10")
@pytest.mark.parametrize("path", ["schemas/k", "."])
def test_what_is_no_readable_file_is_refused(opened: Opener, path: str) -> None:
    with pytest.raises(Refused) as caught:
        opened().read(path, bytes_max=100)
    assert caught.value.problems[0].code == "file-unreadable"


@pytest.mark.parametrize("path", ["nothing.sql", "schemas/nothing/a.sql", "schemas/k/a.sql/x"])
def test_what_is_not_there_is_missing(opened: Opener, path: str) -> None:
    tree = opened()
    with pytest.raises(InvalidInput) as caught:
        tree.read(path, bytes_max=100)
    assert caught.value.problems[0].code == "file-missing"
    assert tree.list_directory("nothing") is None


def test_a_file_over_its_bound_is_not_read(opened: Opener) -> None:
    tree = opened()
    size = len(tree.read("schemas/k/a.sql", bytes_max=100))
    assert tree.read("schemas/k/a.sql", bytes_max=size)
    with pytest.raises(InvalidInput) as caught:
        tree.read("schemas/k/a.sql", bytes_max=size - 1)
    assert caught.value.problems[0].code == "file-too-large"


def test_a_file_is_no_directory(opened: Opener) -> None:
    with pytest.raises(Refused):
        opened().list_directory("schemas/k/a.sql")


def test_a_pipe_is_refused_at_once(root: Path) -> None:
    os.mkfifo(root / "schemas" / "k" / "pipe.sql")
    tree = WorkingTree(root)
    assert Entry(name="pipe.sql", kind=EntryKind.OTHER) in (tree.list_directory("schemas/k") or ())
    with pytest.raises(Refused):
        tree.read("schemas/k/pipe.sql", bytes_max=100)


def test_a_file_whose_name_is_not_utf8_is_refused_in_printable_words(root: Path) -> None:
    os.close(os.open(os.fsencode(root) + b"/schemas/k/\xff.sql", os.O_CREAT))
    tree = WorkingTree(root)
    (odd,) = (e for e in tree.list_directory("schemas/k") or () if not e.name.isprintable())
    with pytest.raises(Refused) as caught:
        tree.read(f"schemas/k/{odd.name}", bytes_max=100)
    assert str(caught.value.problems[0]).encode()


def test_a_commit_s_tree_knows_nothing_of_the_working_tree(root: Path) -> None:
    with git.Repo.init(root) as repo:
        tree = committed(repo, root)
        (root / "schemas" / "k" / "a.sql").write_text("edited")
        (root / "schemas" / "k" / "new.sql").write_text("new")
        (root / "schemas" / "k" / "sub" / "c.sql").unlink()
        assert tree.read("schemas/k/a.sql", bytes_max=100).startswith(b"CREATE")
        assert tree.read("schemas/k/sub/c.sql", bytes_max=100) == b"c"
        with pytest.raises(InvalidInput):
            tree.read("schemas/k/new.sql", bytes_max=100)


def test_a_folder_of_the_commit_can_be_the_root(root: Path) -> None:
    with git.Repo.init(root) as repo:
        tree = committed(repo, root, below="schemas")
        assert tree.read("k/sub/c.sql", bytes_max=100) == b"c"
        with pytest.raises(Refused):
            committed(repo, root, below="none").list_directory("k")
        with pytest.raises(Refused):
            GitTree(open_repository(root).objects, "0" * 40).list_directory("k")
