"""A checkout that would like its reader to run something, or to read something else than it names.

What lies in it was written by whoever opened the pull request, its `.git` by whatever made the
clone. Reading it must run nothing, ask nobody, and show what the commit holds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import zlib
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.edges.files.history import GitHistory
from reconciler.edges.files.repository import open_repository
from reconciler.edges.github.main_line import GitMainLine
from reconciler.errors import InvalidInput, Refused
from tests.attacks.traps import Traps, commit, configure, ended, git, project, script

A_TABLE = b"CREATE TABLE a (id int);\n"


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    return Traps.laid_in(tmp_path / "trapped")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path / "project")


def read_everything(root: Path) -> None:
    """Every way in which the product asks git."""
    history, line = GitHistory(root, None), GitMainLine(root)
    tip = history.resolve("HEAD")
    assert history.resolve("main") == history.protected_tip() == tip
    assert history.message(tip) == "work\n"
    assert history.contains(tip, tip)
    assert history.tree(tip).read("schemas/shop/a.sql", bytes_max=100) == A_TABLE
    assert list(history.versions_of("schemas/shop/a.sql")) == [A_TABLE]
    assert line.last_change(tip, "specs/shop.yaml")
    assert line.back_from(tip, 10)
    assert open_repository(root).remote_address("origin") is None
    assert ended("lint", "-C", str(root), "--ref", "HEAD") == 0
    assert ended("lint", "-C", str(root)) == 0


@pytest.mark.invariant("FB-3")
@pytest.mark.threat("TM-CHECKOUT-1")
def test_no_program_that_the_clone_names_is_run(root: Path, traps: Traps) -> None:
    commit(root)
    configure(root, traps)
    read_everything(root)
    assert traps.sprung == []
    os.utime(root / "schemas/shop/a.sql", (1, 1))  # so that git asks what is in it
    with suppress(subprocess.CalledProcessError):
        git(root, "status")  # the traps are laid: who asks in the usual way steps into them
    assert {"fsmonitor", "filter-process"} <= set(traps.sprung)


@pytest.mark.invariant("FB-3")
@pytest.mark.threat("TM-CHECKOUT-1")
@pytest.mark.parametrize("lazy", ["that-git-knows", "that-an-older-git-does-not-know"])
def test_what_a_partial_clone_lacks_is_missing_and_not_fetched(
    root: Path, traps: Traps, tmp_path: Path, lazy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(root, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(
        tmp_path,
        "clone",
        "--quiet",
        "--filter=blob:none",
        "--no-checkout",
        f"file://{root}",
        clone.name,
    )
    trap = traps.program("upload-pack", 'exec git-upload-pack "$@"')
    git(clone, "config", "remote.origin.uploadpack", trap)
    if lazy == "that-an-older-git-does-not-know":
        old = f'unset GIT_NO_LAZY_FETCH; exec {shutil.which("git")} "$@"'
        script(tmp_path / "bin" / "git", old)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    history = GitHistory(clone, None)
    tree = history.tree(history.resolve("HEAD"))
    assert tree.list_directory("schemas/shop")
    with pytest.raises(Refused, match="is the clone complete"):
        tree.read("schemas/shop/a.sql", bytes_max=100)
    assert traps.sprung == []
    git(clone, "cat-file", "-p", "HEAD:schemas/shop/a.sql")
    assert traps.sprung == ["upload-pack"]


@pytest.mark.invariant("FB-3")
@pytest.mark.threat("TM-CHECKOUT-1")
@pytest.mark.parametrize("entry", [".", "", "bin/.."])
def test_git_is_not_looked_for_in_the_checkout(
    root: Path, traps: Traps, entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(traps.program("git"), root / "git")
    (root / "bin").mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", f"{entry}:{os.environ['PATH']}")
    history = GitHistory(Path(), None)
    assert history.tree(history.resolve("HEAD")).list_directory("specs")
    assert traps.sprung == []


@pytest.mark.invariant("FB-3")
@pytest.mark.threat("TM-CHECKOUT-1")
def test_a_folder_that_looks_like_a_repository_is_not_opened_as_one(
    root: Path, traps: Traps
) -> None:
    """Files of a commit may be named HEAD, config, objects and refs: then git takes their folder
    for a bare repository, with all that its configuration names."""
    lookalike = root / "database"
    git(root, "init", "--quiet", "--bare", str(lookalike))
    git(lookalike, "config", "core.bare", "false")
    git(lookalike, "config", "core.worktree", str(root))
    git(lookalike, "config", "core.fsmonitor", traps.program("fsmonitor"))
    with pytest.raises(InvalidInput) as caught:
        GitHistory(lookalike, None)
    assert caught.value.problems[0].code == "not-a-repository"
    assert traps.sprung == []


@pytest.mark.invariant("FB-3")
@pytest.mark.threat("TM-CHECKOUT-1")
def test_git_is_told_no_secret_and_nothing_that_variables_would_tell_it(
    root: Path, traps: Traps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("git")
    traps.program("git", f'exec {real} "$@"')
    monkeypatch.setenv("PATH", f"{traps.folder}:{os.environ['PATH']}")
    for name in ("GITHUB_TOKEN", "SCHEMA_PASSWORD", "GIT_DIR", "GIT_EXTERNAL_DIFF"):
        monkeypatch.setenv(name, "s3cr3t")
    history = GitHistory(root, None)
    assert history.tree(history.resolve("HEAD")).list_directory("specs")
    assert "s3cr3t" not in (traps.marks / "git").read_text()


@pytest.mark.invariant("FB-3")
@pytest.mark.threat("TM-CHECKOUT-2")
def test_nothing_stands_in_for_what_an_id_names(root: Path) -> None:
    """References below refs/replace/, and grafts, tell git to show one object for another."""
    true = git(root, "rev-parse", "HEAD")
    (root / "schemas" / "shop" / "a.sql").write_text("CREATE TABLE a (id int, evil int);\n")
    other = commit(root)
    git(root, "reset", "--quiet", "--hard", true)
    git(root, "replace", true, other)
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "grafts").write_text(f"{true} {other}\n")
    history = GitHistory(root, None)
    assert history.resolve("HEAD") == true
    assert history.tree(true).read("schemas/shop/a.sql", bytes_max=100) == A_TABLE
    assert [found.parents for found in GitMainLine(root).back_from(true, 10)] == [0]
    assert "evil" in git(root, "show", "HEAD:schemas/shop/a.sql")


@pytest.mark.invariant("FB-3")
@pytest.mark.threat("TM-CHECKOUT-2")
def test_an_object_must_be_what_its_id_says(root: Path) -> None:
    tip, blob = git(root, "rev-parse", "HEAD"), git(root, "rev-parse", "HEAD:schemas/shop/a.sql")
    place = root / ".git" / "objects" / blob[:2] / blob[2:]
    place.chmod(0o644)
    evil = A_TABLE.replace(b"int", b"BIT")
    place.write_bytes(zlib.compress(b"blob %d\0" % len(evil) + evil))
    assert git(root, "show", f"{tip}:schemas/shop/a.sql").encode() == evil.strip()
    with pytest.raises(Refused, match="not what its id says"):
        GitHistory(root, None).tree(tip).read("schemas/shop/a.sql", bytes_max=100)


def tree_of(root: Path, *entries: tuple[str, bytes, str]) -> str:
    """The id of a commit whose tree has these (mode, name, id), however impossible they are."""
    content = b"".join(
        mode.encode() + b" " + name + b"\0" + bytes.fromhex(found) for mode, name, found in entries
    )
    tree = git(root, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", given=content)
    return git(root, "commit-tree", tree, "-m", "work")


@pytest.mark.invariant("FB-3")
@pytest.mark.threat("TM-CHECKOUT-2")
@pytest.mark.parametrize(
    "names", [(b"..",), (b".",), (b"",), (b"a/b",), (b"specs", b"specs")], ids=repr
)
def test_a_tree_with_names_that_no_folder_holds_is_refused(
    root: Path, names: tuple[bytes, ...]
) -> None:
    blob = git(root, "rev-parse", "HEAD:specs/shop.yaml")
    made = tree_of(root, *(("100644", name, blob) for name in names))
    with pytest.raises(Refused) as caught:
        GitHistory(root, None).tree(made).list_directory("")
    assert caught.value.problems[0].code == "file-unreadable"


@pytest.mark.invariant("FB-3")
@pytest.mark.threat("TM-CHECKOUT-2")
@pytest.mark.parametrize(
    "content", [b"", b"tree ", b"tree 00\n", b"\xff\n\n\xff", b"tree " + b"0" * 40 + b"\n\n"]
)
def test_a_commit_that_git_would_not_have_made_is_refused(root: Path, content: bytes) -> None:
    made = git(root, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", given=content)
    with pytest.raises(Refused):
        GitHistory(root, None).tree(made).list_directory("")


@pytest.mark.invariant("FB-2")
@pytest.mark.threat("TM-CHECKOUT-3")
@pytest.mark.parametrize("verb", ["lint", "plan", "verify", "apply", "drift", "doctor"])
@pytest.mark.parametrize(
    "path", ["specs", "specs/shop.yaml", "schemas", "schemas/shop", "schemas/shop/a.sql"]
)
def test_every_verb_refuses_a_project_with_a_link_in_it(
    root: Path, path: str, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The target is a file or folder of the same repository, with the same content."""
    (root / path).rename(root / "elsewhere")
    (root / path).symlink_to(root / "elsewhere")
    commit(root)
    environment = [] if verb == "lint" else ["--environment", "prod"]
    assert ended(verb, "-C", str(root), *environment) in (1, 3)
    said = capsys.readouterr()
    assert "path-is-a-link" in said.out + said.err


