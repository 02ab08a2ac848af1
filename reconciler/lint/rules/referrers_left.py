"""A column gets another type, and those that refer to it keep theirs."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import ColumnOutline, TableOutline
from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import meant_by, spelled


def _check(asked: Asked) -> Iterator[Found]:
    _, keyspace_before = asked.change
    for column in asked.table.columns:
        old = asked.was(column)
        if old is None or spelled(old) == spelled(column):
            continue
        left = [
            f"{table.name}.{child.name}"
            for _, table in sorted(asked.keyspace.tables.items())
            if (was := keyspace_before.before(table)) is not None
            for child in _children(table, asked.table, column)
            if (child_was := was.column(child.name)) is not None
            and spelled(child_was) == spelled(child) == spelled(old)
        ]
        if left:
            yield Found(
                message=f"becomes {spelled(column)}, and {', '.join(left)} stay{_s(left)}"
                f" {spelled(old)}",
                at=column.at,
                object=column.name,
            )


def _children(
    table: TableOutline, parent: TableOutline, key: ColumnOutline
) -> Iterator[ColumnOutline]:
    """By a foreign key, or by the name: `order_id` of `orders.id`."""
    names = {
        own.lower()
        for one in table.foreign_keys
        if one.parent_table.lower() == parent.name.lower()
        for own, theirs in zip(one.columns, one.parent_columns, strict=False)
        if theirs.lower() == key.name.lower()
    }
    for column in table.columns:
        meant = meant_by(column.name.lower(), table, {parent.name.lower(): parent})
        by_name = meant is not None and meant[1] is key
        if column.name.lower() in names or by_name:
            yield column


def _s(names: list[str]) -> str:
    return "s" if len(names) == 1 else ""


RULE = Rule(
    name="referrers-left",
    severity=Severity.WARNING,
    reason="a join converts one of the two and may use no index; an id that outgrows the smaller"
    " type cannot be stored",
    source="Spirit type_pedantic, for the tables that a change leaves alone",
    check=_check,
    of_changes=True,
)
