"""Which tests carry which mark; read from the text, so that nothing needs to be run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.source import ROOT, name_of, nodes, python_files, relative


def marked_with(mark: str) -> dict[str, tuple[str, ...]]:
    """Each id given to `pytest.mark.<mark>` -> the files that give it."""
    found: dict[str, list[str]] = {}
    for path in python_files(ROOT / "tests"):
        if f"mark.{mark}" in path.read_text(encoding="utf-8"):
            for value in _values(path, mark):
                found.setdefault(value, []).append(relative(path))
    return {value: tuple(places) for value, places in found.items()}


def _values(path: Path, mark: str) -> Iterator[str]:
    for node in nodes(path, ast.Call):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) as called, args=arguments) if name == mark:
                if name_of(called.value) == "mark":
                    for argument in arguments:
                        assert isinstance(argument, ast.Constant), "an id is written out"
                        yield str(argument.value)
