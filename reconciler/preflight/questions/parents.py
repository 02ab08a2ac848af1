"""Rows whose parent row is missing (1452). A row with NULL in any column of the key needs none."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.row_questions import without_parent_sql
from reconciler.diff.model import ClauseKind
from reconciler.diff.pairing import name_key
from reconciler.model.schema import Column, ForeignKey
from reconciler.model.server import Flavor
from reconciler.plan.hazards.statement_context import find_column
from reconciler.preflight.change import Change
from reconciler.preflight.model import (
    Effect,
    KnownToHold,
    NotAskable,
    OtherTable,
    Question,
    QuestionKind,
    Raised,
    RowCondition,
)
from reconciler.preflight.questions.as_written import as_written, same_in_all
from reconciler.preflight.sql import ROW


def lacks_parents(change: Change) -> Iterator[Raised]:
    keys = {name_key(key.name): key for key in change.after.foreign_keys} if change.after else {}
    for clause in change.context.of_kind(ClauseKind.ADD_FOREIGN_KEY):
        key = keys.get(name_key(clause.object))
        if key is None:
            continue
        checked = change.context.step.foreign_key_checks
        yield Raised(
            kind=QuestionKind.PARENTS,
            object=key.name,
            effect=Effect.FAILS if checked else Effect.STAYS,
            what="rows without a parent row",
            question=_question(change, key),
        )


def lost_parents(change: Change) -> Iterator[Raised]:
    """MySQL puts every row of a copy to the keys that stand, which one may break that was written
    while foreign_key_checks was off."""
    step = change.context.step
    mysql = change.settings.version.flavor is Flavor.MYSQL
    if not (mysql and change.copies_rows and step.foreign_key_checks and change.after):
        return
    stood = {name_key(key.name) for key in change.before.foreign_keys}
    added = {name_key(c.object) for c in change.context.of_kind(ClauseKind.ADD_FOREIGN_KEY)}
    for key in change.after.foreign_keys:
        if name_key(key.name) in stood - added:
            yield Raised(
                kind=QuestionKind.PARENTS,
                object=key.name,
                effect=change.of_unfit_values,
                what="rows without a parent row",
                question=_question(change, key),
            )


def _question(change: Change, key: ForeignKey) -> Question:
    ours: list[str] = []
    for name in key.columns:
        old, new = change.context.column_before(name), find_column(change.after, name)
        if change.old_name(name) is None or old is None or new is None:
            made = same_in_all(change, new) if new is not None and not _is_empty(new) else None
            if made is None:
                return _of_new_column(new)
            ours.append(made)
            continue
        written = as_written(change, old, new)
        if written is None:
            return NotAskable(f"how values of {name} are converted is not known beforehand")
        # Inside of the other table's SELECT, a bare name would be a column of that one.
        ours.append(written.replace(quote_identifier(old.name), _own(old), 1))
    parent = _parent(change, key)
    return RowCondition(without_parent_sql(_name(parent), key.parent_columns, ours), other=parent)


def _own(column: Column) -> str:
    return f"{ROW}.{quote_identifier(column.name)}"


def _parent(change: Change, key: ForeignKey) -> OtherTable:
    is_own = change.after is not None and key.parent_table == change.after.name
    name = change.before.name if is_own and key.parent_database is None else key.parent_table
    return OtherTable(name, key.parent_database)


def _name(table: OtherTable) -> str:
    database = "" if table.database is None else f"{quote_identifier(table.database)}."
    return f"{database}{quote_identifier(table.name)}"


def _of_new_column(new: Column | None) -> KnownToHold | NotAskable:
    if new is not None and _is_empty(new):
        return KnownToHold("all rows have NULL in a column that is new")
    return NotAskable("it is made of a column that the same plan adds")


def _is_empty(new: Column) -> bool:
    return new.nullable and new.default_sql in (None, "NULL") and new.generated is None
