"""A table in partitions."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    partitioning = asked.table.partitioning
    if partitioning is None:
        return
    yield Found(
        message=f"is partitioned by {partitioning.method or 'an unknown method'}",
        at=partitioning.at,
    )


RULE = Rule(
    name="partitioned",
    severity=Severity.OFF,
    reason="foreign keys and many changes are not to be had with partitions",
    source="Bytebase table.disallow-partition",
    check=_check,
)
