"""What the spec says of copies, of statements that make none (EN-89).

A rebuild that an engine cannot take, or that the spec leaves to the server, takes effect when it is
run; whoever reviews it may have `cutover` or `keep_old` in mind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.diff.model import Operation
from reconciler.plan.model import PlannedStatement
from reconciler.plan.words import is_by_copy, is_destructive
from reconciler.spec.model import Environment

_SERVER = "the server's own DDL"


def notes_without_copy(
    statements: Iterable[PlannedStatement], environment: Environment
) -> Iterator[str]:
    """For people, once for each table. PlanetScale's `cutover` is of a deployment, and holds for
    all that it changes."""
    if environment.planetscale is not None:
        return
    by_itself = [
        statement
        for statement in statements
        if statement.operation is Operation.ALTER_TABLE and not is_by_copy(statement)
    ]
    if environment.rollout.cutover.is_on_purpose:
        for name in _tables(one for one in by_itself if one.execution.rebuilds):
            yield (
                f"table {name} is rebuilt by {_SERVER}, which makes no copy that could wait for"
                " `cutover`: it takes effect when its statement is run"
            )
    if environment.engine.keep_old_s > 0:
        for name in _tables(one for one in by_itself if any(map(is_destructive, one.hazards))):
            yield (
                f"table {name} is changed by {_SERVER}, which makes no copy: `keep_old` keeps"
                " nothing of what this takes from its rows"
            )


def _tables(statements: Iterable[PlannedStatement]) -> Iterator[str]:
    yield from dict.fromkeys(one.object_id.name for one in statements)
