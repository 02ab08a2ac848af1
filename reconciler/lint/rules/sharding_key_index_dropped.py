"""The last index that begins with the column that decides the shard goes."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import IndexOutline, TableOutline
from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.model.schema import IndexKind


def _check(asked: Asked) -> Iterator[Found]:
    before, keyspace_before = asked.change
    name = asked.keyspace.shard_column(asked.table)
    column, old = asked.table.column(name), before.column(keyspace_before.shard_column(before))
    if column is None or old is None or _leading(asked.table, column.name):
        return
    for index in _leading(before, old.name)[:1]:
        which = "the primary key" if index.kind is IndexKind.PRIMARY else f"index {index.name}"
        yield Found(
            message=f"decides the shard of a row, and no index begins with it without {which}",
            at=column.at,
            object=column.name,
        )


def _leading(table: TableOutline, column: str) -> list[IndexOutline]:
    return [index for index in table.indexes if index.columns[:1] == (column.lower(),)]


RULE = Rule(
    name="sharding-key-index-dropped",
    severity=Severity.WARNING,
    reason="what belongs to one key is looked for in the whole table, and a split reads it whole"
    " for each range",
    source="no other tool looks; docs/split.md",
    check=_check,
    of_changes=True,
)
