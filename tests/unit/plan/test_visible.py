"""Text from outside stays on its line and in the open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan.visible import (
    escape_sql,
    hidden_in_sql,
    is_hidden,
    unescape_sql,
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


STATEMENTS = st.builds("ALTER TABLE `{}` COMMENT '{}'".format, any_text, any_text) | any_text


@pytest.mark.invariant("PL-15")
@given(STATEMENTS)
def test_an_escaped_statement_hides_nothing_and_comes_back(sql: str) -> None:
    shown = escape_sql(sql)
    assert unescape_sql(shown) == sql
    assert {c for c in shown if is_hidden(c)} <= {"\n"}


@pytest.mark.invariant("PL-15")
@given(any_text)
def test_one_text_is_the_escape_of_one_statement_at_most(text: str) -> None:
    try:
        sql = unescape_sql(text)
    except ValueError:
        return
    assert escape_sql(sql) == text


@pytest.mark.invariant("PL-15")
@pytest.mark.parametrize(
    "text",
    ["⟦U+0041⟧", "⟦", "⟦U+202E", "⟦u+202e⟧", "⟦U+0202E⟧", "⟦U+110000⟧", "a\u202eb", "⟦U+27E6"],
)
def test_letters_that_could_be_seen_are_never_escaped(text: str) -> None:
    with pytest.raises(ValueError, match="not the escaped form"):
        unescape_sql(text)


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("COMMENT 'a\u202eb'", "COMMENT 'a⟦U+202E⟧b'"),
        ("COMMENT '\x9b31m'", "COMMENT '⟦U+009B⟧31m'"),
        ("COMMENT '⟦U+202E⟧'", "COMMENT '⟦U+27E6⟧U+202E⟧'"),
        ("ADD `a\nb`\nint", "ADD `a⟦U+000A⟧b`\nint"),
        ("COMMENT '\U000e0041\ufe0f'", "COMMENT '⟦U+E0041⟧⟦U+FE0F⟧'"),
        ("COMMENT '注文 é'", "COMMENT '注文 é'"),
    ],
)
def test_what_hides_stands_in_brackets(sql: str, shown: str) -> None:
    assert escape_sql(sql) == shown
