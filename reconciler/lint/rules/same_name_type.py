"""One name for columns of different types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import spelled


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        if column.name.lower() in asked.words("apart"):
            continue
        said = Counter(
            spelled(other)
            for table in asked.keyspace.tables.values()
            if (other := table.column(column.name)) is not None
        )
        mine = spelled(column)
        usual, most = min(said.items(), key=lambda one: (-one[1], one[0]))
        if usual != mine and most > said[mine]:
            yield Found(
                message=f"is {mine}, and {usual} in {most} other table{'s' if most > 1 else ''}",
                at=column.at,
                object=column.name,
            )


RULE = Rule(
    name="same-name-type",
    severity=Severity.OFF,
    reason="joins convert one of the two and then use no index; ids that outgrow the smaller type"
    " are refused",
    source="Spirit type_pedantic",
    check=_check,
    options={"apart": ("id", "name", "type", "status", "value", "data")},
)
