"""Values of ours as JSON: what every report for programs is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from reconciler.errors import Problem
from reconciler.guard.grouping import unreachable_of
from reconciler.guard.model import Obstacle
from reconciler.model.object_id import ObjectId
from reconciler.model.shadow_tables import ShadowGroup
from reconciler.report.order import sorted_shards
from reconciler.report.refusals import every_reason

Json = dict[str, Any]


def head(outcome: Any, how: str) -> Json:
    """`region` is there where the outcome is of one."""
    region = getattr(outcome, "region", None)
    of_region = {"region": region} if region else {}
    environment, keyspace = outcome.environment, outcome.keyspace
    return {"environment": environment, **of_region, "keyspace": keyspace, "outcome": how}


def shadow(found: ShadowGroup) -> Json:
    return {
        "mark": found.mark.value,
        "table": found.name,
        "shards": list(sorted_shards(found.shards)),
        "engine": found.engine.value if found.engine else None,
        "of_table": found.table or None,
        "apply_id": found.apply_id,
        "kept_until_s": found.kept_until_s,
        "not_as_recorded": found.doubt.value if found.doubt else None,
    }


def reasons(obstacles: Sequence[Obstacle]) -> Json:
    return {
        "refusals": [plain(refusal) for refusal in every_reason(obstacles)],
        "unreachable": [plain(shard) for shard in unreachable_of(obstacles)],
    }


def problems_json(problems: Iterable[Problem]) -> list[Json | None]:
    return [problem_json(problem) for problem in problems]


def problem_json(problem: Problem | None) -> Json | None:
    return plain(problem) if problem else None


def plain(value: Any) -> Any:
    """A value of ours, field by field; the names of its fields are the keys."""
    if dataclasses.is_dataclass(value):
        named = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return dict(
            about(item) if name == "object_id" else (name, plain(item)) for name, item in named
        )
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def about(object_id: ObjectId | None) -> tuple[str, str | None]:
    """`"table": "users"`, `"view": "users_of_today"`; `"table": null` where it is about none."""
    return ("table", None) if object_id is None else (object_id.kind.value, object_id.name)
