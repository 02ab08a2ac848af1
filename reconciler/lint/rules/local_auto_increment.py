"""A counter that every shard begins for itself."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    if not asked.keyspace.sharded or asked.keyspace.shard_column(asked.table) is None:
        return
    for column in asked.table.columns:
        if column.auto_increment:
            yield Found(
                message="counts up on each shard by itself, so that shards give out the same"
                " numbers",
                at=column.at,
                object=column.name,
            )


RULE = Rule(
    name="local-auto-increment",
    severity=Severity.WARNING,
    on_vitess=Severity.ERROR,
    reason="rows of two shards cannot be told apart by it, and a merge of shards fails on it,"
    " unless servers count with offsets of their own",
    source="no other tool looks for plain MySQL; Vitess UNSUPPORTED_SHARDED_FEATURE",
    check=_check,
)
