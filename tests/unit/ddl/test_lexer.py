"""The lexer splits any text, and loses none of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ddl.lexer import NAMES, names_of, tokenize
from reconciler.ddl.lexer import TokenKind as K


def kinds_and_values(text: str) -> list[tuple[K, str]]:
    return [(token.kind, token.value) for token in tokenize(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("create", K.WORD, "create"),
        ("größe", K.WORD, "größe"),
        ("1abc", K.WORD, "1abc"),
        ("_foo", K.WORD, "_foo"),
        ("`a``b`", K.QUOTED_IDENTIFIER, "a`b"),
        ("'it''s'", K.STRING, "it's"),
        (r"'it\'s'", K.STRING, "it's"),
        (r"'a\\'", K.STRING, "a\\"),
        (r"'\0\n\t\Z\q'", K.STRING, "\0\n\t\x1aq"),
        (r"'50\%'", K.STRING, r"50\%"),
        ('"say ""hi"" ; \'"', K.STRING, 'say "hi" ; \''),
        ("n'x'", K.STRING, "x"),
        ("'two\nlines'", K.STRING, "two\nlines"),
        ("1", K.NUMBER, "1"),
        ("1.5", K.NUMBER, "1.5"),
        (".5", K.NUMBER, ".5"),
        ("1e5", K.NUMBER, "1e5"),
        ("0x1F", K.HEX, "0x1F"),
        ("x'1F'", K.HEX, "x'1F'"),
        ("0b01", K.BIT, "0b01"),
        ("b'01'", K.BIT, "b'01'"),
        ("->>", K.PUNCTUATION, "->>"),
        ("-- to the end", K.COMMENT, "-- to the end"),
        ("# to the end", K.COMMENT, "# to the end"),
        ("/* over\nlines */", K.COMMENT, "/* over\nlines */"),
        ("/*+ a hint */", K.COMMENT, "/*+ a hint */"),
        ("'never ends", K.UNTERMINATED, "'never ends"),
        ("'a''", K.UNTERMINATED, "'a''"),
        ("`never ends", K.UNTERMINATED, "`never ends"),
        ("/* never ends", K.UNTERMINATED, "/* never ends"),
        ("\0", K.UNKNOWN, "\0"),
        ("\U0001f600", K.UNKNOWN, "\U0001f600"),
    ],
)
def test_one_token(text: str, kind: K, value: str) -> None:
    assert kinds_and_values(text) == [(kind, value)]


def test_what_stands_in_an_executable_comment_is_sql() -> None:
    tokens = list(tokenize("a /*!80023 INVISIBLE */ b /*M!100401 c */"))
    assert [(t.kind, t.text, t.executable) for t in tokens] == [
        (K.WORD, "a", False),
        (K.EXECUTABLE_OPEN, "/*!80023", True),
        (K.WORD, "INVISIBLE", True),
        (K.EXECUTABLE_CLOSE, "*/", True),
        (K.WORD, "b", False),
        (K.EXECUTABLE_OPEN, "/*M!100401", True),
        (K.WORD, "c", True),
        (K.EXECUTABLE_CLOSE, "*/", True),
    ]


def test_an_executable_comment_left_open_is_unterminated() -> None:
    assert [t.kind for t in tokenize("/*! select")] == [K.EXECUTABLE_OPEN, K.WORD, K.UNTERMINATED]


def test_an_introducer_needs_a_character_set_and_a_literal() -> None:
    assert [t.kind for t in tokenize("_utf8mb4'a' _latin1 x'ff' _utf8mb4 _nothing'a'")] == [
        K.INTRODUCER, K.STRING, K.INTRODUCER, K.HEX, K.WORD, K.WORD, K.STRING,
    ]  # fmt: skip


def test_two_dashes_are_a_comment_only_before_a_blank() -> None:
    assert kinds_and_values("a--1") == [
        (K.WORD, "a"), (K.PUNCTUATION, "-"), (K.PUNCTUATION, "-"), (K.NUMBER, "1"),
    ]  # fmt: skip


def test_a_semicolon_in_a_string_or_comment_is_no_token() -> None:
    assert not any(t.is_punctuation(";") for t in tokenize("a ';' `;` /* ; */ -- ;"))


def test_star_slash_outside_of_a_comment_is_two_operators() -> None:
    assert [t.text for t in tokenize("2*/* two */3")] == ["2", "*", "/* two */", "3"]
    assert [t.text for t in tokenize("2 */ 3")] == ["2", "*", "/", "3"]


def test_lines_and_columns_count_from_one() -> None:
    tokens = list(tokenize("create\n  table `t`\n(\n"))
    assert [(t.text, t.line, t.column) for t in tokens] == [
        ("create", 1, 1), ("table", 2, 3), ("`t`", 2, 9), ("(", 3, 1),
    ]  # fmt: skip


@given(st.text(alphabet=st.sampled_from("ab1 '\"`\\/*!-#\n_xX.0(;é\U0001f600"), max_size=60))
def test_no_text_is_lost(text: str) -> None:
    at = 0
    for token in tokenize(text):
        assert text[at : token.offset].isspace() or at == token.offset
        assert text[token.offset : token.offset + len(token.text)] == token.text
        at = token.offset + len(token.text)
    assert text[at:].isspace() or at == len(text)
    assert [*names_of(text)] == [token.value for token in tokenize(text) if token.kind in NAMES]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("/*!1 a */* b */", ["a", "b"]),
        ("a */* b */", ["a"]),
        ("select `a``b`.c, 'd', 1.5e, .5f, 0x1g, _utf8mb4'h', _i", ["a`b", "c", "e", "f", "0x1g"]),
    ],
)
def test_names_are_those_of_the_tokens(text: str, names: list[str]) -> None:
    found = [*names_of(text)]
    assert found == [token.value for token in tokenize(text) if token.kind in NAMES]
    assert not {*names}.difference(found)
