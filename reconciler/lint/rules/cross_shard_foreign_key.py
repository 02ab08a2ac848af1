"""A foreign key whose two rows may live on two shards."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    mine = asked.keyspace.shard_column(asked.table)
    if not asked.keyspace.sharded or mine is None:
        return
    for one in asked.table.foreign_keys:
        parent = asked.keyspace.table(one.parent_table)
        theirs = asked.keyspace.shard_column(parent) if parent else None
        if one.parent_database or parent is None or theirs is None:
            continue
        pairs = zip(one.columns, one.parent_columns, strict=False)
        if (mine, theirs) not in {(here.lower(), there.lower()) for here, there in pairs}:
            yield Found(
                message=f"ties rows to {parent.name} without their sharding columns ({mine},"
                f" {theirs})",
                at=one.at,
                object=one.name,
            )


RULE = Rule(
    name="cross-shard-foreign-key",
    severity=Severity.ERROR,
    reason="the parent may be on another shard, where no server looks: the row cannot be written",
    source="no other tool looks; a server keeps foreign keys inside one schema only",
    check=_check,
)
