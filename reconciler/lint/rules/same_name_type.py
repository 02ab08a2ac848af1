"""One name for columns of different types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.ddl.outline.model import TableOutline
from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import spelled


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        if column.name.lower() in asked.words("apart"):
            continue
        holders = [table for table in asked.keyspace.tables.values() if table.column(column.name)]
        if not any(_is_indexed(column.name.lower(), table) for table in holders):
            continue
        said = Counter(
            spelled(other) for table in holders if (other := table.column(column.name)) is not None
        )
        mine = spelled(column)
        others = [(count, name) for name, count in said.items() if name != mine]
        most, usual = min(others, key=lambda one: (-one[0], one[1]), default=(0, ""))
        if most >= said[mine]:
            yield Found(
                message=f"is {mine}, and {usual} in {most} other table{'s' if most > 1 else ''}",
                at=column.at,
                object=column.name,
            )


def _is_indexed(column: str, table: TableOutline) -> bool:
    """Whom nobody looks for by it, nobody joins by it."""
    return any(column in index.columns for index in table.indexes)


RULE = Rule(
    name="same-name-type",
    severity=Severity.OFF,
    reason="joins convert one of the two and then use no index; ids that outgrow the smaller type"
    " are refused",
    source="Spirit type_pedantic",
    check=_check,
    options={"apart": ("id", "name", "type", "status", "value", "data")},
)
