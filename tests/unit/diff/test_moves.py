"""As few columns move as can be, and what moves leads to the wanted order."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff.moves import longest_increasing_run, moved_names


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        ("abc", "abc", ""),
        ("abcdef", "acdebf", "b"),
        ("abc", "xaybzc", ""),
        ("abcd", "dcba", "bcd"),
        ("abcde", "ed", "d"),
        ("", "ab", ""),
    ],
)
def test_only_what_must_moves(old: str, new: str, moved: str) -> None:
    assert len(moved_names(old, new)) == len(moved)
    staying = [name for name in old if name in new and name not in moved_names(old, new)]
    assert staying == [name for name in new if name in staying]


@pytest.mark.parametrize(
    ("old", "new", "fixed", "moved"),
    [
        ("abXc", "abcX", "X", "c"),
        ("Xabc", "abcX", "X", "abc"),
        ("aXbYc", "cXbYa", "XY", "ac"),
        ("aXbY", "bXaY", "XY", "ab"),
        ("abX", "baX", "X", "a"),
    ],
)
def test_what_is_fixed_stays(old: str, new: str, fixed: str, moved: str) -> None:
    found = moved_names(old, new, fixed=fixed)
    assert len(found) == len(moved)
    assert not found & set(fixed)


@given(st.permutations(list(range(7))))
def test_the_run_increases_and_none_is_longer(values: list[int]) -> None:
    run = [values[index] for index in longest_increasing_run(values)]
    assert run == sorted(run)
    longest = max(
        length
        for length in range(len(values) + 1)
        for chosen in itertools.combinations(values, length)
        if list(chosen) == sorted(chosen)
    )
    assert len(run) == longest
