"""In which order tests are handed out: the longest first, and to every process of its own.

pytest-xdist gives each process an equal part in a row, and lets who is done take from the end of
what another has left. Long ones that stand at the beginning of all would be one process's, one
after the other; at the end, they would keep it busy while the others have nothing left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Test = TypeVar("Test")


def longest_first(
    tests: Sequence[Test], is_long: Callable[[Test], bool], *, processes: int
) -> list[Test]:
    """Each process's part begins with its share of the long ones."""
    long = [test for test in tests if is_long(test)]
    others = [test for test in tests if not is_long(test)]
    ordered: list[Test] = []
    for number in range(processes):
        size = (len(tests) - len(ordered)) // (processes - number)
        first = long[number::processes]
        room = max(0, size - len(first))
        ordered += first + others[:room]
        others = others[room:]
    return ordered + others
