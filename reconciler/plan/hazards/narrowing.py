"""Values that a new type, character set or sign may cut, refuse or give another meaning."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import ClauseKind
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.schema import Column
from reconciler.plan.hazards.column_type import ColumnType, Family, parse_column_type
from reconciler.plan.hazards.statement_context import (
    StatementContext,
    needing_permission,
    worth_knowing,
)
from reconciler.plan.hazards.type_change import type_change_losses

_COLLATED = frozenset({Family.TEXT, Family.ENUM, Family.SET})


def changes_type(context: StatementContext) -> Iterator[Hazard]:
    for clause, old, new in context.changed_columns():
        if clause.kind is ClauseKind.SET_DEFAULT or new.generated is not None:
            continue  # what is computed is computed again; what was computed keeps its values
        old_type, new_type = column_type(old), column_type(new)
        for loss in type_change_losses(old_type, new_type):
            reason = f"{_shown(old_type)} becomes {_shown(new_type)}: {loss.reason}"
            yield needing_permission(loss.kind, new.name, reason)


def changes_collation(context: StatementContext) -> Iterator[Hazard]:
    for _, old, new in context.changed_columns():
        if old.collation == new.collation or None in (old.collation, new.collation):
            continue
        if parse_column_type(new.sql_type).family in _COLLATED:
            reason = f"texts compare and sort by {new.collation} instead of {old.collation}"
            yield worth_knowing(HazardKind.CHANGE_VALUES, new.name, reason)


def changes_computation(context: StatementContext) -> Iterator[Hazard]:
    """A generated column by MODIFY: another expression, or to or from a plain column."""
    for clause, old, new in context.changed_columns():
        if clause.kind is ClauseKind.SET_DEFAULT or old.generated == new.generated:
            continue
        if old.generated is None:
            reason = "the column becomes a computed one: the values of existing rows are replaced"
            yield needing_permission(HazardKind.CHANGE_VALUES, new.name, reason)
        elif new.generated is not None:
            reason = "the values of existing rows are computed again, by another expression"
            yield worth_knowing(HazardKind.CHANGE_VALUES, new.name, reason)


def column_type(column: Column) -> ColumnType:
    """The type with the effective character set, which a collation's name tells as well."""
    charset = column.charset
    if charset is None and column.collation is not None:
        charset = column.collation.partition("_")[0]
    return parse_column_type(column.sql_type, charset)


def _shown(column: ColumnType) -> str:
    charset = f" ({column.charset})" if column.charset and column.family is Family.TEXT else ""
    text = column.text if len(column.text) <= 60 else f"{column.text[:57]}..."
    return f"{text}{charset}"
