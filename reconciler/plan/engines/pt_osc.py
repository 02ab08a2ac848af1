"""What pt-online-schema-change cannot take: seen on MySQL 9.7, MariaDB 11.8 and 10.11."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import ClauseKind
from reconciler.plan.engines.copying import (
    behind_vitess_obstacles,
    copying_obstacles,
    foreign_key_obstacles,
    key_obstacles,
    trigger_obstacles,
)
from reconciler.plan.engines.question import EngineQuestion
from reconciler.plan.hazards.statement_context import unique_columns

_LONGEST_AFFIX = "__new"


def pt_osc_obstacles(question: EngineQuestion) -> Iterator[str]:
    yield from behind_vitess_obstacles(question)
    yield from copying_obstacles(question, longest_affix=_LONGEST_AFFIX)
    yield from foreign_key_obstacles(question)
    yield from trigger_obstacles(question)
    yield from _check_obstacles(question)
    yield from _unique_obstacles(question)
    yield from key_obstacles(question)
    if any(question.context.of_kind(ClauseKind.RENAME_COLUMN)):
        yield "it guesses from the statement's text which column a renamed one was"


def _check_obstacles(question: EngineQuestion) -> Iterator[str]:
    """It puts a `_` before the name of every constraint, whatever the server."""
    checks = (check for side in question.context.both or () for check in side.checks)
    if check := next(checks, None):
        yield f"the table has constraint {check.name}, and its copy would have it by another name"


def _unique_obstacles(question: EngineQuestion) -> Iterator[str]:
    """Its triggers replace a row of the copy by one that has the same key."""
    both = question.context.both
    if both is None:
        return
    before = {unique_columns(index) for index in both[0].indexes}
    for index in both[1].indexes:
        if unique_columns(index) not in (None, *before):
            yield f"rows that meet in the new unique key {index.name} would be lost"
