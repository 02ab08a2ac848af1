"""A look taken back to where a plan began, so that the plan can be derived from it again.

A shard that a run has brought part of the way no longer shows what its plan was made from. The
plan's before-definitions are only believed if they have the chain's fingerprints; what is then
derived from them must be the reviewed plan to the letter, and the shard was found at a state that
this very chain leads through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.ddl.programs.kinds import as_shown
from reconciler.ddl.triggers import trigger_on
from reconciler.flows.reconcile_pass import Pass
from reconciler.guard.classify import states_along
from reconciler.guard.model import Done, ToDo
from reconciler.model.object_id import ObjectId
from reconciler.model.observation import CrossDatabaseChild
from reconciler.model.programs import MANAGED_AS, Trigger
from reconciler.model.renames import RenameKind
from reconciler.model.schema import ForeignKey, OtherObject
from reconciler.observe.shards import (
    FleetSnapshot,
    ReadDefinition,
    ReadProgram,
    SeenShard,
    as_read,
)
from reconciler.plan.model import ObjectBefore, PlanCore, PlannedStatement

# A server carries new names into triggers and into foreign keys of other databases' tables as well.
_OldNames = Mapping[str, str]


def restored_before(
    begun: Pass, core: PlanCore, standings: Mapping[str, ToDo | Done]
) -> FleetSnapshot:
    """The look with every shard that has moved along its chain taken back to the chain's start."""
    seen = tuple(_restored_shard(begun, core, shard, standings) for shard in begun.look.seen)
    return replace(begun.look, seen=seen)


def _restored_shard(
    begun: Pass, core: PlanCore, seen: SeenShard, standings: Mapping[str, ToDo | Done]
) -> SeenShard:
    change_set, standing = core.change_set_of(seen.shard), standings[seen.shard]
    if change_set is None or standing == ToDo(shard=seen.shard):
        return seen
    version = seen.observation.settings.version
    start = states_along(change_set)[0]
    before = dict(seen.definitions)
    raw = dict(seen.observation.definitions)
    programs = dict(seen.programs)
    for touched in change_set.touched:
        if touched.object_id.kind in MANAGED_AS:
            _restore_program(begun, programs, touched, start[touched.object_id])
            continue
        table = touched.object_id.name
        before.pop(table, None)
        raw.pop(table, None)
        if touched.definition is None:
            continue
        read = begun.reader.read(touched.definition, version)
        if read.fingerprint == start[touched.object_id]:
            before[table] = read
            raw[table] = touched.definition
    if isinstance(standing, ToDo) and standing.is_between:
        _restore_neighbours(change_set.statements[standing.next_index], programs)
    tables = {
        rename.new: rename.old
        for rename in begun.files.renames
        if rename.kind is RenameKind.TABLE and rename.new not in before
    }
    children = seen.observation.cross_database_children
    observation = replace(
        seen.observation,
        definitions=tuple(sorted(raw.items())),
        others=tuple(_restored_trigger(other, tables) for other in _others(seen, programs)),
        cross_database_children=children
        and tuple(_restored_child(begun, child, before, tables) for child in children),
    )
    return replace(seen, observation=observation, definitions=before, programs=programs)


def _restore_program(
    begun: Pass, programs: dict[ObjectId, ReadProgram], touched: ObjectBefore, start: str | None
) -> None:
    about = touched.object_id
    programs.pop(about, None)
    if touched.definition is not None:
        read = begun.reader.read_program(about, touched.definition)
        if read.fingerprint == start:
            programs[about] = read


def _restore_neighbours(cut: PlannedStatement, programs: dict[ObjectId, ReadProgram]) -> None:
    """A trigger that is gone in the midst of its swap has left the one behind it to follow
    another."""
    for effect in cut.passes:
        found = programs.get(effect.object_id)
        if found is None or not isinstance(found.value, Trigger):
            continue
        restored = as_read(replace(found.value, follows=cut.object_id.name))
        if restored.fingerprint == effect.before:
            programs[effect.object_id] = restored


def _others(seen: SeenShard, programs: Mapping[ObjectId, ReadProgram]) -> tuple[OtherObject, ...]:
    """With the managed programs as they were."""
    kept = [
        other
        for other in seen.observation.others
        if other.object_id not in {*seen.programs, *programs}
    ]
    restored = [as_shown(read.value) for read in programs.values()]
    return tuple(sorted([*kept, *restored], key=lambda found: (found.kind, found.name)))


def _restored_trigger(other: OtherObject, tables: _OldNames) -> OtherObject:
    old = tables.get(other.table or "")
    if old is None:
        return other
    return replace(other, table=old, definition=trigger_on(old, other.definition))


def _restored_child(
    begun: Pass, child: CrossDatabaseChild, before: Mapping[str, ReadDefinition], tables: _OldNames
) -> CrossDatabaseChild:
    columns = {
        (rename.table, rename.new): rename.old
        for rename in begun.files.renames
        if rename.kind is RenameKind.COLUMN
    }

    def restored_key(key: ForeignKey) -> ForeignKey:
        parent = tables.get(key.parent_table, key.parent_table)
        table = before[parent].table if parent in before else None
        return replace(
            key,
            parent_table=parent,
            parent_columns=tuple(
                columns.get((key.parent_table, name), name)
                if table is not None and table.column(name) is None
                else name
                for name in key.parent_columns
            ),
        )

    return replace(
        child,
        parents=tuple(sorted(tables.get(parent, parent) for parent in child.parents)),
        table=child.table
        and replace(child.table, foreign_keys=tuple(map(restored_key, child.table.foreign_keys))),
    )
