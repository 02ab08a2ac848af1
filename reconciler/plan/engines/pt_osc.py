"""What pt-online-schema-change cannot take: seen on MySQL 9.7, MariaDB 11.8 and 10.11."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.diff.model import ClauseKind
from reconciler.plan.engines.copying import (
    behind_vitess_obstacles,
    copying_obstacles,
    foreign_key_obstacles,
    key_obstacles,
    length_obstacles,
    meeting_obstacles,
    renamed_constraint,
    trigger_obstacles,
)
from reconciler.plan.engines.question import EngineQuestion

_LONGEST_AFFIX = "__new"
# What the program's own notation of servers and tables, and its patterns, leave as it is.
_NAMEABLE = re.compile(r"[A-Za-z0-9_$-]+")


OLD_IS_REFERRED_TO = (
    "foreign keys refer to the table, so that the old one cannot be kept (`keep_old`)"
)


def pt_osc_obstacles(question: EngineQuestion) -> Iterator[str]:
    yield from behind_vitess_obstacles(question)
    yield from copying_obstacles(question)
    yield from name_obstacles(question.context.step.table)
    if question.keeps_old and question.children:
        yield OLD_IS_REFERRED_TO
    yield from foreign_key_obstacles(question)
    yield from trigger_obstacles(question)
    yield from _check_obstacles(question)
    yield from meeting_obstacles(question)
    yield from key_obstacles(question)
    for old, new in question.context.remade_columns():
        if old.generated is None and new.generated is None:
            yield f"it would keep values of column {new.name}, which is dropped and added again"
    if any(question.context.of_kind(ClauseKind.RENAME_COLUMN)):
        yield "it guesses from the statement's text which column a renamed one was"


def is_nameable(name: str) -> bool:
    return _NAMEABLE.fullmatch(name) is not None


def name_obstacles(table: str) -> Iterator[str]:
    yield from length_obstacles(table, longest_affix=_LONGEST_AFFIX)
    if not is_nameable(table):
        yield "it takes names of letters, digits, _, $ and - alone"


def _check_obstacles(question: EngineQuestion) -> Iterator[str]:
    """It puts a `_` before the name of every constraint, whatever the server."""
    checks = (check for side in question.context.both or () for check in side.checks)
    if check := next(checks, None):
        yield renamed_constraint(check.name)
