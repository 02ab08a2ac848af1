"""Key ranges against each other and against the keys between them: who holds a key, what is held
by nobody or twice, where two lists of ranges have the same bounds.

Rules: a range holds its start and not its end, the last one has no end, and bounds compare as
`KeyRange` says (SP-1).
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.fleet import KeyRange, compared

WHOLE = KeyRange(b"", b"")

#: A place among the keys: (False, a bound as it compares), or (True, b"") beyond all of them.
Edge = tuple[bool, bytes]


class FaultKind(StrEnum):
    GAP = "gap"  # keys that no range holds
    OVERLAP = "overlap"  # keys that two ranges hold
    OUTSIDE = "outside"  # keys of a range beyond what is to be covered
    EMPTY = "empty"  # a range that ends where it begins, or before


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeFault:
    """`key_range`: the keys that are concerned."""

    kind: FaultKind
    key_range: KeyRange


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeIndex:
    """Ranges without an overlap, in their order, to be asked for the one that holds a key."""

    starts: tuple[bytes, ...]  # as they compare
    ranges: tuple[KeyRange, ...]

    def holder(self, key: bytes) -> KeyRange | None:
        """None for a key in a gap: nobody is ever taken to hold what is not theirs."""
        place = bisect_right(self.starts, compared(key)) - 1
        found = self.ranges[place] if place >= 0 else None
        return found if found is not None and found.holds(key) else None


def range_index(ranges: Iterable[KeyRange]) -> RangeIndex:
    ordered = in_order(ranges)
    return RangeIndex(starts=tuple(compared(one.start) for one in ordered), ranges=tuple(ordered))


def in_order(ranges: Iterable[KeyRange]) -> list[KeyRange]:
    return sorted(ranges, key=lambda one: (start_edge(one), end_edge(one), one))


def start_edge(key_range: KeyRange) -> Edge:
    return False, compared(key_range.start)


def end_edge(key_range: KeyRange) -> Edge:
    return (False, compared(key_range.end)) if key_range.end else (True, b"")


def is_same(one: KeyRange, other: KeyRange) -> bool:
    """Whether both hold the same keys, however their bounds are written."""
    return (start_edge(one), end_edge(one)) == (start_edge(other), end_edge(other))


def covering_faults(parts: Iterable[KeyRange], whole: KeyRange = WHOLE) -> tuple[RangeFault, ...]:
    """Everything that keeps `parts` from holding each key of `whole` exactly once, and no other
    key; in key order."""
    return tuple(_covering_faults(in_order(parts), whole))


def joined(parts: Sequence[KeyRange]) -> KeyRange | None:
    """The one range that neighbours make; None where they leave a gap or overlap."""
    if not parts:
        return None
    ordered = in_order(parts)
    whole = _between(start_edge(ordered[0]), max(map(end_edge, ordered)))
    return None if covering_faults(ordered, whole) else whole


def cut(key_range: KeyRange, bounds: Iterable[bytes]) -> tuple[KeyRange, ...]:
    """The parts between these bounds, each of which must lie within."""
    inner = sorted({compared(bound) for bound in bounds})
    edges = [start_edge(key_range), *((False, bound) for bound in inner), end_edge(key_range)]
    assert edges == sorted(set(edges)), "a bound within the range"
    return tuple(_between(a, b) for a, b in itertools.pairwise(edges))


def _covering_faults(ordered: Sequence[KeyRange], whole: KeyRange) -> Iterator[RangeFault]:
    begin, end = start_edge(whole), end_edge(whole)
    reached = begin
    for part in ordered:
        first, last = start_edge(part), end_edge(part)
        if first >= last:
            yield RangeFault(kind=FaultKind.EMPTY, key_range=part)
            continue
        if first < begin or last > end:
            yield RangeFault(kind=FaultKind.OUTSIDE, key_range=part)
        yield from _fault(FaultKind.GAP, reached, min(first, end))
        yield from _fault(FaultKind.OVERLAP, max(first, begin), min(last, reached))
        reached = max(reached, last)
    yield from _fault(FaultKind.GAP, reached, end)


def _fault(kind: FaultKind, first: Edge, last: Edge) -> Iterator[RangeFault]:
    """Where there is a key between the two."""
    if first < last:
        yield RangeFault(kind=kind, key_range=_between(first, last))


def _between(first: Edge, last: Edge) -> KeyRange:
    return KeyRange(first[1], last[1])
