"""A column `order_id` that is not of the type of `orders.id`."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import ColumnOutline, TableOutline
from reconciler.lint.model import Asked, Found, Keyspace, Rule, Severity
from reconciler.lint.types import spelled

_SUFFIX = "_id"


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        other = _meant(column.name.lower(), asked.table, asked.keyspace)
        if other is None:
            continue
        table, key = other
        if spelled(column) != spelled(key):
            yield Found(
                message=f"is {spelled(column)}, and {table.name}.{key.name} {spelled(key)}",
                at=column.at,
                object=column.name,
            )


def _meant(
    name: str, own: TableOutline, keyspace: Keyspace
) -> tuple[TableOutline, ColumnOutline] | None:
    if not name.endswith(_SUFFIX):
        return None
    noun = name.removesuffix(_SUFFIX)
    for candidate in (noun, f"{noun}s", f"{noun}es", f"{noun[:-1]}ies"):
        table = keyspace.table(candidate)
        if table is None or table is own:
            continue
        key = table.column("id") or table.column(name)
        if key is not None:
            return table, key
    return None


RULE = Rule(
    name="reference-type",
    severity=Severity.WARNING,
    reason="a join converts one of the two and may use no index; an id that outgrows the smaller"
    " type cannot be stored",
    source="Spirit type_pedantic",
    check=_check,
)
