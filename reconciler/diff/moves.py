"""Which columns must move, and no more of them than needed: a move rebuilds the table."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence


def moved_names(
    old: Sequence[str], new: Sequence[str], fixed: Collection[str] = ()
) -> frozenset[str]:
    """The fewest names to move so that the names common to both stand in the order of `new`.
    `fixed` ones, whose order is the same in both, stay: the others move around them."""
    place = {name: index for index, name in enumerate(old)}
    common = [name for name in new if name in place]
    may_stay = _in_order_with(fixed, common, place) if fixed else common
    staying = longest_increasing_run([place[name] for name in may_stay])
    return frozenset(common) - {may_stay[index] for index in staying}


def _in_order_with(
    fixed: Collection[str], common: Sequence[str], place: Mapping[str, int]
) -> list[str]:
    """Those that stand on the same side of every fixed name before and after. Of these, no longest
    run leaves a fixed one out: it could be longer by that one."""
    goal = {name: index for index, name in enumerate(common)}
    anchors = [name for name in common if name in fixed]
    return [
        name
        for name in common
        if all((place[name] < place[a]) == (goal[name] < goal[a]) for a in anchors)
    ]


def longest_increasing_run(values: Sequence[int]) -> tuple[int, ...]:
    """Indices of a longest strictly increasing subsequence (patience sorting)."""
    tails: list[int] = []  # tails[n]: the smallest value that ends a run of n + 1 values
    tail_indices: list[int] = []
    previous: list[int | None] = []
    for index, value in enumerate(values):
        length = bisect_left(tails, value)
        previous.append(tail_indices[length - 1] if length else None)
        tails[length : length + 1] = [value]
        tail_indices[length : length + 1] = [index]
    run: list[int] = []
    step = tail_indices[-1] if tail_indices else None
    while step is not None:
        run.append(step)
        step = previous[step]
    return tuple(reversed(run))
