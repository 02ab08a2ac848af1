"""A unique key of a sharded table without the column that decides the shard."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.model.schema import IndexKind


def _check(asked: Asked) -> Iterator[Found]:
    column = asked.keyspace.shard_column(asked.table)
    if column is None or not asked.keyspace.sharded:
        return
    for key in asked.table.unique_keys:
        if column not in key.columns:
            what = "the primary key" if key.kind is IndexKind.PRIMARY else "it"
            yield Found(
                message=f"{what} is unique on each shard, and not over all of them: {column} is not"
                " in it",
                at=key.at,
                object=key.name,
                severity=None if key.kind is IndexKind.UNIQUE else Severity.INFO,
            )


RULE = Rule(
    name="sharding-key-unique",
    severity=Severity.WARNING,
    reason="two shards may hold one value each, and a merge of the two fails on it",
    source="no other tool looks; Vitess keeps such keys by lookup vindexes",
    check=_check,
)
