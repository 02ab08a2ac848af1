"""What code that is already running will trip over, although no row is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.diff.model import ClauseKind, Operation
from reconciler.diff.pairing import name_key
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.schema import Column
from reconciler.plan.hazards.statement_context import (
    StatementContext,
    may_be_left_out,
    needing_permission,
    stored_when_left_out,
    worth_knowing,
)

_FRACTION = re.compile(r"[-0-9: ]*[0-9]\.[0-9]+")  # of a number, or of a time


def renames_table(context: StatementContext) -> Iterator[Hazard]:
    step = context.step
    if step.operation is Operation.RENAME_TABLE:
        old = step.before.name if step.before else step.table
        new = step.after.name if step.after else step.table
        reason = f"code that uses {old} fails; the table is {new} from then on"
        yield needing_permission(HazardKind.RENAME, old, reason)


def renames_column(context: StatementContext) -> Iterator[Hazard]:
    for clause in context.of_kind(ClauseKind.RENAME_COLUMN):
        old = clause.renamed_from
        if old is not None and name_key(old) != name_key(clause.object):
            reason = f"code that uses {old} fails; the column is {clause.object} from then on"
            yield needing_permission(HazardKind.RENAME, old, reason)


def renames_index(context: StatementContext) -> Iterator[Hazard]:
    for clause in context.of_kind(ClauseKind.RENAME_INDEX):
        old = clause.renamed_from
        if old is not None and name_key(old) != name_key(clause.object):
            reason = f"index hints that name {old} fail; the index is {clause.object} from then on"
            yield worth_knowing(HazardKind.RENAME, old, reason)


def refuses_inserts_of_added(context: StatementContext) -> Iterator[Hazard]:
    """INSERTs that do not know of a new column (error 1364 in strict mode)."""
    for clause in context.of_kind(ClauseKind.ADD_COLUMN):
        new = context.column_after(clause.object)
        if new is None or context.column_before(clause.object) is not None:
            continue
        if not may_be_left_out(new):
            reason = "INSERTs that leave the column out fail: it has no default"
            yield needing_permission(HazardKind.BREAKS_WRITERS, new.name, reason)


def refuses_inserts_of_changed(context: StatementContext) -> Iterator[Hazard]:
    """INSERTs and UPDATEs that were fine for the column as it was."""
    for _, old, new in context.changed_columns():
        reasons = []
        if may_be_left_out(old) and not may_be_left_out(new):
            reasons.append("INSERTs that leave the column out fail: it has no default any more")
        if old.nullable and not new.nullable:
            reasons.append(
                "UPDATEs that set NULL fail; INSERTs that do so get a number"
                if new.auto_increment
                else "INSERTs and UPDATEs that set NULL fail"
            )
        if old.generated is None and new.generated is not None:
            reasons.append("INSERTs and UPDATEs that set a value fail: it is computed")
        for reason in reasons:
            yield needing_permission(HazardKind.BREAKS_WRITERS, new.name, reason)


def changes_default(context: StatementContext) -> Iterator[Hazard]:
    """INSERTs that do not name the column: taken where they were refused, or another value."""
    for _, old, new in context.changed_columns():
        if _is_filled(old) or _is_filled(new):
            continue  # no default is asked for
        was, becomes = stored_when_left_out(old), stored_when_left_out(new)
        if becomes is None or _is_same_value(was, becomes):
            continue
        if was is None:
            reason = f"INSERTs that leave the column out are taken and store {becomes}: they failed"
        else:
            reason = f"INSERTs that leave the column out store {becomes}, where they stored {was}"
        yield worth_knowing(HazardKind.CHANGE_DEFAULT, new.name, reason)


def _is_filled(column: Column) -> bool:
    return column.auto_increment or column.generated is not None


def _is_same_value(was: str | None, becomes: str) -> bool:
    """Another type may print the same value in another way: '0' and '0.00', a time with more
    digits."""
    if was is None or was == becomes:
        return was == becomes
    if was.startswith("CURRENT_TIMESTAMP") and becomes.startswith("CURRENT_TIMESTAMP"):
        return True
    return _without_zeros(was) == _without_zeros(becomes)


def _without_zeros(literal: str) -> str:
    """Behind the point of a number or of a time, zeros add nothing."""
    text = literal.strip("'")
    return text.rstrip("0").rstrip(".") if _FRACTION.fullmatch(text) else text


def refuses_values_of_remade(context: StatementContext) -> Iterator[Hazard]:
    for old, new in context.remade_columns():
        if old.generated is None and new.generated is not None:
            reason = "INSERTs and UPDATEs that set a value fail: it is computed"
            yield needing_permission(HazardKind.BREAKS_WRITERS, new.name, reason)
        elif not may_be_left_out(new):
            reason = "INSERTs that leave the column out fail: it has no default"
            yield needing_permission(HazardKind.BREAKS_WRITERS, new.name, reason)


def hides_column(context: StatementContext) -> Iterator[Hazard]:
    for _, old, new in context.changed_columns():
        if old.visible and not new.visible:
            reason = "SELECT * and INSERTs without a list of columns no longer see the column"
            yield needing_permission(HazardKind.HIDE_COLUMN, new.name, reason)
