"""What Spirit 0.15.1 cannot take: seen on MySQL 9.7."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.server import Flavor
from reconciler.plan.engines.copying import (
    check_obstacles,
    copying_obstacles,
    foreign_key_obstacles,
    parent_obstacles,
    primary_key_obstacles,
    trigger_obstacles,
)
from reconciler.plan.engines.question import EngineQuestion

_LONGEST_AFFIX = "__chkpnt"


def spirit_obstacles(question: EngineQuestion) -> Iterator[str]:
    if question.version.flavor is not Flavor.MYSQL:
        yield "it works with MySQL only"
    yield from copying_obstacles(question, longest_affix=_LONGEST_AFFIX)
    yield from foreign_key_obstacles(question)
    yield from parent_obstacles(question)
    yield from trigger_obstacles(question)
    yield from check_obstacles(question)
    yield from primary_key_obstacles(question)
