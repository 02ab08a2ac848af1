"""Bounds that no file crosses unnoticed. The guide is stricter: see STYLE.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.source import (
    PACKAGE,
    ROOT,
    functions_of,
    name_of,
    nodes,
    python_files,
    relative,
    tree_of,
)

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 65
NAMES_WITHOUT_MEANING = frozenset({"util", "utils", "helper", "helpers", "manager", "common"})

# Most files begin so, and need not be parsed to be known as such that say why they exist.
_SPEAKS_FIRST = re.compile(r'"""\w')

HERE = Path(__file__)
TEXTS = (".py", ".md", ".yaml", ".yml", ".toml", ".json", ".sql", ".case", ".txt")
PLACES = ("reconciler", "tests", "docs", "demo", "bench", "tools", "changes", ".github")


def test_no_file_is_too_long_to_read() -> None:
    long = {relative(path): lines for path in python_files(PACKAGE) if (lines := _lines(path))}
    assert {path: lines for path, lines in long.items() if lines > FILE_LINES_MAX} == {}


def _lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_no_function_is_too_long_to_read() -> None:
    long = {
        f"{relative(path)}:{function.name}": length
        for path in python_files(PACKAGE)
        for function in functions_of(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_every_module_says_why_it_exists() -> None:
    silent = [
        relative(path)
        for path in (*python_files(PACKAGE), *python_files(ROOT / "tests"))
        if not _SPEAKS_FIRST.match(path.read_text(encoding="utf-8"))
        and tree_of(path).body
        and not ast.get_docstring(tree_of(path))
    ]
    assert silent == []


def test_no_module_has_a_name_without_meaning() -> None:
    assert [p for p in python_files(PACKAGE) if p.stem in NAMES_WITHOUT_MEANING] == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    assert list(_lines_with(later)) == []


def test_nothing_names_a_machine() -> None:
    """A path of one person's computer works nowhere else."""
    machine = re.compile(r"(?<![\w.{}/-])(/home/|/Users/|/root/|/work/|/tmp/)\w")
    assert list(_lines_with(machine)) == []


def _lines_with(pattern: re.Pattern[str]) -> Iterator[str]:
    for path in _source_files():
        text = path.read_text(encoding="utf-8")
        if pattern.search(text):
            for number, line in enumerate(text.splitlines(), start=1):
                if pattern.search(line):
                    yield f"{relative(path)}:{number}"


def _source_files() -> Iterator[Path]:
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*")):
            if path != HERE and path.suffix in TEXTS and path.is_file():
                yield path
    yield from sorted(ROOT.glob("*.md"))


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    """What cannot be tested here is a failure that says what to install."""
    passed_over = ("skip", "skipif", "xfail", "importorskip")
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in python_files(ROOT / "tests")
        if any(name in path.read_text(encoding="utf-8") for name in passed_over)
        for node in nodes(path, ast.Attribute)
        if node.attr in passed_over and name_of(node.value) in ("mark", "pytest")
    ]
    assert found == []
