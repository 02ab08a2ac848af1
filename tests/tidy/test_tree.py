"""The tests of a room are found where the room is found."""

from __future__ import annotations

from pathlib import Path

from tests.tidy.source import PACKAGE, ROOT, python_files, tree_of

UNIT = ROOT / "tests" / "unit"
BESIDE_THE_PACKAGE = {Path("tools")}  # programs of the checkout, not of the package


def test_the_unit_tests_have_the_folders_of_the_package() -> None:
    rooms = {path.parent.relative_to(PACKAGE) for path in python_files(PACKAGE)}
    folders = {path.parent.relative_to(UNIT) for path in UNIT.rglob("test_*.py")}
    assert folders - rooms - BESIDE_THE_PACKAGE == set()
    assert {Path("edges/mysql"), Path("ddl/statement"), Path("plan/hazards")} <= folders


def test_no_test_lies_where_no_run_finds_it() -> None:
    """A file of tests is called test_*.py, or pytest passes it by in silence."""
    assert [
        path
        for path in python_files(ROOT / "tests")
        if not path.name.startswith("test_") and any(map(_is_a_test, tree_of(path).body))
    ] == []


def _is_a_test(node: object) -> bool:
    return str(getattr(node, "name", "")).startswith("test_")
