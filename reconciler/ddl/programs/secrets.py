"""Whether a password may stand in the text of a program: such a text is never shown, and so never
managed."""

from __future__ import annotations

from itertools import pairwise

from reconciler.ddl.lexer import TokenKind, tokenize

_BEFORE_A_SECRET = ("PASSWORD", "BY", "AUTHENTICATION_STRING")
_LITERALS = (TokenKind.STRING, TokenKind.HEX)


def holds_secret(text: str) -> bool:
    """CREATE SERVER, and a literal behind PASSWORD or IDENTIFIED BY, with `=` or `(` between."""
    tokens = [token for token in tokenize(text) if token.kind is not TokenKind.COMMENT]
    pairs = pairwise(tokens)
    if any(one.is_word("CREATE", "ALTER") and two.is_word("SERVER") for one, two in pairs):
        return True
    for at, token in enumerate(tokens[:-1]):
        if not token.is_word(*_BEFORE_A_SECRET):
            continue
        if token.is_word("BY") and not tokens[at - 1].is_word("IDENTIFIED"):
            continue
        following = tokens[at + 1]
        if following.text in ("=", "(", ":=") and at + 2 < len(tokens):
            following = tokens[at + 2]
        if following.kind in _LITERALS and following.value:
            return True
    return False
