"""A rename that a file asks for is done once, and never guessed to be due."""

from __future__ import annotations

from reconciler.diff.rename_choice import RenameChoice, choose_renames


def choose(asked: list[tuple[str, str]], old: dict[str, str], new: dict[str, str]) -> RenameChoice:
    """Names with what they stand for; a rename leaves that as it is."""
    return choose_renames(tuple(asked), old, new, lambda a, b: a)


def test_a_rename_whose_old_name_is_there_and_whose_new_one_is_free_is_due() -> None:
    assert choose([("a", "b")], {"a": "1"}, {"b": "1"}).to_do == (("a", "b"),)


def test_a_rename_that_was_done_is_inert() -> None:
    assert choose([("a", "b")], {"b": "1"}, {"b": "1"}) == RenameChoice()


def test_a_rename_to_a_name_that_nothing_has_is_inert() -> None:
    assert choose([("a", "b")], {"a": "1"}, {"a": "1"}) == RenameChoice()


def test_with_both_names_there_nothing_is_renamed() -> None:
    choice = choose([("a", "b")], {"a": "1", "b": "2"}, {"b": "1"})
    assert choice == RenameChoice(blocked=(("a", "b"),))


def test_a_chain_frees_its_names_from_the_end() -> None:
    choice = choose([("a", "b"), ("b", "c")], {"a": "1", "b": "2"}, {"b": "1", "c": "2"})
    assert choice.to_do == (("b", "c"), ("a", "b"))


def test_a_swap_is_due_when_only_the_swapped_definitions_match() -> None:
    asked = [("a", "b"), ("b", "a")]
    assert choose(asked, {"a": "1", "b": "2"}, {"a": "2", "b": "1"}).to_do == tuple(asked)


def test_a_swap_was_done_when_the_definitions_match_as_they_are() -> None:
    asked = [("a", "b"), ("b", "a")]
    assert choose(asked, {"a": "2", "b": "1"}, {"a": "2", "b": "1"}) == RenameChoice()


def test_a_swap_that_nothing_tells_is_undecided() -> None:
    asked = [("a", "b"), ("b", "a")]
    for old in ({"a": "1", "b": "1"}, {"a": "3", "b": "4"}):
        new = {"a": "1", "b": "1"}
        assert choose(asked, old, new).undecided == tuple(asked)
