"""Which clauses of an ALTER may run apart, and whether it pays.

A server runs one ALTER in the class of its most expensive clause, and a mix of cheap clauses can
cost more than each of them: ADD COLUMN with DROP INDEX rebuilds the table, though the one is
INSTANT and the other touches metadata alone. What each group costs by itself is measured on a
server; what follows from it is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.diff.model import Clause
from reconciler.plan.model import Algorithm, ExecutionClass, Lock

Group = tuple[Clause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredGroup:
    """Clauses that must share a statement, and how a server ran them by themselves."""

    clauses: Group
    execution: ExecutionClass


def clause_groups(clauses: Sequence[Clause]) -> tuple[Group, ...]:
    """Clauses with a common `bound_to` together, all others alone, in order of first clause."""
    groups: dict[object, list[Clause]] = {}
    for position, clause in enumerate(clauses):
        groups.setdefault(clause.bound_to or position, []).append(clause)
    return tuple(tuple(group) for group in groups.values())


def is_cheap(execution: ExecutionClass) -> bool:
    """Whether running it in one with others can only be as good: no rebuild, nobody waits."""
    return not execution.rebuilds and execution.lock in (None, Lock.NONE)


def split_of(
    clauses: Sequence[Clause], measured: Sequence[MeasuredGroup], whole: ExecutionClass
) -> tuple[Group, ...]:
    """The statements to run instead of one, cheapest first; a single one if splitting does not pay.

    It pays where each group by itself is easier on the table's users than all of them together.
    Those that rebuild the table stay together: one rebuild does for all. Within a statement the
    clauses keep their order, on which their meaning may hang (AFTER).
    """
    if max(_burden(group.execution) for group in measured) >= _burden(whole):
        return (tuple(clauses),)
    cost = {clause: _cost(group.execution) for group in measured for clause in group.clauses}
    return tuple(
        tuple(clause for clause in clauses if cost[clause] == each)
        for each in sorted(set(cost.values()))
    )


def is_easier(execution: ExecutionClass, than: ExecutionClass) -> bool:
    return _burden(execution) < _burden(than)


_LOCKS = (None, Lock.NONE, Lock.SHARED, Lock.EXCLUSIVE)
_ALGORITHMS = (None, Algorithm.INSTANT, Algorithm.NOCOPY, Algorithm.INPLACE, Algorithm.COPY)


def _burden(execution: ExecutionClass) -> tuple[bool, int]:
    """What the table's users feel: the time of a rebuild first, then who has to wait."""
    return execution.rebuilds, _LOCKS.index(execution.lock)


def _cost(execution: ExecutionClass) -> tuple[int, int]:
    """Groups of equal cost share a statement."""
    if execution.rebuilds:
        return len(_ALGORITHMS), 0
    return _ALGORITHMS.index(execution.algorithm), _LOCKS.index(execution.lock)
