"""MariaDB's sequences in the defaults of columns: DEFAULT nextval(`s`).

The server prints them with their database, whichever is in use. A sequence of the table's own
database goes by its bare name here, as everything else there does: the same on every shard.
"""

from __future__ import annotations

from reconciler.ddl.lexer import Token, TokenKind, tokenize

_FUNCTIONS = ("NEXTVAL", "LASTVAL", "SETVAL")


def uses_sequence(sql: str) -> bool:
    """Whether the text may name a sequence, in a form that servers take or print."""
    folded = sql.upper()
    return any(f"{word}(" in folded for word in _FUNCTIONS) or "VALUE FOR" in folded


def with_own_sequences_bare(definition: str, own: tuple[str, ...]) -> str:
    if not uses_sequence(definition):
        return definition
    tokens = [*tokenize(definition)]
    for function, opening, owner, dot in reversed(
        [*zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False)]
    ):
        called = function.is_word(*_FUNCTIONS) and opening.is_punctuation("(")
        if called and dot.is_punctuation(".") and _is_name(owner, own):
            definition = definition[: owner.offset] + definition[dot.offset + 1 :]
    return definition


def _is_name(token: Token, spellings: tuple[str, ...]) -> bool:
    return token.kind is TokenKind.QUOTED_IDENTIFIER and token.value in spellings
