"""The order in which reports name things: the same whatever order they arrive in (RP-5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reconciler.errors import Problem
from reconciler.model.fleet import parse_key_range

_DIGITS = re.compile(r"(\d+)")


def shard_key(name: str) -> tuple[object, ...]:
    """Key ranges by where they start, numbered shards by number; anything else after them."""
    key_range = parse_key_range(name)
    if key_range is not None:
        return (0, key_range.start, key_range.end, name)
    parts = _DIGITS.split(name)
    return (1, *(int(p) if i % 2 else p for i, p in enumerate(parts)), name)


def sorted_shards(shards: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(shards, key=shard_key))


def sorted_problems(problems: Iterable[Problem]) -> Sequence[Problem]:
    """File by file, from top to bottom; what has no place comes first."""

    def key(problem: Problem) -> tuple[object, ...]:
        where = problem.where
        place = (where.path, where.line or 0, where.column or 0) if where else ("", 0, 0)
        return (*place, problem.code, problem.message)

    return sorted(problems, key=key)
