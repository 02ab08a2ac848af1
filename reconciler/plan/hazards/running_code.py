"""What code that is already running will trip over, although no row is lost."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import ClauseKind, Operation
from reconciler.diff.pairing import name_key
from reconciler.model.policy import Hazard, HazardKind
from reconciler.plan.hazards.examined import (
    Examined,
    may_be_left_out,
    needing_permission,
    worth_knowing,
)


def renames_table(examined: Examined) -> Iterator[Hazard]:
    step = examined.step
    if step.operation is Operation.RENAME_TABLE:
        old = step.before.name if step.before else step.table
        new = step.after.name if step.after else step.table
        reason = f"code that uses {old} fails; the table is {new} from then on"
        yield needing_permission(HazardKind.RENAME, old, reason)


def renames_column(examined: Examined) -> Iterator[Hazard]:
    for clause in examined.of_kind(ClauseKind.RENAME_COLUMN):
        old = clause.renamed_from
        if old is not None and name_key(old) != name_key(clause.object):
            reason = f"code that uses {old} fails; the column is {clause.object} from then on"
            yield needing_permission(HazardKind.RENAME, old, reason)


def renames_index(examined: Examined) -> Iterator[Hazard]:
    for clause in examined.of_kind(ClauseKind.RENAME_INDEX):
        old = clause.renamed_from
        if old is not None and name_key(old) != name_key(clause.object):
            reason = f"index hints that name {old} fail; the index is {clause.object} from then on"
            yield worth_knowing(HazardKind.RENAME, old, reason)


def refuses_inserts_of_added(examined: Examined) -> Iterator[Hazard]:
    """INSERTs that do not know of a new column (error 1364 in strict mode)."""
    for clause in examined.of_kind(ClauseKind.ADD_COLUMN):
        new = examined.column_after(clause.object)
        if new is None or examined.column_before(clause.object) is not None:
            continue
        if not may_be_left_out(new):
            reason = "INSERTs that leave the column out fail: it has no default"
            yield needing_permission(HazardKind.BREAKS_WRITERS, new.name, reason)


def refuses_inserts_of_changed(examined: Examined) -> Iterator[Hazard]:
    """INSERTs and UPDATEs that were fine for the column as it was."""
    for _, old, new in examined.changed_columns():
        reasons = []
        if may_be_left_out(old) and not may_be_left_out(new):
            reasons.append("INSERTs that leave the column out fail: it has no default any more")
        if old.nullable and not new.nullable:
            reasons.append("INSERTs and UPDATEs that set NULL fail")
        if old.generated is None and new.generated is not None:
            reasons.append("INSERTs and UPDATEs that set a value fail: it is computed")
        for reason in reasons:
            yield needing_permission(HazardKind.BREAKS_WRITERS, new.name, reason)


def refuses_values_of_remade(examined: Examined) -> Iterator[Hazard]:
    for old, new in examined.remade_columns():
        if old.generated is None and new.generated is not None:
            reason = "INSERTs and UPDATEs that set a value fail: it is computed"
            yield needing_permission(HazardKind.BREAKS_WRITERS, new.name, reason)
        elif not may_be_left_out(new):
            reason = "INSERTs that leave the column out fail: it has no default"
            yield needing_permission(HazardKind.BREAKS_WRITERS, new.name, reason)


def hides_column(examined: Examined) -> Iterator[Hazard]:
    for _, old, new in examined.changed_columns():
        if old.visible and not new.visible:
            reason = "SELECT * and INSERTs without a list of columns no longer see the column"
            yield needing_permission(HazardKind.HIDE_COLUMN, new.name, reason)
