"""Text from outside stays on its line and in the open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan.visible import (
    hidden_in_sql,
    is_hidden,
    visible_block,
    visible_line,
    visible_sql,
)

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


def test_the_line_ends_of_a_statement_stay_and_those_of_its_names_do_not() -> None:
    sql = "ALTER TABLE `t`\n  ADD `a\n-- harmless` int COMMENT 'x\u202ey'"
    assert visible_sql(sql) == ("ALTER TABLE `t`\n  ADD `a\\n-- harmless` int COMMENT 'x\\u202ey'")
    assert hidden_in_sql(sql) == ("U+000A", "U+202E")


@given(any_text)
def test_no_statement_can_make_a_line_that_starts_inside_a_name(text: str) -> None:
    quoted = "`" + text.replace("`", "``") + "`"
    assert visible_sql(f"DROP TABLE {quoted}").count("\n") == 0
