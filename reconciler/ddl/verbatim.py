"""The parts of a table that are SQL as the server printed it, and read by nobody in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.schema import Partition, Table


def verbatim_pieces(table: Table) -> Iterator[str]:
    for column in table.columns:
        yield from filter(None, (column.default_sql, column.on_update_sql, column.check_sql))
        if column.generated is not None:
            yield column.generated.expression
    for index in table.indexes:
        yield from (part.expression for part in index.parts if part.expression is not None)
    yield from (check.expression for check in table.checks)
    if table.partitioning is not None:
        yield table.partitioning.method_sql
        yield table.partitioning.subpartition_sql or ""
        yield from _values(table.partitioning.partitions)


def _values(partitions: Iterable[Partition]) -> Iterator[str]:
    for partition in partitions:
        yield partition.values_sql or ""
        yield from _values(partition.subpartitions)
