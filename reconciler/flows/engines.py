"""What one pass knows of engines: what the choice of them goes by, and where the chosen ones cannot
work. One statement has one engine on all shards, whatever each of them holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from reconciler.ddl.scan import references_within
from reconciler.guard.access import grouped
from reconciler.guard.engines import engine_ground_refusals
from reconciler.guard.model import Refusal
from reconciler.model.dependents import Reference
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import Trigger
from reconciler.observe.desired import Desired
from reconciler.observe.shards import SeenShard
from reconciler.plan.model import PlanCore
from reconciler.ports.engine import EnginePrograms
from reconciler.prove.request import EngineChoices
from reconciler.spec.model import Environment, KeyspaceKind


def engine_choices(
    shards: Sequence[SeenShard],
    environment: Environment,
    reviewed: PlanCore | None,
    desired: Iterable[Desired] = (),
) -> EngineChoices:
    """`reviewed` is the plan that is about to be applied. A trigger that git wants is in the way of
    an engine as one that is there."""
    sizes: dict[str, int] = {}
    triggers: defaultdict[str, dict[str, None]] = defaultdict(dict)
    children: defaultdict[str, dict[Reference, None]] = defaultdict(dict)
    for seen in shards:
        for table, facts in seen.observation.facts:
            if facts.size_bytes is not None:
                sizes[table] = max(sizes.get(table, 0), facts.size_bytes)
        for program in seen.observation.dependents.programs:
            if program.kind is ObjectKind.TRIGGER and program.table is not None:
                triggers[program.table][program.name] = None
        for reference in (*seen.observation.dependents.references, *_references_within(seen)):
            children[reference.parent][reference] = None
    for wanted in desired:
        for read in wanted.programs.values():
            if isinstance(read.value, Trigger):
                triggers[read.value.table][read.value.name] = None
    sets = reviewed.change_sets if reviewed is not None else ()
    return EngineChoices(
        rules=environment.engine,
        size_bytes=sizes,
        is_behind_vitess=environment.kind is not KeyspaceKind.MYSQL,
        triggers={table: tuple(names) for table, names in triggers.items()},
        children={table: tuple(found) for table, found in children.items()},
        tables=frozenset(t for seen in shards for t, _ in seen.observation.definitions),
        reviewed={s.effects[0]: s.engine for found in sets for s in found.statements},
    )


def engine_refusals(
    programs: EnginePrograms, shards: Sequence[SeenShard], core: PlanCore
) -> tuple[Refusal, ...]:
    """Engines of the plan that cannot be started here, or cannot work on the shards."""
    engines = {s.engine for found in core.change_sets for s in found.statements}
    unusable = tuple(
        Refusal(code=problem.code, message=problem.message, recovery=problem.recovery)
        for name in sorted(engines)
        if (problem := programs.unusable(name)) is not None
    )
    unfit: list[Refusal] = []
    for seen in shards:
        change_set = core.change_set_of(seen.shard)
        if change_set is not None:
            access = seen.observation.access
            unfit += engine_ground_refusals(seen.shard, access, change_set.statements)
    return (*unusable, *grouped(unfit))


def _references_within(seen: SeenShard) -> Iterator[Reference]:
    """The foreign keys that stay in the shard's database, of tables that policy ignores, too."""
    for table, text in seen.observation.definitions:
        for name, parent in references_within(text):
            if parent != table:
                yield Reference(table=table, name=name, parent=parent)
