"""One shard has many times the rows of a table that the others have."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from reconciler.lint.model import Asked, Found, Rule, Severity

_SHARDS_MIN = 3  # of two, neither is the usual one


def _check(asked: Asked) -> Iterator[Found]:
    live = asked.keyspace.live.get(asked.table.name.lower(), {})
    rows = {shard: seen.rows for shard, seen in live.items() if seen.rows is not None}
    if len(rows) < _SHARDS_MIN or asked.keyspace.shard_column(asked.table) is None:
        return
    shard = max(sorted(rows), key=rows.__getitem__)
    usual = max(int(median(rows.values())), 1)
    if rows[shard] >= asked.number("rows") and rows[shard] >= asked.number("times") * usual:
        yield Found(
            message=f"has about {rows[shard] // usual} times as many rows on shard {shard} as on"
            f" most of {len(rows)}",
            at=asked.table.at,
        )


RULE = Rule(
    name="shard-skew",
    severity=Severity.INFO,
    reason="the shard fills, slows and is copied before all others; `advise` says where a split"
    " would help",
    source="no other tool looks",
    check=_check,
    options={"times": 4, "rows": 100_000},
    of_live=True,
)
