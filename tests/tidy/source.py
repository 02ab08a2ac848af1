"""The source as syntax trees, read once: what the tidy tests look at."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

from tests.garbage import lasting

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "reconciler"

Node = TypeVar("Node", bound=ast.AST)


@cache
def tree_of(path: Path) -> ast.Module:
    with lasting():
        return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def nodes(path: Path, *kinds: type[Node]) -> Iterator[Node]:
    """All of a file's nodes of these kinds, one kind after the other: going through its tree takes
    longer than reading it."""
    for kind in kinds:
        for node in _by_kind(path).get(kind, ()):
            assert isinstance(node, kind)
            yield node


@cache
def _by_kind(path: Path) -> Mapping[type[ast.AST], list[ast.AST]]:
    found: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    tree = tree_of(path)
    with lasting():
        for node in every_node(tree):
            found[type(node)].append(node)
    return found


def every_node(tree: ast.AST) -> list[ast.AST]:
    """As `ast.walk` goes through it, in two thirds of the time."""
    found = [tree]
    for node in found:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                found.append(value)
            elif isinstance(value, list):
                found += [inner for inner in value if isinstance(inner, ast.AST)]
    return found


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from nodes(path, ast.FunctionDef)
    yield from nodes(path, ast.AsyncFunctionDef)


@cache
def python_files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(folder.rglob("*.py")))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def name_of(expression: ast.expr) -> str:
    """The last part of a dotted name: what is called, or which decorator it is."""
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=func):
            return name_of(func)
        case _:
            return ""
