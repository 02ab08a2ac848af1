"""A table of a sharded keyspace whose rows no column sends to a shard."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    name = asked.keyspace.shard_column(asked.table)
    if name is None:
        return
    column = asked.table.column(name)
    if column is None:
        yield Found(message=f"has no column {name}, by which rows are sharded", at=asked.table.at)
        return
    if column.nullable:
        yield Found(
            message="decides the shard of a row, and may be NULL", at=column.at, object=column.name
        )
    if not any(index.columns[:1] == (name,) for index in asked.table.indexes):
        yield Found(
            message="decides the shard of a row, and no index begins with it",
            at=column.at,
            object=column.name,
            severity=Severity.WARNING,
        )


RULE = Rule(
    name="sharding-key-missing",
    severity=Severity.ERROR,
    reason="a row whose shard nobody can tell is on none, and a split reads tables whole for it",
    source="no other tool looks for plain MySQL; Vitess INVALID_VSCHEMA",
    check=_check,
)
