"""Programs are started from few places, each of which has thought about what they are told.

Read from the source: whoever adds a call must come by here first.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.edges.files.git_process import PLUMBING
from tests.tidy.source import PACKAGE, name_of, nodes, python_files, relative

GIT = "reconciler/edges/files/git_process.py"
STARTING = {
    GIT,
    "reconciler/edges/containers/runtime.py",
    "reconciler/edges/fetching/packages.py",
    "reconciler/edges/files/fetch.py",
    "reconciler/edges/programs.py",
    "reconciler/edges/keeper.py",
    "reconciler/edges/kept.py",
    "reconciler/edges/server/template.py",
    "reconciler/edges/vitess/vtctldclient.py",
}
# Ways to start a program that have a shell between, or inherit everything.
NEVER = {
    "os": re.compile(r"system|popen|exec[lv]p?e?|spawn\w+|posix_spawnp?|fork\w*|startfile"),
    "subprocess": re.compile(r"getoutput|getstatusoutput|call|check_call|check_output"),
}


def starts(path: Path) -> Iterator[ast.Call]:
    """Calls of subprocess.run and subprocess.Popen."""
    for node in nodes(path, ast.Call):
        match node.func:
            case ast.Attribute(value=ast.Name(id="subprocess"), attr="run" | "Popen"):
                yield node


@pytest.mark.invariant("FB-3")
def test_programs_are_started_from_few_places() -> None:
    assert {relative(path) for path in python_files(PACKAGE) if any(starts(path))} == STARTING
    for path in python_files(PACKAGE):
        for node in nodes(path, ast.Call):
            match node.func:
                case ast.Attribute(value=ast.Name(id=module), attr=name) if module in NEVER:
                    assert not NEVER[module].fullmatch(name), f"{relative(path)}:{node.lineno}"
            assert not any(keyword.arg == "shell" for keyword in node.keywords)


@pytest.mark.invariant("FB-3")
def test_a_program_is_told_where_it_runs() -> None:
    """The working directory is a checkout, unless somebody has said otherwise."""
    for path in python_files(PACKAGE):
        for node in starts(path):
            told = {keyword.arg for keyword in node.keywords}
            assert "cwd" in told or path.name == "keeper.py", f"{relative(path)}:{node.lineno}"


@pytest.mark.invariant("SV-1")
def test_a_program_is_told_its_environment() -> None:
    """Without one it would inherit the job's, tokens included."""
    for path in python_files(PACKAGE):
        for node in starts(path):
            told = {keyword.arg for keyword in node.keywords}
            assert "env" in told or path.name == "keeper.py", f"{relative(path)}:{node.lineno}"


@pytest.mark.invariant("FB-3")
def test_git_is_run_by_one_module_and_asked_by_one_other() -> None:
    """No library runs it either: what such a one calls is not seen here."""
    libraries = {"git", "pygit2", "dulwich"}
    for path in python_files(PACKAGE):
        for node in nodes(path, ast.Import, ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not libraries & {name.partition(".")[0] for name in names}, relative(path)
    users = {
        relative(path)
        for path in python_files(PACKAGE)
        if any(name_of(node.func) == "GitProcess" for node in nodes(path, ast.Call))
    }
    assert users == {"reconciler/edges/files/repository.py"}


@pytest.mark.invariant("FB-3")
def test_git_is_asked_for_what_reads_and_nothing_else() -> None:
    """Commands that can run something, write something or speak to somebody are not plumbing."""
    assert {"cat-file", "config", "merge-base", "rev-list", "rev-parse", "show-ref"} == PLUMBING
    for name in ("repository.py", "git_objects.py"):
        for node in nodes(PACKAGE / "edges" / "files" / name, ast.Call):
            if name_of(node.func) in ("text", "start") and node.args:
                first = node.args[0]
                assert isinstance(first, ast.Constant), "a command is written out"
                assert first.value in PLUMBING


@pytest.mark.invariant("FB-4")
def test_every_interpreter_is_started_in_isolation() -> None:
    """-I: neither the working directory, nor PYTHON* variables, nor a user's packages say what is
    imported."""
    found = []
    for path in python_files(PACKAGE):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            if "sys.executable" in line and "Path(sys.executable)" not in line:
                found.append((relative(path), number, '"-I"' in line))
    assert found
    assert [place for place in found if not place[2]] == []
