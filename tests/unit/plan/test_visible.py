"""Text from outside stays on its line and in the open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan.visible import hidden_characters, is_hidden, visible_block, visible_line

any_text = st.text(st.characters())


@pytest.mark.invariant("RP-6")
@given(any_text)
def test_a_visible_line_is_one_line_without_anything_hidden(text: str) -> None:
    shown = visible_line(text)
    assert not any(map(is_hidden, shown))
    assert len(shown.splitlines()) <= 1
    shown.encode()


@pytest.mark.invariant("RP-6")
@given(any_text)
def test_a_visible_block_keeps_line_feeds_and_nothing_else_that_hides(text: str) -> None:
    assert {c for c in visible_block(text) if is_hidden(c)} <= {"\n"}
    assert visible_block(text).count("\n") == text.count("\n")


@given(any_text, st.integers(1, 50))
def test_a_cut_line_says_how_much_is_missing(text: str, limit: int) -> None:
    whole, cut = visible_line(text), visible_line(text, limit_chars=limit)
    assert cut == whole or cut == f"{whole[:limit]}… ({len(whole) - limit} more characters)"


@pytest.mark.parametrize(
    "text", ["users", "naïve café", "注文テーブル　表", "😀", "` ' \" \\ <b> @x"]
)
def test_ordinary_text_comes_through_as_it_is(text: str) -> None:
    assert visible_line(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("user\u202etpircs", "user\\u202etpircs"),
        ("a\u200bb", "a\\u200bb"),
        ("a\u00a0b", "a\\u00a0b"),
        ("a\U000e0041b", "a\\U000e0041b"),
        ("a\u3164b", "a\\u3164b"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_what_hides_is_written_as_its_code_point(text: str, shown: str) -> None:
    assert visible_line(text) == shown


def test_hidden_characters_are_named_once_and_sorted() -> None:
    assert hidden_characters(["a\u202eb\u200b", "\u202e"]) == ("U+200B", "U+202E")
