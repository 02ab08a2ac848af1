"""A counter that comes near the end of its type on some shard."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, LiveTable, Rule, Severity
from reconciler.lint.types import INTEGERS, largest


def _check(asked: Asked) -> Iterator[Found]:
    live = asked.keyspace.live.get(asked.table.name.lower(), {})
    used = {shard: _percent(seen) for shard, seen in live.items()}
    shard = max(sorted(used), key=used.__getitem__, default=None)
    if shard is None or used[shard] < asked.number("most"):
        return
    column = next((one for one in asked.table.columns if one.auto_increment), None)
    over = sum(percent >= asked.number("most") for percent in used.values())
    yield Found(
        message=f"has used {used[shard]} % of {live[shard].counting} on shard {shard}, the fullest;"
        f" {over} of {len(live)} are at {asked.number('most')} % or more",
        at=column.at if column else asked.table.at,
        object=column.name if column else None,
        severity=Severity.ERROR if used[shard] >= asked.number("error") else None,
    )


def _percent(seen: LiveTable) -> int:
    words = (seen.counting or "").replace("(", " ").split()
    if seen.counter is None or not words or words[0] not in INTEGERS:
        return 0
    return 100 * (seen.counter - 1) // largest(words[0], unsigned="unsigned" in words)


RULE = Rule(
    name="auto-increment-capacity",
    severity=Severity.WARNING,
    reason="at the end of the type every insert into that shard fails, and a wider type is a copy"
    " of the whole table",
    source="Spirit auto_inc_capacity; PlanetScale's recommendations",
    check=_check,
    options={"most": 70, "error": 85},
    of_live=True,
)
