"""The reviewed plan against the plan derived here and now: equal, or every reason it is not.

Two comparisons, because each sees what the other could miss: an exact multiset of what would run,
keyed (keyspace, shard, table, operation, canonical DDL) with both sides shown (GD-2), and equality
of everything else in the core, where any difference left refuses without knowing why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace

from reconciler.ddl.statement.check import canonical_statement
from reconciler.guard.differences import change_set_refusals, shards_in_words
from reconciler.guard.model import Refusal
from reconciler.guard.vschema import vschema_refusals
from reconciler.model.object_id import ObjectId
from reconciler.model.policy import ColumnOrder, Hazard, HazardKind, PartitionLists, Policy
from reconciler.model.quarantine import Quarantine
from reconciler.plan.commitment import without_words
from reconciler.plan.model import ChangeSet, MadeFromFiles, PlanCore, PlannedStatement
from reconciler.plan.row_ceiling import is_row_ceiling_of, with_names

_PLAN_AGAIN = "run `reconciler plan --write` again, have the new plan reviewed, then apply it"

Key = tuple[str, str, ObjectId, str, str]
LiveRows = Mapping[tuple[str, str], int]


def compare_plans(
    reviewed: PlanCore, derived: PlanCore, live_rows: LiveRows
) -> tuple[Refusal, ...]:
    """Empty only if what was reviewed is exactly what would run. `live_rows` are the shards' own
    estimates by (shard, table)."""
    refusals = [
        *input_refusals(reviewed, [(d.path, d.sha256) for d in derived.inputs]),
        *shard_refusals(reviewed, derived.shards, derived.quarantine),
        *_statement_refusals(reviewed, derived),
        *_ceiling_refusals(reviewed, live_rows),
        *vschema_refusals(reviewed, derived),
    ]
    return tuple(refusals or _other_refusals(reviewed, derived, live_rows))


def input_refusals(
    reviewed: MadeFromFiles, digests: Iterable[tuple[str, str]]
) -> tuple[Refusal, ...]:
    """RV-1: every file the plan was made from; `digests` are (path, SHA-256) of here and now."""
    return tuple(_changed_inputs({d.path: d.sha256 for d in reviewed.inputs}, dict(digests)))


def shard_refusals(
    reviewed: PlanCore, shards: Iterable[str], quarantine: Iterable[Quarantine]
) -> Iterator[Refusal]:
    """GD-6, RG-61: the fleet, of `shards` and those in quarantine, is the one that was reviewed."""
    left_alone = {found.shard: found for found in quarantine}
    reviewed_so = {found.shard: found for found in reviewed.quarantine}
    for shard in sorted(left_alone.keys() | reviewed_so.keys()):
        then, now = reviewed_so.get(shard), left_alone.get(shard)
        if then != now:
            yield _quarantine_changed(shard, then, now)
    told = left_alone.keys() | reviewed_so.keys()
    for shard in sorted((set(reviewed.shards) ^ set(shards)) - told):
        happened = "removed" if shard in reviewed.shards else "added"
        yield Refusal(
            code="shards-changed",
            shard=shard,
            message=f"shard {shard} was {happened} since the plan was made",
            recovery=f"{_PLAN_AGAIN}; to replace shards by others, list those that go in `retiring`"
            " of the spec, and plan that as a split (docs/split.md)",
        )


def _quarantine_changed(shard: str, then: Quarantine | None, now: Quarantine | None) -> Refusal:
    happened = "the quarantine of shard {} has changed"
    if then is None or now is None:
        moved = "put into" if then is None else "taken out of"
        happened = f"shard {{}} was {moved} quarantine"
    return Refusal(
        code="quarantine-changed",
        shard=shard,
        message=f"{happened.format(shard)} since the plan was made",
        recovery=_PLAN_AGAIN,
        expected=str(then) if then else "not in quarantine",
        observed=str(now) if now else "not in quarantine",
    )


def _changed_inputs(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Refusal]:
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) == new.get(path):
            continue
        happened = "was added" if path not in old else "is gone" if path not in new else "changed"
        yield Refusal(
            code="input-changed",
            message=f"{path} {happened} since the plan was made",
            recovery=_PLAN_AGAIN,
            expected=old.get(path, "no such file"),
            observed=new.get(path, "no such file"),
        )


def _statement_refusals(reviewed: PlanCore, derived: PlanCore) -> Iterator[Refusal]:
    """GD-2. One refusal for each table and each way it differs, with all shards it concerns."""
    theirs, ours = _statements(reviewed), _statements(derived)
    shown = {**_texts(derived), **_texts(reviewed)}
    sides: dict[tuple[ObjectId, str], tuple[list[str], list[str]]] = {}
    for surplus, side in ((theirs - ours, 0), (ours - theirs, 1)):
        for _, shard, table, _, ddl in surplus.elements():
            sides.setdefault((table, shard), ([], []))[side].append(shown[ddl])
    shards: dict[tuple[ObjectId, str, str], list[str]] = {}
    for (table, shard), (planned, wanted) in sorted(sides.items()):
        shards.setdefault((table, ";\n".join(planned), ";\n".join(wanted)), []).append(shard)
    for (table, planned_text, wanted_text), names in shards.items():
        yield Refusal(
            code="statement-differs",
            shard=names[0],
            object_id=table,
            message=f"{shards_in_words(names, len(reviewed.shards))}, {table.titled}: what the"
            " reviewed plan runs is not what is needed now",
            recovery=_PLAN_AGAIN,
            expected=planned_text or "nothing: the reviewed plan leaves this table alone",
            observed=wanted_text or "nothing: this table needs no such statement now",
        )


def _statements(core: PlanCore) -> Counter[Key]:
    return Counter(
        (core.keyspace, shard, statement.object_id, statement.operation.value, ddl)
        for change_set in core.change_sets
        for statement in change_set.statements
        for ddl in (canonical_statement(statement.sql),)
        for shard in change_set.shards
    )


def _texts(core: PlanCore) -> dict[str, str]:
    """Statements as they are written, by their canonical form."""
    return {
        canonical_statement(statement.sql): statement.sql
        for change_set in core.change_sets
        for statement in change_set.statements
    }


def _ceiling_refusals(reviewed: PlanCore, live_rows: LiveRows) -> Iterator[Refusal]:
    """A table that outgrew what the reviewer was told; equality is never asked for."""
    for change_set in reviewed.change_sets:
        bounded = {
            (statement.object_id, statement.row_ceiling): names
            for statement, names in with_names(change_set.statements)
        }
        for shard in change_set.shards:
            for (table, ceiling), names in bounded.items():
                rows = _most_rows((shard,), names, live_rows)
                if ceiling is not None and rows > ceiling:
                    yield Refusal(
                        code="row-ceiling-exceeded",
                        shard=shard,
                        object_id=table,
                        message=f"shard {shard}, table {table}: it has outgrown what was reviewed",
                        recovery=_PLAN_AGAIN,
                        expected=f"at most {ceiling:,} rows",
                        observed=f"about {rows:,} rows",
                    )


def _most_rows(shards: Iterable[str], names: Iterable[str], live_rows: LiveRows) -> int:
    return max(live_rows.get((shard, name), 0) for shard in shards for name in names)


def _other_refusals(
    reviewed: PlanCore, derived: PlanCore, live_rows: LiveRows
) -> Iterator[Refusal]:
    ours = without_words(within_reviewed_limits(derived, reviewed, live_rows))
    theirs = without_words(reviewed)
    by_object = tuple(change_set_refusals(theirs, ours, recovery=_PLAN_AGAIN))
    yield from by_object
    for field in fields(PlanCore):
        if by_object and field.name == "change_sets":
            continue
        if getattr(ours, field.name) != getattr(theirs, field.name):
            yield Refusal(
                code="plan-differs",
                message=f"the reviewed plan is not the one derived now: {_WHAT[field.name]}",
                recovery=_PLAN_AGAIN,
            )


_WHAT = {
    "environment": "it is for another environment",
    "keyspace": "it is for another keyspace",
    "server": "the servers are of another release series",
    "rules": "this version of reconciler compares or writes definitions, or judges dangers, by"
    " other rules",
    "inputs": "the files it was made from differ",
    "policy": "the policy differs",
    "shards": "the list of shards differs",
    "quarantine": "other shards are in quarantine, or otherwise",
    "waves": "the waves differ",
    "managed": "the managed tables differ",
    "change_sets": "which shards have the same statements differs",
    "matching": "other shards match already",
    "after": "the desired schema differs",
    "cleans": "what engines left, and is removed, differs",
    "vschema": "what changes in the VSchema differs",
    "carried_out": "one of them is for a deploy request of PlanetScale, the other is not",
}


def within_reviewed_limits(derived: PlanCore, reviewed: PlanCore, live_rows: LiveRows) -> PlanCore:
    """The derived core with what may differ for a reason as the reviewer saw it: row ceilings that
    live is still under, what only a login that saw less could not rule out, and before-definitions
    in what policy leaves to the shards."""
    reviewed_sets = {change_set.shards: change_set for change_set in reviewed.change_sets}
    lifted = []
    for ours in derived.change_sets:
        theirs = reviewed_sets.get(ours.shards)
        if theirs and len(theirs.statements) == len(ours.statements):
            pairs = zip(theirs.statements, ours.statements, strict=True)
            statements = tuple(_with_what_was_unseen(new, old) for old, new in pairs)
            ceilings = _reviewed_ceilings(theirs, live_rows)
            statements = tuple(
                replace(new, row_ceiling=ceiling) if new.row_ceiling and ceiling else new
                for new, ceiling in zip(statements, ceilings, strict=True)
            )
            ours = replace(ours, statements=statements)
        if theirs and _leaves_to_shards(reviewed.policy) and _tables(theirs) == _tables(ours):
            # What is left to the shards may have moved meanwhile. The effects have the fingerprints
            # without it, and a before-definition is only believed if it has the same.
            ours = replace(ours, touched=theirs.touched)
        lifted.append(ours)
    return replace(derived, change_sets=tuple(lifted))


def _leaves_to_shards(policy: Policy) -> bool:
    lists_are_left = policy.partition_lists is PartitionLists.ROTATION
    return lists_are_left or policy.column_order is ColumnOrder.IGNORE


def _tables(change_set: ChangeSet) -> list[tuple[ObjectId, bool]]:
    """Those that it touches, and whether they are there before."""
    return [(touched.object_id, touched.definition is None) for touched in change_set.touched]


def _reviewed_ceilings(reviewed: ChangeSet, live_rows: LiveRows) -> Iterator[int | None]:
    """Each statement's, which live is under; None if no estimate near these rows leads to it."""
    for statement, names in with_names(reviewed.statements):
        ceiling, rows = statement.row_ceiling, _most_rows(reviewed.shards, names, live_rows)
        yield ceiling if ceiling and is_row_ceiling_of(ceiling, rows) else None


def _with_what_was_unseen(new: PlannedStatement, old: PlannedStatement) -> PlannedStatement:
    """With what the reviewer permitted unseen, where a login that sees more has ruled it out."""
    seen = [_danger(hazard) for hazard in new.hazards]
    still_there = [
        danger
        for danger in map(_danger, old.hazards)
        if danger[0] is not HazardKind.UNPROVEN or danger in seen
    ]
    return replace(new, hazards=old.hazards) if still_there == seen else new


def _danger(hazard: Hazard) -> tuple[HazardKind, str, bool]:
    """A hazard without its words."""
    return hazard.kind, hazard.object, hazard.needs_permission
