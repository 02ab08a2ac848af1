"""Partitioning as SQL."""

from __future__ import annotations

import re

from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.rendering.style import Style
from reconciler.model.schema import Partition, Partitioning
from reconciler.model.server import Flavor, ServerVersion

# MariaDB's partitions without a list or range of values.
WITHOUT_VALUES = ("DEFAULT", "HISTORY", "CURRENT")

_KEY_ALGORITHM = re.compile(r"(KEY) (ALGORITHM = \d) ")


def partitioning_sql(
    partitioning: Partitioning, version: ServerVersion, style: Style = Style.PLAIN
) -> str:
    """PARTITION BY ... with count or list, over several lines as the servers print it."""
    printed_by_mysql = version.flavor is Flavor.MYSQL and style.is_printed
    sql = f"PARTITION BY {partitioning.method_sql}"
    if partitioning.subpartition_sql is not None:
        sql += f"\nSUBPARTITION BY {partitioning.subpartition_sql}"
    if printed_by_mysql:
        sql = _KEY_ALGORITHM.sub(r"\1 */ /*!50611 \2 */ /*!50100 ", sql)
    if partitioning.subpartition_count is not None:
        sql += f"\nSUBPARTITIONS {partitioning.subpartition_count}"
    if partitioning.count is not None:
        sql += f"\nPARTITIONS {partitioning.count}"
    if partitioning.partitions:
        parts = ",\n ".join(partition_sql(p, style) for p in partitioning.partitions)
        sql += f"\n({parts})"
    if printed_by_mysql:
        since = 50500 if "  COLUMNS(" in partitioning.method_sql else 50100
        return f"/*!{since} {sql} */"
    return sql


def partition_sql(partition: Partition, style: Style = Style.PLAIN) -> str:
    """One partition with its values, options and subpartitions."""
    sql = f"PARTITION {_name(partition, style)}"
    if partition.values_sql in WITHOUT_VALUES:
        sql += f" {partition.values_sql}"
    elif partition.values_sql is not None:
        sql += f" VALUES {partition.values_sql}"
    sql += _options(partition)
    if partition.subpartitions:
        subpartitions = ",\n  ".join(
            f"SUBPARTITION {_name(part, style)}{_options(part)}" for part in partition.subpartitions
        )
        sql += f"\n ({subpartitions})"
    return sql


def _name(partition: Partition, style: Style) -> str:
    if style.is_printed and not partition.quoted:
        return partition.name
    return quote_identifier(partition.name)


def _options(partition: Partition) -> str:
    return "".join(f" {name} = {value}" for name, value in partition.options)
