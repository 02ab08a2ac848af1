"""Quoting is what the server prints, and unquoting undoes it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.quote import (
    quote_identifier,
    quote_identifiers,
    quote_string,
    unquote_identifier,
    unquote_string,
)


def test_a_string_is_printed_with_the_servers_escapes_and_no_others() -> None:
    assert quote_string("it's a\\b\r\n\t\0 \x1a\"") == "'it''s a\\\\b\\r\\n\t\\0 \x1a\"'"


def test_a_list_of_names_has_no_blanks() -> None:
    assert quote_identifiers(("a", "b`c")) == "`a`,`b``c`"


def test_a_bare_name_is_itself() -> None:
    assert unquote_identifier("users") == "users"


@given(st.text())
def test_a_quoted_string_is_one_token_that_means_the_string(text: str) -> None:
    assert unquote_string(quote_string(text)) == text
    (token,) = tokenize(quote_string(text))
    assert (token.kind, token.value) == (TokenKind.STRING, text)


@given(st.text(min_size=1))
def test_a_quoted_name_is_one_token_that_means_the_name(name: str) -> None:
    (token,) = tokenize(quote_identifier(name))
    assert (token.kind, token.value) == (TokenKind.QUOTED_IDENTIFIER, name)
