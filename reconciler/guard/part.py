"""A region's part of the reviewed plan against what that region derives by itself (RG-4).

All that runs is compared as a whole plan is, shard by shard and to the statement. What only a look
at the whole fleet can know is taken as it was reviewed, within what the region can see of it: the
series of servers and the tables that other regions have, row ceilings, which come from the largest
shard wherever it is, and the words of a definition that another region's server printed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.plan.model import ChangeSet, ObjectBefore, PlanCore, PlannedStatement

SameDefinition = Callable[[str, str], bool]
"""Whether two texts of one table are one definition, by the rules that plans are compared by."""


def as_seen_whole(derived: PlanCore, reviewed: PlanCore, is_same: SameDefinition) -> PlanCore:
    """The derived part with what only the whole fleet can tell as it was reviewed. `reviewed` is
    the part of the same shards; the two are then compared as whole plans are."""
    theirs = {found.shards: found for found in reviewed.change_sets}
    return replace(
        derived,
        server=reviewed.server
        if _series(derived.server) <= _series(reviewed.server)
        else derived.server,
        managed=reviewed.managed
        if set(derived.managed) <= set(reviewed.managed)
        else derived.managed,
        change_sets=tuple(
            _seen_whole(found, theirs.get(found.shards), is_same) for found in derived.change_sets
        ),
    )


def _series(server: str) -> frozenset[str]:
    return frozenset(server.split(", "))


def _seen_whole(ours: ChangeSet, theirs: ChangeSet | None, is_same: SameDefinition) -> ChangeSet:
    if theirs is None:
        return ours
    if len(theirs.statements) == len(ours.statements):
        pairs = zip(ours.statements, theirs.statements, strict=True)
        ours = replace(ours, statements=tuple(_with_ceiling(new, old) for new, old in pairs))
    if len(theirs.touched) == len(ours.touched):
        touched = zip(ours.touched, theirs.touched, strict=True)
        ours = replace(ours, touched=tuple(_before(new, old, is_same) for new, old in touched))
    return ours


def _with_ceiling(new: PlannedStatement, old: PlannedStatement) -> PlannedStatement:
    """That a statement has one is its own; how high it is, the fleet's."""
    if new.row_ceiling is None or old.row_ceiling is None:
        return new
    return replace(new, row_ceiling=old.row_ceiling)


def _before(new: ObjectBefore, old: ObjectBefore, is_same: SameDefinition) -> ObjectBefore:
    if new.object_id != old.object_id or new.definition is None or old.definition is None:
        return new
    return old if is_same(new.definition, old.definition) else new
