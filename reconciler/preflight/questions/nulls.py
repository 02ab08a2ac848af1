"""NULL in a column that is to hold none (1138 on MySQL, 1265 and 1048 in other places)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.row_questions import null_sql
from reconciler.diff.model import ClauseKind
from reconciler.model.schema import Column, IndexKind
from reconciler.model.server import Flavor
from reconciler.plan.hazards.column_type import Family, parse_column_type
from reconciler.plan.hazards.statement_context import find_column, find_index
from reconciler.preflight.change import Change
from reconciler.preflight.model import Effect, QuestionKind, Raised, RowCondition


def has_nulls(change: Change) -> Iterator[Raised]:
    for clause, old, new in change.context.changed_columns():
        if clause.kind is ClauseKind.SET_DEFAULT or not old.nullable or new.nullable:
            continue
        computed_anew = new.generated is not None and old.generated != new.generated
        if not computed_anew and not new.auto_increment:
            yield _nulls(change, old, new)


def has_nulls_in_primary_key(change: Change) -> Iterator[Raised]:
    """A primary key makes its columns NOT NULL, whatever their own clauses say."""
    written = {new.name for _, _, new in change.context.changed_columns()}
    for clause in change.context.of_kind(ClauseKind.ADD_INDEX):
        index = find_index(change.after, clause.object)
        if index is None or index.kind is not IndexKind.PRIMARY:
            continue
        for part in index.parts:
            new = find_column(change.after, part.column) if part.column else None
            old = change.old_name(new.name) if new is not None else None
            column = find_column(change.before, old) if old is not None else None
            if new is None or column is None or new.auto_increment:
                continue
            if column.nullable and new.name not in written:
                yield _nulls(change, column, new)


def _nulls(change: Change, old: Column, new: Column) -> Raised:
    timed = _gets_the_time(change, new)
    fails = change.is_strict and not timed
    return Raised(
        kind=QuestionKind.NULLS,
        object=new.name,
        effect=Effect.FAILS if fails else Effect.LOSES,
        what="rows with NULL" + (", which get the time of the statement" if timed else ""),
        question=RowCondition(null_sql(old.name)),
    )


def _gets_the_time(change: Change, new: Column) -> bool:
    """MariaDB 10.11 and 11.8 always, MySQL 9.7 where it copies rows."""
    copies = change.copies_rows or change.settings.version.flavor is Flavor.MARIADB
    return copies and parse_column_type(new.sql_type).family is Family.TIMESTAMP
