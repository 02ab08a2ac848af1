"""What a table will be once the plan has run: the desired table, less what policy leaves alone.

Policy may leave the order of its columns and its list of partitions to the shard. Then what the
shard has is the goal, and a plan made after that one is empty.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.diff.model import Note
from reconciler.diff.pairing import by_name
from reconciler.model.policy import ColumnOrder, PartitionLists, Policy
from reconciler.model.schema import Column, Partitioning, Table


def target_table(
    before: Table | None, desired: Table, policy: Policy
) -> tuple[Table, tuple[Note, ...]]:
    """`before` has its desired names already (annotated renames are applied)."""
    if before is None:
        return desired, ()
    target = desired
    notes: list[Note] = []
    if policy.column_order is ColumnOrder.IGNORE:
        target = replace(target, columns=_in_shard_order(before.columns, target.columns))
    if policy.partition_lists is PartitionLists.ROTATION and _same_rule(before, target):
        if before.partitioning != target.partitioning:
            notes.append(_list_left_alone(target))
        target = replace(target, partitioning=before.partitioning)
    return target, tuple(notes)


def _in_shard_order(before: tuple[Column, ...], desired: tuple[Column, ...]) -> tuple[Column, ...]:
    """The shard's order, with new columns where the file has them relative to their left one."""
    wanted = by_name(desired)
    order = [key for key in by_name(before) if key in wanted]
    left: str | None = None
    for key in wanted:
        if key not in order:
            order.insert(0 if left is None else order.index(left) + 1, key)
        left = key
    return tuple(wanted[key] for key in order)


def _same_rule(before: Table, desired: Table) -> bool:
    """Whether both are partitioned by lists that differ, if at all, in the lists alone."""
    old, new = before.partitioning, desired.partitioning
    if old is None or new is None or not has_value_list(new):
        return False
    return replace(old, partitions=()) == replace(new, partitions=())


def has_value_list(partitioning: Partitioning) -> bool:
    """RANGE and LIST, as against HASH and KEY."""
    return any(partition.values_sql is not None for partition in partitioning.partitions)


def _list_left_alone(table: Table) -> Note:
    text = "its list of partitions differs from the file and is left to the rotation job"
    return Note(table=table.name, text=f"{text} (policy partition_lists: rotation)")
