"""Whether a password may stand in the text of a program: such a text is never shown, and so never
managed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from reconciler.ddl.lexer import Token, TokenKind, tokenize

_PASSWORDS = ("PASSWORD", "AUTHENTICATION_STRING", "MASTER_PASSWORD", "SOURCE_PASSWORD")
_TOLD_BY = (*_PASSWORDS, "IDENTIFIED", "SERVER")
A_SECRET = "a password may stand in it, which no report and no plan is to show"
_LITERALS = (TokenKind.STRING, TokenKind.HEX)


def holds_secret(text: str) -> bool:
    """CREATE SERVER, and a literal behind PASSWORD or IDENTIFIED BY, with `=` or `(` between; also
    in a string, for a body may put a statement together."""
    if "\\" not in text and not any(map(text.upper().__contains__, _TOLD_BY)):
        return False  # none of the words, and no string that may hold one in other letters
    strings = (token.value for token in tokenize(text) if token.kind is TokenKind.STRING)
    return _says_secret(text) or any(map(_says_secret, strings))


def _says_secret(text: str) -> bool:
    tokens = [token for token in tokenize(text) if token.kind is not TokenKind.COMMENT]
    pairs = pairwise(tokens)
    if any(one.is_word("CREATE", "ALTER") and two.is_word("SERVER") for one, two in pairs):
        return True
    return any(_is_literal(tokens, at) for at in _told_at(tokens))


def _told_at(tokens: Sequence[Token]) -> Iterator[int]:
    """Where a password would stand."""
    for at, token in enumerate(tokens):
        following = tokens[at + 1 : at + 8]
        if _is_password(token):
            yield at + 1
            if following and following[0].is_word("FOR"):  # SET PASSWORD FOR somebody = '...'
                yield from (at + 1 + i for i, one in enumerate(following) if one.text == "=")
        elif token.is_word("IDENTIFIED") and following:
            with_plugin = 2 * following[0].is_word("WITH", "VIA")
            by = following[with_plugin : with_plugin + 1]
            if by and by[0].is_word("BY", "AS", "USING"):
                yield at + 2 + with_plugin


def _is_password(token: Token) -> bool:
    """Also in quotes, as servers print columns."""
    is_quoted = token.kind is TokenKind.QUOTED_IDENTIFIER
    return token.is_word(*_PASSWORDS) or (is_quoted and token.value.upper() in _PASSWORDS)


def _is_literal(tokens: Sequence[Token], at: int) -> bool:
    """Whether one stands there, or behind `=` or `(`."""
    if at + 1 < len(tokens) and tokens[at].text in ("=", "(", ":="):
        at += 1
    if at < len(tokens) and tokens[at].kind is TokenKind.INTRODUCER:
        at += 1
    return at < len(tokens) and tokens[at].kind in _LITERALS and bool(tokens[at].value)
