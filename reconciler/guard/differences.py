"""Where two plans that run the same statements still differ: which shards, which object, what was
reviewed and what was found (GD-7).

Only for words: that the plans differ is known before, and refuses whatever is found here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import Any

from reconciler.ddl.statement.check import canonical_statement
from reconciler.diff.session import StatementSession
from reconciler.guard.model import Refusal
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.model.object_id import ObjectId
from reconciler.model.policy import Hazard
from reconciler.plan.model import ChangeSet, Effect, ExecutionClass, PlanCore, PlannedStatement
from reconciler.plan.words import named_shards

NOTHING = "none"
_Difference = tuple[ObjectId, str, str, str]
"""Of which object, what of it, as it was reviewed, as it was found."""


def change_set_refusals(
    reviewed: PlanCore, derived: PlanCore, *, recovery: str
) -> Iterator[Refusal]:
    """One for each difference, with all shards that have it; none where only the grouping of shards
    differs."""
    shards: defaultdict[_Difference, list[str]] = defaultdict(list)
    for shard in reviewed.shards:
        theirs, ours = reviewed.change_set_of(shard), derived.change_set_of(shard)
        if theirs and ours and theirs != ours:
            for difference in dict.fromkeys(_differences(theirs, ours)):
                shards[difference].append(shard)
    for (object_id, what, expected, observed), names in shards.items():
        yield Refusal(
            code="plan-differs",
            shard=names[0],
            object_id=object_id,
            message=f"{shards_in_words(names, len(reviewed.shards))}, {object_id.titled}: {what}"
            " not what was reviewed",
            recovery=recovery,
            expected=expected,
            observed=observed,
        )


def shards_in_words(names: list[str], total: int) -> str:
    if len(names) > SHARDS_NAMED_MAX:
        return f"{len(names)} of {total} shards ({', '.join(names[:3])}, ...)"
    return named_shards(names)


def _differences(reviewed: ChangeSet, derived: ChangeSet) -> Iterator[_Difference]:
    left = _by_meaning(derived.statements)
    for statement in reviewed.statements:
        found = left[_meaning(statement)].pop(0) if left[_meaning(statement)] else None
        if found is not None:
            yield from _of_statement(statement, found)
    yield from _of_order(reviewed.statements, derived.statements)
    definitions = {one.object_id: one.definition for one in derived.touched}
    for touched in reviewed.touched:
        now = definitions.get(touched.object_id)
        if touched.definition != now:
            was = touched.definition
            yield touched.object_id, "its definition before is", was or NOTHING, now or NOTHING
    for what, was, now in (
        ("the whole schema before is", reviewed.before, derived.before),
        ("the whole schema after is", reviewed.after, derived.after),
    ):
        if was != now:
            yield reviewed.statements[0].object_id, what, was, now


def _meaning(statement: PlannedStatement) -> tuple[ObjectId, str, str]:
    return statement.object_id, statement.operation.value, canonical_statement(statement.sql)


def _by_meaning(
    statements: Iterable[PlannedStatement],
) -> defaultdict[tuple[ObjectId, str, str], list[PlannedStatement]]:
    found: defaultdict[tuple[ObjectId, str, str], list[PlannedStatement]] = defaultdict(list)
    for statement in statements:
        found[_meaning(statement)].append(statement)
    return found


def _of_statement(reviewed: PlannedStatement, derived: PlannedStatement) -> Iterator[_Difference]:
    for field in fields(PlannedStatement):
        was, now = getattr(reviewed, field.name), getattr(derived, field.name)
        if was != now:
            what, in_words = ASPECTS[field.name]
            yield reviewed.object_id, what, in_words(was), in_words(now)


def _of_order(
    reviewed: tuple[PlannedStatement, ...], derived: tuple[PlannedStatement, ...]
) -> Iterator[_Difference]:
    """At the first statement that is another one."""
    for was, now in zip(reviewed, derived, strict=False):
        if _meaning(was) != _meaning(now):
            yield was.object_id, "the order of its statements is", was.sql, now.sql
            return


def _hazards_in_words(hazards: tuple[Hazard, ...]) -> str:
    said = [
        f"{hazard.kind} {hazard.object}" + (" (needs permission)" * hazard.needs_permission)
        for hazard in hazards
    ]
    return ", ".join(said) or NOTHING


def _execution_in_words(execution: ExecutionClass) -> str:
    algorithm, lock = execution.algorithm or "by itself", execution.lock or "as it needs"
    return f"algorithm {algorithm}, lock {lock}" + (", rebuilds the table" * execution.rebuilds)


def _effects_in_words(effects: tuple[Effect, ...]) -> str:
    return ", ".join(
        f"{effect.object_id} from {effect.before or NOTHING} to {effect.after or NOTHING}"
        for effect in effects
    )


def _session_in_words(session: StatementSession) -> str:
    return ", ".join(f"{field.name} {getattr(session, field.name)}" for field in fields(session))


ASPECTS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "object_id": ("the object of a statement is", str),
    "operation": ("the kind of a statement is", str),
    "sql": ("how a statement is written is", str),
    "execution": ("how a statement is executed is", _execution_in_words),
    "effects": ("what a statement leads to is", _effects_in_words),
    "hazards": ("the hazards of a statement are", _hazards_in_words),
    "row_ceiling": ("the row ceiling of a statement is", lambda rows: str(rows or NOTHING)),
    "session": ("the session of a statement is", _session_in_words),
    "engine": ("the engine of a statement is", str),
    "passes": ("what a statement passes by is", _effects_in_words),
}
"""For each field of a planned statement: what it is called, and how its values are shown."""
