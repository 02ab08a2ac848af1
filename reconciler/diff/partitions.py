"""How a table's partitioning changes: by PARTITION BY within the table's ALTER, or by statements
that touch single partitions and share an ALTER with nothing else (error 1064)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.ddl.quote import quote_identifiers
from reconciler.ddl.render import partition_sql, partitioning_sql
from reconciler.diff.dependants import columns_of_rule
from reconciler.diff.model import Clause, ClauseKind
from reconciler.diff.pairing import by_name
from reconciler.diff.partition_lists import (
    AddPartitions,
    DropPartitions,
    ListChange,
    ReorganizePartitions,
    list_changes,
)
from reconciler.diff.target import has_value_list
from reconciler.model.schema import Partition, Partitioning, Table
from reconciler.model.server import ServerVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionClauses:
    """`whole` ends the table's ALTER; `statements` are an ALTER each, after it."""

    whole: Clause | None = None
    statements: tuple[Clause, ...] = ()


def partition_clauses(
    before: Table, after: Table, rebuilt: frozenset[str], version: ServerVersion
) -> PartitionClauses:
    old, new = before.partitioning, after.partitioning
    if new is None:
        return PartitionClauses() if old is None else PartitionClauses(whole=_remove(after))
    whole = PartitionClauses(whole=_partition_by(after, new, version))
    if old is None or _uses_changed_column(before, after, rebuilt):
        return whole
    if old == new:
        return PartitionClauses()
    if replace(old, count=new.count, partitions=new.partitions) != new:
        return whole
    statements = _statements(old, new)
    return PartitionClauses(statements=statements) if statements else whole


def _uses_changed_column(before: Table, after: Table, rebuilt: frozenset[str]) -> bool:
    """A column that is dropped and added, or whose values another type writes otherwise."""
    assert before.partitioning is not None
    old, new = by_name(before.columns), by_name(after.columns)
    used = columns_of_rule(before.partitioning) & old.keys()
    if not rebuilt.isdisjoint(used):
        return True
    if before.partitioning == after.partitioning:
        return False
    return any(key in new and old[key].sql_type != new[key].sql_type for key in used)


def _statements(old: Partitioning, new: Partitioning) -> tuple[Clause, ...] | None:
    if has_value_list(old) and has_value_list(new):
        changes = list_changes(old.partitions, new.partitions)
        return None if changes is None else tuple(map(_list_clause, changes))
    if old.count is not None and new.count is not None:
        return (_count_clause(old.count, new.count),)
    if old.count is None and new.count is None and old.partitions and new.partitions:
        return _hash_list_clauses(old.partitions, new.partitions)
    return None


def _list_clause(change: ListChange) -> Clause:
    match change:
        case DropPartitions(partitions):
            names = tuple(partition.name for partition in partitions)
            return Clause(
                kind=ClauseKind.DROP_PARTITION,
                object=_joined(partitions),
                sql=f"DROP PARTITION {quote_identifiers(names)}",
                partitions=names,
            )
        case AddPartitions(partitions):
            return _add(partitions)
        case ReorganizePartitions(old, new):
            names = tuple(partition.name for partition in old)
            return Clause(
                kind=ClauseKind.REORGANIZE_PARTITION,
                object=_joined(old),
                sql=f"REORGANIZE PARTITION {quote_identifiers(names)} INTO {_list(new)}",
                partitions=names,
            )
        case _:
            assert_never(change)


def _count_clause(old: int, new: int) -> Clause:
    if new > old:
        sql = f"ADD PARTITION PARTITIONS {new - old}"
        return Clause(kind=ClauseKind.ADD_PARTITION, object=f"{new} partitions", sql=sql)
    sql = f"COALESCE PARTITION {old - new}"
    return Clause(kind=ClauseKind.COALESCE_PARTITION, object=f"{new} partitions", sql=sql)


def _hash_list_clauses(
    old: tuple[Partition, ...], new: tuple[Partition, ...]
) -> tuple[Clause, ...] | None:
    """Named HASH and KEY partitions come and go at the end; any other change is a PARTITION BY."""
    if new[: len(old)] == old:
        return (_add(new[len(old) :]),)
    if old[: len(new)] == new:
        return (_count_clause(len(old), len(new)),)
    return None


def _add(partitions: tuple[Partition, ...]) -> Clause:
    return Clause(
        kind=ClauseKind.ADD_PARTITION,
        object=_joined(partitions),
        sql=f"ADD PARTITION {_list(partitions)}",
    )


def _list(partitions: tuple[Partition, ...]) -> str:
    return f"({', '.join(map(partition_sql, partitions))})"


def _joined(partitions: tuple[Partition, ...]) -> str:
    return ", ".join(partition.name for partition in partitions)


def _partition_by(table: Table, partitioning: Partitioning, version: ServerVersion) -> Clause:
    return Clause(
        kind=ClauseKind.PARTITION_BY,
        object=table.name,
        sql=partitioning_sql(partitioning, version),
    )


def _remove(table: Table) -> Clause:
    return Clause(kind=ClauseKind.REMOVE_PARTITIONING, object=table.name, sql="REMOVE PARTITIONING")
