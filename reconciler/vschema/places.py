"""Where in a JSON text a path leads: the line and the column of its key, or of its place in a list.

The text is known to be JSON; what reads its values keeps no places.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping

from reconciler.vschema.read import Path, snake_case

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


def places_of(text: str, paths: Collection[Path]) -> Mapping[Path, tuple[int, int]]:
    """Line and column, from 1, for each path: of what it leads to, or else of the nearest thing
    around that is in the text. Keys may be spelled in either of protobuf's ways."""
    wanted = {_folded(path)[:length] for path in paths for length in range(1, len(path) + 1)}
    offsets: dict[Path, int] = {(): 0}
    for path, offset in _paths(text):
        folded = _folded(path)
        if folded in wanted:
            offsets.setdefault(folded, offset)
    return {path: _line_and_column(text, _nearest(offsets, _folded(path))) for path in paths}


def _paths(text: str) -> Iterator[tuple[Path, int]]:
    """Each key, and each item of a list, with where it begins."""
    steps: list[str | int] = []  # an object's key or a list's index, outermost first
    is_key = False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if is_key and token != "}":
            steps[-1] = json.loads(token)
            is_key = False
            yield tuple(steps), match.start()
        elif token in ("}", "]"):
            steps.pop()
            is_key = False
        elif token == ",":
            is_key = isinstance(steps[-1], str)
        elif token != ":":
            last = steps[-1] if steps else None
            if isinstance(last, int):
                steps[-1] = last + 1
                yield tuple(steps), match.start()
            if token in ("{", "["):
                steps.append("" if token == "{" else -1)
                is_key = token == "{"


def _folded(path: Path) -> Path:
    return tuple(snake_case(step) if isinstance(step, str) else step for step in path)


def _nearest(offsets: Mapping[Path, int], path: Path) -> int:
    return next(offsets[path[:n]] for n in range(len(path), -1, -1) if path[:n] in offsets)


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
