"""The order in which reports name things: the same whatever order they arrive in (RP-5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.errors import Problem
from reconciler.model.fleet import in_key_order


def sorted_shards(shards: Iterable[str]) -> tuple[str, ...]:
    return in_key_order(tuple(shards))


def sorted_problems(problems: Iterable[Problem]) -> Sequence[Problem]:
    """File by file, from top to bottom; what has no place comes first."""

    def key(problem: Problem) -> tuple[object, ...]:
        where = problem.where
        place = (where.path, where.line or 0, where.column or 0) if where else ("", 0, 0)
        return (*place, problem.code, problem.message)

    return sorted(problems, key=key)
