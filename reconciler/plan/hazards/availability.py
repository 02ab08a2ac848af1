"""Indexes and constraints that go: queries that get slow, and rules that nothing keeps any more."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import Clause, ClauseKind
from reconciler.diff.pairing import name_key
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.schema import Index, Table
from reconciler.plan.hazards.statement_context import (
    StatementContext,
    find_index,
    needing_permission,
    reference_of,
    unique_columns,
    worth_knowing,
)


def drops_index(context: StatementContext) -> Iterator[Hazard]:
    for clause, index in _dropped_indexes(context):
        if _replaced(index, context.step.after):
            if not _added_here(context, index):
                reason = "queries go without the index until a later statement has created it again"
                yield worth_knowing(HazardKind.DROP_INDEX, clause.object, reason)
        else:
            reason = "queries that use the index get slow; those that name it in a hint fail"
            yield worth_knowing(HazardKind.DROP_INDEX, clause.object, reason)


def drops_uniqueness(context: StatementContext) -> Iterator[Hazard]:
    after = context.step.after
    kept = [
        columns for index in (after.indexes if after else ()) if (columns := unique_columns(index))
    ]
    for clause, index in _dropped_indexes(context):
        columns = unique_columns(index)
        # Unique by fewer of the columns is unique by all of them.
        if columns and not any(set(fewer) <= set(columns) for fewer in kept):
            reason = (
                "nothing keeps rows unique by these columns any more; INSERT ... ON DUPLICATE KEY"
                " UPDATE and REPLACE insert where they updated"
            )
            yield needing_permission(HazardKind.DROP_CONSTRAINT, clause.object, reason)


def drops_constraint(context: StatementContext) -> Iterator[Hazard]:
    after = context.step.after
    kept = {reference_of(key) for key in after.foreign_keys} if after else set()
    before = context.step.before
    keys = {name_key(key.name): key for key in before.foreign_keys} if before else {}
    for clause in context.of_kind(ClauseKind.DROP_FOREIGN_KEY):
        key = keys.get(name_key(clause.object))
        gone = key is None or reference_of(key) not in kept
        until = "any more" if gone else "until a later statement adds the key again"
        reason = f"nothing keeps child rows and parent rows together {until}"
        yield worth_knowing(HazardKind.DROP_CONSTRAINT, clause.object, reason)
    conditions = {check.expression for check in after.checks if check.enforced} if after else set()
    checks = {name_key(check.name): check for check in before.checks} if before else {}
    for clause in context.of_kind(ClauseKind.DROP_CHECK):
        check = checks.get(name_key(clause.object))
        if check is None or (check.enforced and check.expression not in conditions):
            reason = "nothing keeps rows to the check's condition any more"
            yield worth_knowing(HazardKind.DROP_CONSTRAINT, clause.object, reason)


def disables(context: StatementContext) -> Iterator[Hazard]:
    """An index that the optimiser is not to use, a check that is not enforced."""
    for clause in context.of_kind(ClauseKind.ALTER_INDEX):
        old = find_index(context.step.before, clause.object)
        new = find_index(context.step.after, clause.object)
        if old is not None and new is not None and old.visible and not new.visible:
            reason = "queries that use the index get slow: it becomes invisible"
            yield worth_knowing(HazardKind.DROP_INDEX, clause.object, reason)
    after = context.step.after
    for clause in context.of_kind(ClauseKind.ALTER_CHECK):
        for check in after.checks if after else ():
            if name_key(check.name) == name_key(clause.object) and not check.enforced:
                reason = "nothing keeps rows to the check's condition: it is not enforced"
                yield worth_knowing(HazardKind.DROP_CONSTRAINT, clause.object, reason)


def stops_encryption(context: StatementContext) -> Iterator[Hazard]:
    if context.both is None or not any(context.of_kind(ClauseKind.TABLE_OPTION)):
        return
    before, after = map(_is_encrypted, context.both)
    if before and not after:
        reason = "the table's rows are written to disk unencrypted from then on"
        yield needing_permission(HazardKind.DECRYPT, context.both[1].name, reason)


def _is_encrypted(table: Table) -> bool:
    """ENCRYPTION on MySQL, `encrypted` on MariaDB."""
    said = table.option("ENCRYPTION") or table.option("encrypted") or ""
    return said.strip("'").upper() in ("Y", "YES")


def _dropped_indexes(context: StatementContext) -> Iterator[tuple[Clause, Index]]:
    for clause in context.of_kind(ClauseKind.DROP_INDEX):
        index = find_index(context.step.before, clause.object)
        if index is not None:
            yield clause, index


def _replaced(old: Index, after: Table | None) -> bool:
    """Whether an index that serves the same searches is there in the end."""
    return after is not None and any(
        new.visible and new.kind is old.kind and new.parts[: len(old.parts)] == old.parts
        for new in after.indexes
    )


def _added_here(context: StatementContext, old: Index) -> bool:
    """Whether that index is not missing between two statements."""
    before = context.step.before
    added = {name_key(clause.object) for clause in context.of_kind(ClauseKind.ADD_INDEX)}
    present = {name_key(index.name) for index in before.indexes} if before else set()
    dropped = {name_key(clause.object) for clause in context.of_kind(ClauseKind.DROP_INDEX)}
    after = context.step.after
    return any(
        new.kind is old.kind
        and new.parts[: len(old.parts)] == old.parts
        and (name_key(new.name) in added or name_key(new.name) in present - dropped)
        for new in (after.indexes if after else ())
    )
