"""A column `order_id` that is not of the type of `orders.id`."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import meant_by, spelled


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        other = meant_by(column.name.lower(), asked.table, asked.keyspace.tables)
        if other is None:
            continue
        table, key = other
        if spelled(column) != spelled(key):
            yield Found(
                message=f"is {spelled(column)}, and {table.name}.{key.name} {spelled(key)}",
                at=column.at,
                object=column.name,
            )


RULE = Rule(
    name="reference-type",
    severity=Severity.WARNING,
    reason="a join converts one of the two and may use no index; an id that outgrows the smaller"
    " type cannot be stored",
    source="Spirit type_pedantic",
    check=_check,
)
