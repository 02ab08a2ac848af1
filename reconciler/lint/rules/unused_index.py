"""An index by which no shard was read."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import IndexOutline
from reconciler.lint.model import Asked, Found, LiveTable, Rule, Severity
from reconciler.model.schema import IndexKind

_DAY_S = 86_400


def _check(asked: Asked) -> Iterator[Found]:
    live = asked.keyspace.live.get(asked.table.name.lower(), {})
    days = min((seen.up_s for seen in live.values()), default=0) // _DAY_S
    if not live or days < asked.number("days"):
        return
    for index in asked.table.indexes:
        if index.kind is not IndexKind.PLAIN or not index.visible or _is_for_a_key(index, asked):
            continue
        if _nobody_read((index.name or "").lower(), tuple(live.values())):
            shards = f"any of {len(live)} shards" if len(live) > 1 else "its shard"
            yield Found(
                message=f"was read by nobody on {shards} in the {days} days that the primaries"
                " are up, as far as they counted; replicas count for themselves",
                at=index.at,
                object=index.name,
            )


def _nobody_read(index: str, live: tuple[LiveTable, ...]) -> bool:
    """Only where every shard counted. A table that nobody reads at all says nothing of its
    indexes."""
    counted = [seen.reads for seen in live if seen.reads is not None]
    if len(counted) < len(live) or not any(reads.rows for reads in counted):
        return False
    return all(reads.by_index.get(index) == 0 for reads in counted)


def _is_for_a_key(index: IndexOutline, asked: Asked) -> bool:
    """Whether a foreign key may need it, on either side: its checks may count as no read."""
    own = [[name.lower() for name in key.columns] for key in asked.table.foreign_keys]
    name = asked.table.name.lower()
    others = [
        [column.lower() for column in key.parent_columns]
        for table in asked.keyspace.tables.values()
        for key in table.foreign_keys
        if key.parent_table.lower() == name
    ]
    return any(list(index.columns[: len(key)]) == key for key in (*own, *others))


RULE = Rule(
    name="unused-index",
    severity=Severity.INFO,
    reason="every write keeps it up to date; before it goes, make it invisible for as long as the"
    " rarest report takes to come round",
    source="MySQL 8.4 manual, 29.12.20.8.2; sys.schema_unused_indexes, PlanetScale's"
    " recommendations",
    check=_check,
    options={"days": 30},
    of_live=True,
)