@pytest.mark.invariant("FB-2")
@pytest.mark.threat("TM-CHECKOUT-3")
def test_a_project_that_moved_behind_a_link_is_refused(root: Path) -> None:
    (root / "database").mkdir()
    for name in ("specs", "schemas"):
        (root / name).rename(root / "database" / name)
    (root / "database").rename(root / "elsewhere")
    (root / "database").symlink_to("elsewhere")
    commit(root)
    with pytest.raises(Refused) as caught:
        GitHistory(root / "database", None)
    assert caught.value.problems[0].code == "path-is-a-link"
    assert GitHistory(root / "elsewhere", None).below == "elsewhere"


@pytest.mark.invariant("PL-10")
@pytest.mark.threat("TM-CHECKOUT-3")
@pytest.mark.parametrize(
    "path", ["specs/shop.yaml", "specs/x", "schemas/shop", "schemas/shop/b.sql", "schemas/shop/x"]
)
@pytest.mark.parametrize("where", ["--ref=HEAD", ""])
def test_a_submodule_is_refused_wherever_a_file_would_be(
    root: Path, path: str, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    git(root, "rm", "--quiet", "-r", "--ignore-unmatch", path)
    project(root / path)
    commit(root)
    assert git(root, "ls-files", "--stage", path).startswith("160000")
    assert ended("lint", "-C", str(root), *([where] if where else [])) in (1, 3)
    said = capsys.readouterr()
    assert "internal-error" not in said.err
    assert any(code in said.out + said.err for code in ("file-unreadable", "directory-nested"))
