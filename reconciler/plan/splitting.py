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


def may_pay(whole: ExecutionClass, clauses: Sequence[Clause]) -> bool:
    """Whether measuring the groups of a statement of this class is worth the time."""
    return not is_cheap(whole) and len(clause_groups(clauses)) > 1


def split_of(measured: Sequence[MeasuredGroup]) -> tuple[Group, ...]:
    """The statements to run instead of one, cheapest first; a single one if splitting does not pay.

    When any group rebuilds the table, one rebuild does all the rest on the way.
    """
    whole = tuple(clause for group in measured for clause in group.clauses)
    if any(group.execution.rebuilds for group in measured):
        return (whole,)
    statements: dict[tuple[int, int], list[Clause]] = {}
    for group in measured:
        statements.setdefault(_cost(group.execution), []).extend(group.clauses)
    return tuple(tuple(clauses) for _, clauses in sorted(statements.items()))


def _cost(execution: ExecutionClass) -> tuple[int, int]:
    algorithms = (None, Algorithm.INSTANT, Algorithm.NOCOPY, Algorithm.INPLACE, Algorithm.COPY)
    locks = (None, Lock.NONE, Lock.SHARED, Lock.EXCLUSIVE)
    return algorithms.index(execution.algorithm), locks.index(execution.lock)
