"""Tables wait for what they need; circles are opened at one of their own members."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff.ordering import dependency_order

NAMES = "abcdef"


def test_each_name_comes_after_those_it_needs() -> None:
    assert dependency_order("abc", {"a": ["b"], "b": ["c"]}) == ("c", "b", "a")


def test_the_alphabet_decides_where_nothing_else_does() -> None:
    assert dependency_order("cab", {}) == ("a", "b", "c")


def test_what_is_not_among_the_names_is_there_already() -> None:
    assert dependency_order("ab", {"a": ["x"], "b": ["a"]}) == ("a", "b")


def test_a_circle_is_opened_within_and_not_at_what_hangs_on_it() -> None:
    assert dependency_order("abc", {"a": ["b"], "b": ["c"], "c": ["b"]}) == ("b", "a", "c")


def test_a_table_may_need_itself() -> None:
    assert dependency_order("a", {"a": ["a"]}) == ("a",)


@given(st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES))))
def test_every_name_comes_once_whatever_the_needs(needs: dict[str, set[str]]) -> None:
    assert sorted(dependency_order(NAMES, needs)) == sorted(NAMES)
