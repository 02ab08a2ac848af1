"""A list of partitions with the names that a count would give them is that count.

The servers remember which of the two was written, and make the same partitions of both: p0, p1, ...
and p0sp0, p0sp1, ... They also remember a count of one that nobody wrote by printing nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace

from reconciler.model.schema import Partition, Partitioning, Table
from reconciler.model.server import ServerVersion

_BY_HASH_OR_KEY = re.compile(r"(?:LINEAR )?(?:HASH|KEY)\b")


def with_counts_for_default_names(table: Table, version: ServerVersion) -> Table:
    if table.partitioning is None:
        return table
    return replace(table, partitioning=_counted(_subcounted(table.partitioning)))


def _counted(partitioning: Partitioning) -> Partitioning:
    if _BY_HASH_OR_KEY.match(partitioning.method_sql) is None:
        return partitioning
    if not partitioning.partitions:
        return replace(partitioning, count=partitioning.count or 1)
    if partitioning.partitions != _default_partitions("p", len(partitioning.partitions)):
        return partitioning
    return replace(partitioning, count=len(partitioning.partitions), partitions=())


def _subcounted(partitioning: Partitioning) -> Partitioning:
    if partitioning.subpartition_sql is None:
        return partitioning
    partitions = partitioning.partitions
    if not any(part.subpartitions for part in partitions):
        count = partitioning.subpartition_count or 1
        return replace(partitioning, subpartition_count=count)
    count = len(partitions[0].subpartitions)
    if any(
        part.subpartitions != _default_partitions(f"{part.name}sp", count) for part in partitions
    ):
        return partitioning
    return replace(
        partitioning,
        subpartition_count=count,
        partitions=tuple(replace(part, subpartitions=()) for part in partitions),
    )


def _default_partitions(prefix: str, count: int) -> tuple[Partition, ...]:
    return tuple(Partition(name=f"{prefix}{number}") for number in range(count))
