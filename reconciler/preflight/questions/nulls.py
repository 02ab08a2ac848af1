"""NULL in a column that is to hold none (1138 on MySQL, 1265 and 1048 in other places)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import ClauseKind
from reconciler.model.schema import Column, IndexKind
from reconciler.plan.hazards.statement_context import find_column, find_index
from reconciler.preflight.change import Change
from reconciler.preflight.model import Effect, QuestionKind, Raised, RowCondition


def has_nulls(change: Change) -> Iterator[Raised]:
    for clause, old, new in change.context.changed_columns():
        plain = new.generated is None and clause.kind is not ClauseKind.SET_DEFAULT
        if plain and old.nullable and not new.nullable:
            yield _nulls(change, old, new.name)


def has_nulls_in_primary_key(change: Change) -> Iterator[Raised]:
    """A primary key makes its columns NOT NULL, whatever their own clauses say."""
    written = {new.name for _, _, new in change.context.changed_columns()}
    for clause in change.context.of_kind(ClauseKind.ADD_INDEX):
        index = find_index(change.after, clause.object)
        if index is None or index.kind is not IndexKind.PRIMARY:
            continue
        for part in index.parts:
            old = change.old_name(part.column) if part.column else None
            column = find_column(change.before, old) if old is not None else None
            if column is not None and column.nullable and part.column not in written:
                yield _nulls(change, column, part.column or column.name)


def _nulls(change: Change, old: Column, name: str) -> Raised:
    return Raised(
        kind=QuestionKind.NULLS,
        object=name,
        effect=change.of_unfit_values if not change.is_strict else Effect.FAILS,
        what="rows with NULL",
        question=RowCondition(f"{quote_identifier(old.name)} IS NULL"),
    )
