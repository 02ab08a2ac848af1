"""What on a shard has a name that an engine takes for what it makes beside a table (EN-81).

Engines refuse it before they begin, or would drop it. Whose it is, is not asked here: what is no
table is never an engine's, and of a table the ledger knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.guard.model import Refusal
from reconciler.model.engine import TRAITS, EngineName
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import ObservedShard
from reconciler.plan.engines.names import names_taken
from reconciler.plan.model import PlannedStatement

# They share one space of names with tables.
_LIKE_TABLES = frozenset({ObjectKind.VIEW, ObjectKind.SEQUENCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class InTheWay:
    """`name` is as the shard has it; `of` is what `engine` is to change."""

    shard: str
    kind: ObjectKind
    name: str
    engine: EngineName
    of: ObjectId

    @property
    def may_be_ours(self) -> bool:
        return self.kind not in _LIKE_TABLES


def in_the_way(
    seen: ObservedShard, triggers: Mapping[str, str], statements: Iterable[PlannedStatement]
) -> Iterator[InTheWay]:
    """Of these statements, which are to run on the shard. `triggers` are those that engines have
    put on its tables, which `seen` is told without."""
    database = seen.access.database if seen.access is not None else ""
    fold = seen.settings.fold
    there = [*_there(seen), *((ObjectKind.TRIGGER, name) for name in sorted(triggers))]
    copied = {(s.engine, s.object_id): None for s in statements if TRAITS[s.engine].copies}
    for engine, of in copied:
        taken = names_taken(engine, of.name, database)
        tables = {fold(name) for name in taken.tables}
        own = {name.lower() for name in taken.triggers}
        for kind, name in there:
            # No program copies a table that has triggers, whoever put them there.
            is_trigger = triggers.get(name) == of.name or name.lower() in own
            if is_trigger if kind is ObjectKind.TRIGGER else fold(name) in tables:
                yield InTheWay(shard=seen.shard, kind=kind, name=name, engine=engine, of=of)


def refusal_of(found: InTheWay, whose: str, recovery: str) -> Refusal:
    """`whose` goes on ": "."""
    return Refusal(
        code="engine-name-taken",
        shard=found.shard,
        object_id=found.of,
        message=f"shard {found.shard}, {found.of}: {found.kind} {found.name} is in the way of"
        f" {found.engine}, which takes that name beside the table: {whose}",
        recovery=recovery,
    )


def _there(seen: ObservedShard) -> Iterator[tuple[ObjectKind, str]]:
    for name, _ in (*seen.definitions, *seen.broken):
        yield ObjectKind.TABLE, name
    for other in seen.others:
        if other.kind in _LIKE_TABLES or other.kind is ObjectKind.TRIGGER:
            yield other.kind, other.name
