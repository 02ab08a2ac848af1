"""Ranges hold every key once, or it is said where they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.fleet import KeyRange, parse_key_range
from reconciler.reshard.ranges import (
    WHOLE,
    FaultKind,
    RangeFault,
    covering_faults,
    cut,
    is_same,
    joined,
    range_index,
)

KEYS = st.binary(max_size=3)
BOUNDS = st.lists(st.binary(min_size=1, max_size=2).filter(lambda b: b.strip(b"\0")), max_size=5)


def named(*names: str) -> list[KeyRange]:
    found = [parse_key_range(name) for name in names]
    assert None not in found
    return [one for one in found if one is not None]


def faults(*names: str, whole: str = "-") -> list[str]:
    [around] = named(whole)
    return [f"{one.kind} {one.key_range}" for one in covering_faults(named(*names), around)]


@pytest.mark.invariant("SP-1")
@pytest.mark.parametrize(
    ("name", "key", "is_held"),
    [
        ("-40", "", True),
        ("-40", "3fffffffffffffff", True),
        ("-40", "40", False),
        ("40-80", "40", True),
        ("40-80", "4000000000000000", True),
        ("40-80", "80", False),
        ("4000-80", "40", True),
        ("40-8000", "80", False),
        ("80-", "ffffffffffffffff", True),
        ("80-", "ffffffffffffffffffff", True),
        ("80-", "7f", False),
        ("-", "", True),
    ],
)
def test_a_range_holds_its_start_and_not_its_end_and_the_last_has_none(
    name: str, key: str, is_held: bool
) -> None:
    [key_range] = named(name)
    assert key_range.holds(bytes.fromhex(key)) is is_held


@pytest.mark.invariant("SP-1")
def test_bounds_of_different_lengths_are_one_place() -> None:
    assert is_same(*named("-80", "-8000000000000000000000"))
    assert not is_same(*named("-80", "-8001"))
    assert not is_same(*named("80-", "80-ff"))
    assert faults("-40", "4000-80", "8000000000000000000000-") == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["-"], []),
        (["80-", "-80"], []),
        (["-40", "80-"], ["gap 40-80"]),
        (["40-"], ["gap -40"]),
        (["-40"], ["gap 40-"]),
        (["-80", "40-"], ["overlap 40-80"]),
        (["-80", "20-40", "80-"], ["overlap 20-40"]),
        (["-", "80-"], ["overlap 80-"]),
        (["-80", "-80", "80-"], ["overlap -80"]),
        (["-c0", "20-40", "60-80", "d0-"], ["overlap 20-40", "overlap 60-80", "gap c0-d0"]),
        ([], ["gap -"]),
    ],
)
def test_every_gap_and_every_overlap_is_told(names: list[str], expected: list[str]) -> None:
    assert faults(*names) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["40-60", "60-80"], []),
        (["40-60"], ["gap 60-80"]),
        (["30-60", "60-80"], ["outside 30-60"]),
        (["20-30", "40-80"], ["outside 20-30"]),
        (["40-"], ["outside 40-"]),
        (["90-"], ["outside 90-", "gap 40-80"]),
    ],
)
def test_parts_hold_what_the_whole_holds_and_nothing_else(
    names: list[str], expected: list[str]
) -> None:
    assert sorted(faults(*names, whole="40-80")) == sorted(expected)


def test_a_range_without_a_key_is_a_fault() -> None:
    empty = KeyRange(b"\x40", b"\x40")
    assert RangeFault(kind=FaultKind.EMPTY, key_range=empty) in covering_faults([WHOLE, empty])
    assert covering_faults([KeyRange(b"\x80", b"\x40")])[0].kind is FaultKind.EMPTY


def test_neighbours_join_and_others_do_not() -> None:
    assert joined(named("40-60", "60-80")) == named("40-80")[0]
    assert joined(named("80-", "40-80")) == named("40-")[0]
    assert joined(named("-40", "80-")) is None
    assert joined(named("-40", "30-80")) is None
    assert joined([]) is None


@given(bounds=BOUNDS, key=KEYS)
def test_exactly_one_part_of_a_cut_range_holds_a_key(bounds: list[bytes], key: bytes) -> None:
    parts = cut(WHOLE, bounds)
    assert covering_faults(parts) == ()
    [holder] = [part for part in parts if part.holds(key)]
    assert range_index(parts).holder(key) == holder
    assert joined(parts) == WHOLE


@given(ranges=st.lists(st.tuples(KEYS, KEYS).map(lambda ends: KeyRange(*ends)), max_size=4))
def test_no_fault_means_that_every_key_has_one_holder(ranges: list[KeyRange]) -> None:
    keys = {bound for one in ranges for bound in (one.start, one.end, one.start + b"\1")}
    counts = {key: sum(one.holds(key) for one in ranges) for key in {*keys, b"", b"\xff" * 9}}
    if not covering_faults(ranges):
        assert set(counts.values()) == {1}
    elif all(one.start.rstrip(b"\0") < one.end.rstrip(b"\0") or not one.end for one in ranges):
        assert set(counts.values()) != {1}


def test_nobody_is_asked_for_a_key_in_a_gap() -> None:
    index = range_index(named("20-40", "80-"))
    assert [index.holder(bytes([key])) for key in (0x10, 0x20, 0x40, 0x80)] == [
        None,
        named("20-40")[0],
        None,
        named("80-")[0],
    ]
