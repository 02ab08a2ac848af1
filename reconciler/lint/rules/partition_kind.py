"""Partitions that Vitess does not take."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Ground, Rule, Severity

_BY_VITESS = ("RANGE", "HASH", "KEY")


def _check(asked: Asked) -> Iterator[Found]:
    partitioning = asked.table.partitioning
    if partitioning is None or asked.keyspace.ground is not Ground.VITESS:
        return
    if partitioning.subpartitioned:
        yield Found(message="has subpartitions", at=partitioning.at)
    elif partitioning.method not in _BY_VITESS:
        yield Found(message=f"is partitioned by {partitioning.method}", at=partitioning.at)


RULE = Rule(
    name="partition-kind",
    severity=Severity.ERROR,
    reason="Vitess compares RANGE, HASH and KEY alone: a change of such a table is refused",
    source="Vitess UNSUPPORTED_PARTITIONING_FEATURE",
    check=_check,
)
