"""What pt-online-schema-change cannot take: seen on MySQL 9.7, MariaDB 11.8 and 10.11."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import ClauseKind
from reconciler.plan.engines.copying import (
    check_obstacles,
    copying_obstacles,
    foreign_key_obstacles,
    key_obstacles,
    trigger_obstacles,
)
from reconciler.plan.engines.question import EngineQuestion

_LONGEST_AFFIX = "__new"


def pt_osc_obstacles(question: EngineQuestion) -> Iterator[str]:
    yield from copying_obstacles(question, longest_affix=_LONGEST_AFFIX)
    yield from foreign_key_obstacles(question)
    yield from trigger_obstacles(question)
    yield from check_obstacles(question)
    yield from key_obstacles(question)
    if any(question.context.of_kind(ClauseKind.RENAME_COLUMN)):
        yield "it guesses from the statement's text which column a renamed one was"
