"""Which of the renames that files ask for are still to be done.

An annotation stays in its file after the rename is done, so it must be inert from then on: it
counts only where the old name is there and the new one is free, or is freed by another rename. A
cycle (a to b, b to a) never frees a name; there the definitions decide whether it was done, and
where they do not tell, nobody can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
Pair = tuple[str, str]  # (old key, new key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameChoice:
    """`to_do` is in an order in which each new name is free (a cycle stands in a row)."""

    to_do: tuple[Pair, ...] = ()
    undecided: tuple[Pair, ...] = ()
    blocked: tuple[Pair, ...] = ()  # both names exist and are not part of a chain


def choose_renames(
    asked: tuple[Pair, ...],
    old: Mapping[str, T],
    new: Mapping[str, T],
    under_name_of: Callable[[T, T], T],
) -> RenameChoice:
    """`under_name_of(a, b)` is `a` as it would read after being renamed to b's name."""
    open_pairs = [(a, b) for a, b in asked if a in old and b in new and a != b]
    to_do: list[Pair] = []
    free = {b for _, b in open_pairs} - old.keys()
    while ready := [pair for pair in open_pairs if pair[1] in free]:
        to_do += ready
        free = {a for a, _ in ready}
        open_pairs = [pair for pair in open_pairs if pair not in ready]
    undecided: list[Pair] = []
    blocked: list[Pair] = []
    for cycle in _cycles(open_pairs):
        done = all(old[b] == new[b] for _, b in cycle)
        due = all(under_name_of(old[a], new[b]) == new[b] for a, b in cycle)
        if due and not done:
            to_do += cycle
        elif done == due:
            undecided += cycle
    in_cycles = {pair for cycle in _cycles(open_pairs) for pair in cycle}
    blocked += [pair for pair in open_pairs if pair not in in_cycles]
    return RenameChoice(to_do=tuple(to_do), undecided=tuple(undecided), blocked=tuple(blocked))


def _cycles(pairs: list[Pair]) -> list[list[Pair]]:
    target = dict(pairs)
    cycles: list[list[Pair]] = []
    seen: set[str] = set()
    for start in target:
        path: list[str] = []
        name = start
        while name in target and name not in seen:
            seen.add(name)
            path.append(name)
            name = target[name]
        if name in path:
            ring = path[path.index(name) :]
            cycles.append([(a, target[a]) for a in ring])
    return cycles
