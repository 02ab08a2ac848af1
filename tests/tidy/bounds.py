"""Every bound of the product with its reason: `python -m tests.tidy.bounds` prints the list."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

from tests.tidy.source import PACKAGE, nodes, python_files, relative


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """`path` is the file of bounds it stands in; `reason` the comment above it, '' for none."""

    path: str
    name: str
    value: str
    reason: str


def bounds() -> Iterator[Bound]:
    for path in python_files(PACKAGE):
        if path.name == "limits.py":
            yield from bounds_in(path.read_text(encoding="utf-8"), relative(path))


def bounds_in(text: str, path: str) -> Iterator[Bound]:
    """Bounds that follow each other without a blank line share the comment above them."""
    reason: list[str] = []
    is_told = False
    for line in text.splitlines():
        if line.startswith("#"):
            reason = [*([] if is_told else reason), line.removeprefix("#").strip()]
            is_told = False
        elif " = " in line:
            name, _, value = line.partition(" = ")
            is_told = True
            yield Bound(path=path, name=name, value=value, reason=" ".join(reason))
        else:
            reason = []


@cache
def readers() -> Mapping[tuple[str, str], frozenset[str]]:
    """(file of bounds, name) to the files that import it."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path in python_files(PACKAGE):
        for node in nodes(path, ast.ImportFrom):
            if (node.module or "").endswith("limits"):
                place = f"{(node.module or '').replace('.', '/')}.py"
                for name in node.names:
                    found[place, name.name].add(relative(path))
    return {key: frozenset(files) for key, files in found.items()}


def room_of(path: str) -> str:
    """'reconciler/edges/mysql/live.py' is of the room 'reconciler/edges'."""
    return "/".join(Path(path).parts[:2])


if __name__ == "__main__":
    for bound in bounds():
        click.echo(f"{bound.path}: {bound.name} = {bound.value}\n    {bound.reason}")
