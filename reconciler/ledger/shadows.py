"""Whose a shadow table is, as far as the ledger knows: in the hands of an apply, or left by one.

Rule (EN-30): a table is somebody's only by a statement that named it before it was made, by a name
that this engine gives beside the table of that very statement, and whose own record, or apply, says
that it may still be there; once a later apply has dropped it, or run
anything else of its own on that name, it is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.ledger.model import StatementOfApply
from reconciler.ledger.states import StatementState
from reconciler.model.engine import TRAITS, Handle
from reconciler.model.object_id import ObjectId
from reconciler.model.shadow_tables import KnownShadow, MadeWhen, is_made_by

# Nobody has seen such a statement to its end: whatever it named may be there.
_NOT_SEEN_OUT = frozenset(
    {StatementState.INTENDED, StatementState.UNKNOWN, StatementState.NEVER_RAN}
)


def known_shadows(found: Iterable[StatementOfApply]) -> tuple[KnownShadow, ...]:
    """One for each shard and name, sorted. Of several statements that may have made a table, one
    that is in hand goes before those that have ended, and a later one before an earlier one."""
    rows = sorted(found, key=lambda one: (one.apply_id, one.row.index))
    known: dict[tuple[str, str], KnownShadow] = {}
    for one in rows:
        known.pop((one.row.shard, _run_by_itself(one)), None)
        for shadow in _shadows_of(one):
            key = (shadow.shard, shadow.name)
            if shadow.is_in_progress or key not in known or not known[key].is_in_progress:
                known[key] = shadow
    return tuple(known[key] for key in sorted(known))


def copies_left(found: Iterable[StatementOfApply]) -> dict[tuple[str, ObjectId], Handle]:
    """By shard and table, the handle of the last copy that may still be there of applies that have
    ended: the next apply of that table takes it up, or clears it away. Not of a statement that
    took effect: what that left is kept on purpose, or a person's to clean up."""
    rows = sorted(found, key=lambda one: (one.apply_id, one.row.index))
    left: dict[tuple[str, ObjectId], Handle] = {}
    for one in rows:
        key = (one.row.shard, one.row.object_id)
        left.pop(key, None)
        may_stay = one.row.state in _NOT_SEEN_OUT or one.row.left
        if one.is_finished and one.row.state is not StatementState.APPLIED and may_stay:
            left[key] = one.row.handle
    return left


def _run_by_itself(one: StatementOfApply) -> str:
    """The table that a statement of a plan was about, if it took effect; '' for none."""
    is_plain = not TRAITS[one.row.handle.engine].copies
    return one.row.object_id.name if is_plain and one.row.state is StatementState.APPLIED else ""


def _shadows_of(one: StatementOfApply) -> Iterable[KnownShadow]:
    row = one.row
    if not TRAITS[row.handle.engine].copies:
        return
    is_in_progress = not one.is_finished and row.state is not StatementState.APPLIED
    names = {*row.left}
    if is_in_progress or row.state in _NOT_SEEN_OUT:
        names |= {*row.handle.helpers}
    for name in sorted(names):
        if not is_made_by(row.handle.engine, name, row.object_id.name):
            continue  # no engine has written that into its record
        yield KnownShadow(
            shard=row.shard,
            name=name,
            engine=row.handle.engine,
            table=row.object_id.name,
            apply_id=one.apply_id,
            is_in_progress=is_in_progress,
            ended_s=row.settled_s,
            made=MadeWhen(
                since_s=row.handle.since_s,
                table_created_s=row.handle.table_created_s,
                until_s=row.settled_s if row.state is StatementState.APPLIED else None,
            ),
        )
