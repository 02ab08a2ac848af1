"""The rules of `docs/invariants.md`, and the tests that say they carry them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from tests.tidy.source import ROOT, name_of, python_files, relative, tree_of

INVARIANTS = ROOT / "docs" / "invariants.md"
NOT_BUILT = "FZ"  # finalizers: with the Vitess work

_ROW = re.compile(r"^\| ([A-Z]{2}-\d+) \|(.*)\|$", re.MULTILINE)
_FILE = re.compile(r"`([\w./-]+\.(?:py|toml|json|yml|md))`")


@cache
def rules() -> dict[str, tuple[str, ...]]:
    """Each rule's id with the cells of its row."""
    rows = _ROW.findall(INVARIANTS.read_text(encoding="utf-8"))
    assert len({rule for rule, _ in rows}) == len(rows), "a rule stands twice"
    return {rule: tuple(cell.strip() for cell in cells.split("|")) for rule, cells in rows}


def enforced_by(rule: str) -> tuple[str, ...]:
    """The files that the last cell names; a path without a room's prefix is in the package."""
    return tuple(_FILE.findall(rules()[rule][-1]))


@cache
def carried() -> dict[str, tuple[str, ...]]:
    """Rule -> the tests marked with it; read from the text, so that nothing needs to be run."""
    found: dict[str, list[str]] = {}
    for path in python_files(ROOT / "tests"):
        for rule in _marked(tree_of(path)):
            found.setdefault(rule, []).append(relative(path))
    return {rule: tuple(places) for rule, places in found.items()}


def _marked(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="invariant") as mark, args=arguments):
                if name_of(mark.value) == "mark":
                    for argument in arguments:
                        assert isinstance(argument, ast.Constant), "an id is written out"
                        yield str(argument.value)
