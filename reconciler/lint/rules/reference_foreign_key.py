"""A foreign key from a table that is on every shard to one that is not."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    if not asked.keyspace.sharded or not asked.keyspace.shard_by:
        return
    if asked.keyspace.shard_column(asked.table) is not None:
        return
    for one in asked.table.foreign_keys:
        parent = None if one.parent_database else asked.keyspace.table(one.parent_table)
        if parent is not None and asked.keyspace.shard_column(parent) is not None:
            yield Found(
                message=f"is the same on every shard, and its parent {parent.name} is not",
                at=one.at,
                object=one.name,
            )


RULE = Rule(
    name="reference-foreign-key",
    severity=Severity.ERROR,
    reason="a row of such a table has its parent on one shard, and is refused on all the others",
    source="no other tool looks",
    check=_check,
)
