"""Words that every partition repeats: the table's engine, and the quoting of its name."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.schema import Partition, Table
from reconciler.model.server import ServerVersion


def without_partition_noise(table: Table, version: ServerVersion) -> Table:
    if table.partitioning is None:
        return table
    engine = table.option("ENGINE")
    partitions = tuple(_partition(part, engine) for part in table.partitioning.partitions)
    return replace(table, partitioning=replace(table.partitioning, partitions=partitions))


def _partition(partition: Partition, engine: str | None) -> Partition:
    """Partitions of several engines are refused by the servers (1497), so the table's is theirs."""
    return replace(
        partition,
        quoted=True,
        options=tuple(pair for pair in partition.options if pair != ("ENGINE", engine)),
        subpartitions=tuple(_partition(part, engine) for part in partition.subpartitions),
    )
