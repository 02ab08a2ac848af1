"""Rows or values that are gone once the statement has run."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import ClauseKind, Operation
from reconciler.diff.partition_lists import listed_values
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.schema import Column
from reconciler.plan.hazards.statement_context import (
    StatementContext,
    find_column,
    is_stored,
    needing_permission,
    worth_knowing,
)

_ALL_OTHER_VALUES = "DEFAULT"  # MariaDB: a partition for what no other one lists
# Engines that keep every row they are given, also through a restart.
_KEEPING_ENGINES = frozenset({"InnoDB", "MyISAM", "Aria", "ARCHIVE", "CSV", "ROCKSDB", "MyRocks"})


def drops_table(context: StatementContext) -> Iterator[Hazard]:
    if context.step.operation is Operation.DROP_TABLE:
        yield needing_permission(
            HazardKind.DROP_TABLE, context.step.table, "the table and all its rows are lost"
        )


def drops_column(context: StatementContext) -> Iterator[Hazard]:
    for clause in context.of_kind(ClauseKind.DROP_COLUMN):
        column = find_column(context.step.before, clause.object)
        if column is None or context.column_after(clause.object) is not None:
            continue  # dropped to be created again: `remakes_column` looks at both
        reason = (
            "the column and its values are lost, and code that uses it fails"
            if is_stored(column)
            else "code that uses the column fails; its values were computed, so none is lost"
        )
        yield needing_permission(HazardKind.DROP_COLUMN, column.name, reason)


def remakes_column(context: StatementContext) -> Iterator[Hazard]:
    """Only DROP and ADD turn a column into a virtual one or back."""
    for old, new in context.remade_columns():
        yield from _remade(old, new)


def _remade(old: Column, new: Column) -> Iterator[Hazard]:
    if old.generated is None:
        reason = "the column is dropped and created again: the values of existing rows are lost"
        yield needing_permission(HazardKind.DROP_COLUMN, new.name, reason)
    elif new.generated is None:
        reason = "rows lose the values computed so far and get the column's default instead"
        yield needing_permission(HazardKind.CHANGE_VALUES, new.name, reason)
    elif old.generated.expression != new.generated.expression:
        reason = "the values of existing rows are computed again, by another expression"
        yield worth_knowing(HazardKind.CHANGE_VALUES, new.name, reason)


def drops_partition(context: StatementContext) -> Iterator[Hazard]:
    for clause in context.of_kind(ClauseKind.DROP_PARTITION):
        for name in clause.partitions:
            reason = "all rows of the partition are lost"
            yield needing_permission(HazardKind.DROP_PARTITION, name, reason)


def gives_up_values(context: StatementContext) -> Iterator[Hazard]:
    """REORGANIZE PARTITION of a LIST leaves out, without a word, the rows whose values none of the
    new partitions names (MySQL 8.0-9.7, MariaDB 10.11-11.8)."""
    old, new = (
        table.partitioning.partitions if table and table.partitioning else ()
        for table in (context.step.before, context.step.after)
    )
    if any(partition.values_sql == _ALL_OTHER_VALUES for partition in new):
        return
    kept = listed_values(new)
    for clause in context.of_kind(ClauseKind.REORGANIZE_PARTITION):
        for partition in old:
            if partition.name not in clause.partitions:
                continue
            gone = sorted(listed_values((partition,)) - kept)
            if gone or partition.values_sql == _ALL_OTHER_VALUES:
                values = f"of {', '.join(gone)}" if gone else "of values that no other one lists"
                reason = f"its rows {values} are lost: no partition takes them any more"
                yield needing_permission(HazardKind.DROP_PARTITION, partition.name, reason)


def changes_engine(context: StatementContext) -> Iterator[Hazard]:
    if context.both is None or not any(context.of_kind(ClauseKind.TABLE_OPTION)):
        return
    old, new = (table.option("ENGINE") for table in context.both)
    if old == new or old is None or new is None:
        return
    table = context.both[1].name
    if new not in _KEEPING_ENGINES:
        reason = f"engine {new} does not keep rows as {old} does: they may be lost"
        yield needing_permission(HazardKind.CHANGE_ENGINE, table, reason)
    elif old == "InnoDB":
        reason = (
            f"engine {new} has no transactions, row locks or foreign keys, and survives no crash"
        )
        yield needing_permission(HazardKind.CHANGE_ENGINE, table, reason)


def drops_history(context: StatementContext) -> Iterator[Hazard]:
    """MariaDB: what system versioning kept is deleted with it."""
    if context.both is None or not any(context.of_kind(ClauseKind.OTHER)):
        return
    old, new = context.both
    if old.system_versioned and not new.system_versioned:
        reason = "all earlier versions of rows, kept by system versioning, are lost"
        yield needing_permission(HazardKind.DROP_HISTORY, new.name, reason)


def changes_history(context: StatementContext) -> Iterator[Hazard]:
    """MariaDB: what a session with system_versioning_alter_history=KEEP does to what was."""
    if context.both is None or not all(table.system_versioned for table in context.both):
        return
    for clause in context.of_kind(ClauseKind.DROP_COLUMN):
        reason = "its values in earlier versions of rows are lost as well"
        yield needing_permission(HazardKind.DROP_HISTORY, clause.object, reason)
    for clause in context.of_kind(ClauseKind.ADD_COLUMN):
        reason = "earlier versions of rows get its default, as if they had always had it"
        yield worth_knowing(HazardKind.CHANGE_VALUES, clause.object, reason)
    for _, old, new in context.changed_columns():
        if (old.sql_type, old.nullable) != (new.sql_type, new.nullable):
            reason = "earlier versions of rows are converted as well, and must fit"
            yield worth_knowing(HazardKind.CHANGE_VALUES, new.name, reason)
