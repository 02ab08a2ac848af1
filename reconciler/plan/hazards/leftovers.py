"""What engines left goes with its rows: said of each table, with whose it was.

Rule: the entry of `cleans` is what reviewers permit it by, so that nothing else has to (EN-33).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.diff.model import Operation
from reconciler.model.policy import Hazard, HazardKind
from reconciler.plan.model import Leftover, PlannedStatement
from reconciler.plan.words import leftover_words


def with_leftovers_named(
    statements: tuple[PlannedStatement, ...], cleans: Iterable[Leftover]
) -> tuple[PlannedStatement, ...]:
    """The same, where a table of `cleans` is dropped."""
    whose: dict[str, list[str]] = {}
    for one in cleans:
        whose.setdefault(one.name, []).append(leftover_words(one))
    return tuple(
        _named(statement, " or ".join(whose[statement.object_id.name]))
        if statement.operation is Operation.DROP_TABLE and statement.object_id.name in whose
        else statement
        for statement in statements
    )


def _named(statement: PlannedStatement, whose: str) -> PlannedStatement:
    def of(hazard: Hazard) -> Hazard:
        if hazard.kind is not HazardKind.DROP_TABLE:
            return hazard
        said = f"what {whose}, with all its rows"
        return replace(hazard, needs_permission=False, reason=said)

    return replace(statement, hazards=tuple(map(of, statement.hazards)))
