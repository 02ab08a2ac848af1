"""What gh-ost 1.1.10 cannot take: seen on MySQL 9.7, MariaDB 11.8 and 10.11."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import ClauseKind
from reconciler.model.server import Flavor
from reconciler.plan.engines.copying import (
    behind_vitess_obstacles,
    binary_log_obstacles,
    check_obstacles,
    copying_obstacles,
    foreign_key_obstacles,
    key_obstacles,
    parent_obstacles,
    trigger_obstacles,
)
from reconciler.plan.engines.question import EngineQuestion

_LONGEST_AFFIX = "__gho"


def gh_ost_obstacles(question: EngineQuestion) -> Iterator[str]:
    version = question.version
    if version.flavor is Flavor.MARIADB and version.major < 11:
        yield f"it does not work with {version.series}, which lacks variables that it asks for"
    yield from behind_vitess_obstacles(question)
    yield from copying_obstacles(question, longest_affix=_LONGEST_AFFIX)
    yield from foreign_key_obstacles(question)
    yield from parent_obstacles(question)
    yield from trigger_obstacles(question)
    yield from check_obstacles(question)
    yield from key_obstacles(question)
    yield from binary_log_obstacles(question)
    if any(question.context.of_kind(ClauseKind.RENAME_COLUMN)):
        yield "it guesses from the statement's text which column a renamed one was"
    both = question.context.both
    if both is not None and any("`" in column.name for column in both[0].columns):
        yield "it does not quote a backquote in a column's name"
