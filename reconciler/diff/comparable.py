"""A table's fingerprint as policy compares it: without what policy leaves to each shard.

Every comparison of the product (matching, drift, the chain of a plan, the check before and the
reading back after a statement) goes through this one function, so that none can see a difference
that another calls none.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.ddl.fingerprint import canonical_fingerprint
from reconciler.ddl.normalize import normalize_table
from reconciler.diff.counters import COUNTER
from reconciler.model.policy import AutoIncrement, ColumnOrder, PartitionLists, Policy
from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion


def policy_fingerprint(table: Table, version: ServerVersion, policy: Policy) -> str:
    """Under `auto_increment: raise` the counter must have been read as far as it matters
    (`ddl.counter.counted_to`)."""
    canonical = normalize_table(_comparable(table, policy), version)
    counter = table.option(COUNTER)
    if policy.auto_increment is AutoIncrement.RAISE and counter is not None:
        canonical = replace(canonical, options=(*canonical.options, (COUNTER, counter)))
    return canonical_fingerprint(canonical, version)


def _comparable(table: Table, policy: Policy) -> Table:
    partitioning = table.partitioning
    if policy.partition_lists is PartitionLists.ROTATION and partitioning is not None:
        listed = partitioning.method_sql.lstrip().upper().startswith(("RANGE", "LIST"))
        if listed:
            table = replace(table, partitioning=replace(partitioning, partitions=()))
    if policy.column_order is ColumnOrder.IGNORE:
        table = replace(table, columns=tuple(sorted(table.columns, key=lambda c: c.name)))
    return table
