"""How many rows a table may hold where a statement's time grows with them.

A ceiling is a power of ten with room for twice what the largest shard was estimated to hold, so
that estimates may move without moving the plan: InnoDB's own come and go by half.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from reconciler.diff.model import Operation
from reconciler.plan.limits import ROW_CEILING_MIN, ROW_CEILING_STEP
from reconciler.plan.model import Algorithm, PlannedStatement


def has_row_ceiling(statement: PlannedStatement) -> bool:
    return (
        statement.operation is Operation.ALTER_TABLE
        and statement.execution.algorithm is not Algorithm.INSTANT
    )


def row_ceiling(rows: int) -> int:
    return next(ceiling for ceiling in _ceilings() if ceiling >= 2 * rows)


def is_row_ceiling_of(ceiling: int, rows: int) -> bool:
    """Whether a look that found anything up to twice these rows came to this ceiling."""
    return ceiling in takewhile(row_ceiling(2 * rows).__ge__, _ceilings())


def _ceilings() -> Iterator[int]:
    ceiling = ROW_CEILING_MIN
    while True:
        yield ceiling
        ceiling *= ROW_CEILING_STEP


def with_names(
    statements: Sequence[PlannedStatement],
) -> tuple[tuple[PlannedStatement, frozenset[str]], ...]:
    """Each statement with every name that its table bears before, between and after all of them:
    the rows of a table that is renamed on the way are counted under the name it has at the time."""
    tables: dict[str, set[str]] = {}
    found = []
    for statement in statements:
        table = statement.object_id.name
        names = tables.setdefault(table, {table})
        found.append((statement, names))
        if statement.operation is Operation.RENAME_TABLE:
            del tables[table]
            for effect in statement.effects[1:]:
                if effect.before is None:
                    names.add(effect.object_id.name)
                    tables[effect.object_id.name] = names
    return tuple((statement, frozenset(names)) for statement, names in found)
