"""Lists of partitions change by as little as can be."""

from __future__ import annotations

import pytest

from reconciler.diff.partition_lists import (
    AddPartitions,
    DropPartitions,
    ListChange,
    ReorganizePartitions,
    list_changes,
)
from reconciler.model.schema import Partition


def ranges(text: str) -> tuple[Partition, ...]:
    """ "a10 b20 m": a below 10, b below 20, m below MAXVALUE."""
    return tuple(
        Partition(
            name=item[0],
            values_sql=f"LESS THAN ({item[1:]})" if item[1:] else "LESS THAN MAXVALUE",
        )
        for item in text.split()
    )


def lists(text: str) -> tuple[Partition, ...]:
    """ "a1,2 b3": a holds 1 and 2, b holds 3."""
    return tuple(Partition(name=item[0], values_sql=f"IN ({item[1:]})") for item in text.split())


def told(changes: tuple[ListChange, ...] | None) -> str:
    if changes is None:
        return "whole"
    words = []
    for change in changes:
        match change:
            case DropPartitions(partitions):
                words.append(f"drop {_names(partitions)}")
            case AddPartitions(partitions):
                words.append(f"add {_names(partitions)}")
            case ReorganizePartitions(old, new):
                words.append(f"{_names(old)} into {_names(new)}")
    return "; ".join(words)


def _names(partitions: tuple[Partition, ...]) -> str:
    return "".join(partition.name for partition in partitions)


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("a10 b20", "a10 b20 c30", "add c"),
        ("a10 b20", "b20", "drop a"),
        ("a10 b20 c30", "b20 c30 d40", "drop a; add d"),
        ("a10 m", "a10 b20 m", "m into bm"),
        ("a10 b20 c30", "x5 a10 b20 c30", "a into xa"),
        ("a10 b20 c30 d40", "x20 c30 d40", "ab into x"),
        ("a10 b20 c30", "a12 b20 c30", "ab into ab"),
        ("a10 b20", "a10 b25", "b into b"),
        ("a10 b20", "a10 b15", "whole"),
        ("a10 b20", "a10 m", "b into m"),
        ("a10 m", "a10 m30", "whole"),
        ("a10 b20 c30", "c10 b20 a30", "abc into cba"),
        ("a10 b20 c30", "a10 c30", "drop b"),
    ],
)
def test_ranges(old: str, new: str, changes: str) -> None:
    assert told(list_changes(ranges(old), ranges(new))) == changes


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("a1,2 b3", "a1,2 b3 c4", "add c"),
        ("a1,2 b3", "b3", "drop a"),
        ("a1,2 b3", "a1,2,7 b3", "a into a"),
        ("a1,2 b3 c4", "a1 b3 c4,2", "abc into abc"),
        ("a1 b2", "x9 a1 b2", "a into xa"),
        ("a1 b2 c3", "a1 b4 c3", "b into b"),
        ("a'x,y','(' b'z'", "a'x,y' b'z','('", "ab into ab"),
        ("a(1,'x'),(2,'y') b(3,'z')", "a(1,'x') b(3,'z'),(2,'y')", "ab into ab"),
    ],
)
def test_lists(old: str, new: str, changes: str) -> None:
    assert told(list_changes(lists(old), lists(new))) == changes
