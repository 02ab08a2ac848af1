"""From one RANGE or LIST list of partitions to another, by the fewest partitions touched.

Equal partitions stand still. Between them: what only disappears is dropped with its rows (the
hazard says so), what only appears is added at the end or cut off its right neighbour, and where
both happen the rows are sorted again. MySQL does each in a statement of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.ddl.scan import STRING
from reconciler.diff.moves import longest_increasing_run
from reconciler.diff.pairing import name_key
from reconciler.model.schema import Partition


@dataclass(frozen=True, slots=True)
class DropPartitions:
    partitions: tuple[Partition, ...]


@dataclass(frozen=True, slots=True)
class AddPartitions:
    partitions: tuple[Partition, ...]


@dataclass(frozen=True, slots=True)
class ReorganizePartitions:
    old: tuple[Partition, ...]
    new: tuple[Partition, ...]


# One value, or one tuple of values where there are several columns.
_LISTED_VALUE = re.compile(rf"\((?:{STRING}|[^'()]++)*+\)|[^,'(]*{STRING}|[^,'()]+")

ListChange = DropPartitions | AddPartitions | ReorganizePartitions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Region:
    """A run of partitions that changes: old[start:end] becomes new[new_start:new_end]."""

    start: int
    end: int
    new_start: int
    new_end: int


def list_changes(
    old: tuple[Partition, ...], new: tuple[Partition, ...]
) -> tuple[ListChange, ...] | None:
    """The changes in the order they must run; None where only PARTITION BY can do it."""
    regions = _grown(old, new, _regions(old, new))
    changes = tuple(_change(old, new, region) for region in regions)
    if any(isinstance(change, ReorganizePartitions) and _cuts_range(change) for change in changes):
        return None
    # Drops first: they free values and names. Additions at the end come last.
    order = (DropPartitions, ReorganizePartitions, AddPartitions)
    return tuple(sorted(changes, key=lambda change: order.index(type(change))))


def _regions(old: Sequence[Partition], new: Sequence[Partition]) -> list[_Region]:
    """What lies between the partitions that are equal and in the same order on both sides."""
    place = {partition: index for index, partition in enumerate(old)}
    common = [index for index, partition in enumerate(new) if partition in place]
    run = longest_increasing_run([place[new[index]] for index in common])
    anchors = [(place[new[common[i]]], common[i]) for i in run]
    regions = []
    last_old, last_new = -1, -1
    for old_index, new_index in [*anchors, (len(old), len(new))]:
        if old_index - last_old > 1 or new_index - last_new > 1:
            regions.append(
                _Region(
                    start=last_old + 1, end=old_index, new_start=last_new + 1, new_end=new_index
                )
            )
        last_old, last_new = old_index, new_index
    return regions


def _grown(
    old: Sequence[Partition], new: Sequence[Partition], regions: list[_Region]
) -> list[_Region]:
    """Regions taken so far that each can change by itself."""
    grown = [_with_right_neighbour(old, new, region) for region in regions]
    if _collide(old, new, grown):
        first, last = grown[0], grown[-1]
        whole = _Region(
            start=first.start, end=last.end, new_start=first.new_start, new_end=last.new_end
        )
        return [_with_right_neighbour(old, new, whole)]
    return _joined(grown)


def _with_right_neighbour(
    old: Sequence[Partition], new: Sequence[Partition], region: _Region
) -> _Region:
    """A range may only change within its bounds, and nothing is added but at the end; so the
    partition to the right, which is equal on both sides, takes part where it is needed."""
    at_end = region.end == len(old)
    only_drops = region.new_start == region.new_end
    same_bound = (
        region.start < region.end
        and not only_drops
        and old[region.end - 1].values_sql == new[region.new_end - 1].values_sql
    )
    is_list = _is_list(old)
    if at_end or only_drops or same_bound or (is_list and region.start < region.end):
        return region
    return _Region(
        start=region.start,
        end=region.end + 1,
        new_start=region.new_start,
        new_end=region.new_end + 1,
    )


def _joined(regions: list[_Region]) -> list[_Region]:
    joined: list[_Region] = []
    for region in regions:
        if joined and joined[-1].end > region.start:
            left = joined.pop()
            region = _Region(
                start=left.start,
                end=region.end,
                new_start=left.new_start,
                new_end=region.new_end,
            )
        joined.append(region)
    return joined


def _collide(old: Sequence[Partition], new: Sequence[Partition], regions: list[_Region]) -> bool:
    """Whether a name or a listed value wanders from one region to another."""
    for taken in (_names, listed_values):
        homes = {item: i for i, r in enumerate(regions) for item in taken(old[r.start : r.end])}
        for i, region in enumerate(regions):
            wanted = taken(new[region.new_start : region.new_end])
            if any(homes.get(item, i) != i for item in wanted):
                return True
    return False


def _change(old: Sequence[Partition], new: Sequence[Partition], region: _Region) -> ListChange:
    gone = tuple(old[region.start : region.end])
    come = tuple(new[region.new_start : region.new_end])
    if not come:
        return DropPartitions(gone)
    if not gone:
        return AddPartitions(come)
    return ReorganizePartitions(gone, come)


def _cuts_range(change: ReorganizePartitions) -> bool:
    """Error 1520: REORGANIZE may extend the last range and never shorten it.

    Bounds that are no plain integers are not compared; different ones then count as shorter.
    """
    old, new = change.old[-1].values_sql, change.new[-1].values_sql
    if _is_list(change.old) or old == new or new == "LESS THAN MAXVALUE":
        return False
    bounds = [_integer_bound(old or ""), _integer_bound(new or "")]
    return bounds[0] is None or bounds[1] is None or bounds[1] < bounds[0]


def _integer_bound(values_sql: str) -> int | None:
    text = values_sql.removeprefix("LESS THAN (").removesuffix(")")
    return int(text) if text.removeprefix("-").isdecimal() else None


def _is_list(partitions: Sequence[Partition]) -> bool:
    return any((partition.values_sql or "").startswith("IN ") for partition in partitions)


def _names(partitions: Sequence[Partition]) -> set[str]:
    own = {name_key(partition.name) for partition in partitions}
    return own.union(*(_names(partition.subpartitions) for partition in partitions))


def listed_values(partitions: Sequence[Partition]) -> set[str]:
    """The values that a LIST names; none for a RANGE."""
    values: set[str] = set()
    for partition in partitions:
        if _is_list((partition,)):
            values.update(_LISTED_VALUE.findall((partition.values_sql or "")[len("IN (") : -1]))
    return values
