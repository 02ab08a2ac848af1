"""What each target of a split gets of the rows of a chunk, or of a drained queue.

Rules: a row goes to the one target whose range holds its id, and this is asked twice, in two ways;
every other target loses the row's key, so that no row whose shard column has changed stays behind
as a twin (SP-33). A key that was written to and has no row any more goes from all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from reconciler.errors import Problem, Refused
from reconciler.model.fleet import KeyRange
from reconciler.reshard.ranges import range_index
from reconciler.reshard.rows import Key, MovedTable, Row, Value

KeyspaceId = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBatch:
    """`deleted` go first: a key may be written otherwise than that of the row that it finds, `a`
    instead of `A`."""

    target: str
    replaced: tuple[Row, ...]
    deleted: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Owners:
    """Who owns which rows: the targets' ranges, which cover each id of the source once."""

    ranges: tuple[tuple[str, KeyRange], ...]
    keyspace_id: KeyspaceId

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.ranges)


def chunk_batches(
    table: MovedTable, rows: Sequence[Row], owners: Owners
) -> tuple[TargetBatch, ...]:
    """One for each target, in the owners' order, for a chunk of its own too that has none of its
    rows: how far the copy has come is recorded either way. Raises Refused."""
    return _batches(table, rows, (), owners)


def queue_batches(
    table: MovedTable, keys: Iterable[Key], rows: Sequence[Row], owners: Owners
) -> tuple[TargetBatch, ...]:
    """Of keys that were written to, and the rows that they have now. Raises Refused."""
    return _batches(table, rows, tuple(dict.fromkeys(keys)), owners)


def _batches(
    table: MovedTable, rows: Sequence[Row], keys: tuple[Key, ...], owners: Owners
) -> tuple[TargetBatch, ...]:
    owned = _owned(table, rows, owners)
    batches = []
    for target in owners.targets:
        here = {row.key for row in owned[target]}
        gone = tuple(key for key in keys if key not in here)
        batches.append(TargetBatch(target=target, replaced=tuple(owned[target]), deleted=gone))
    return tuple(batches)


def _owned(table: MovedTable, rows: Sequence[Row], owners: Owners) -> dict[str, list[Row]]:
    if table.shard_by is None:
        return {target: list(rows) for target in owners.targets}
    ids = _ids(table, rows, owners)
    index = range_index(key_range for _, key_range in owners.ranges)
    names = {key_range: name for name, key_range in owners.ranges}
    owned: dict[str, list[Row]] = {target: [] for target in owners.targets}
    for row in rows:
        holder = index.holder(ids[row.owner])
        if holder is None:
            at = f"has the id {ids[row.owner].hex()}, which no target's range holds"
            raise Refused(_no_owner(table, at))
        owned[names[holder]].append(row)
    for target, key_range in owners.ranges:
        assert all(key_range.holds(ids[row.owner]) for row in owned[target]), target
    return owned


def _ids(table: MovedTable, rows: Sequence[Row], owners: Owners) -> dict[Value, bytes]:
    """By shard column value: many rows have the same."""
    ids: dict[Value, bytes] = {}
    for row in rows:
        if row.owner is None:
            raise Refused(_no_owner(table, "has no value in its shard column"))
        if row.owner not in ids:
            ids[row.owner] = owners.keyspace_id(row.owner)
    return ids


def _no_owner(table: MovedTable, why: str) -> Problem:
    return Problem(
        code="split-row-without-owner",
        message=f"table {table.name}: a row of the source {why}",
        recovery="find out how it came there, move or delete it, then have the split tried again:"
        " `reconciler status` names it",
    )
