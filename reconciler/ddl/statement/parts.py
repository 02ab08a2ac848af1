"""One statement's tokens, and the few things that every check of a statement asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.ddl.lexer import Token, TokenKind, tokenize
from reconciler.ddl.words import RESERVED


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementText:
    """`tokens` are the first statement's, without comments and `;`; `behind` what follows the `;`.

    `comments` are all of the text's.
    """

    tokens: tuple[Token, ...]
    comments: tuple[Token, ...]
    behind: tuple[Token, ...]

    def token(self, at: int) -> Token | None:
        return self.tokens[at] if at < len(self.tokens) else None

    def is_word(self, at: int, *words: str) -> bool:
        return is_word_at(self.tokens, at, *words)


def split_statement(text: str) -> StatementText:
    tokens = tuple(tokenize(text))
    code = tuple(token for token in tokens if token.kind is not TokenKind.COMMENT)
    end = next((i for i, token in enumerate(code) if token.text == ";"), len(code))
    return StatementText(
        tokens=code[:end],
        comments=tuple(token for token in tokens if token.kind is TokenKind.COMMENT),
        behind=code[end + 1 :],
    )


def identifier(token: Token | None) -> str | None:
    """The name that the token may stand for; None for reserved words and everything else."""
    match token:
        case Token(kind=TokenKind.QUOTED_IDENTIFIER):
            return token.value
        case Token(kind=TokenKind.WORD) if token.text.upper() not in RESERVED:
            return token.text
        case _:
            return None


def is_word_at(tokens: Sequence[Token], at: int, *words: str) -> bool:
    """Whether one of these keywords stands there."""
    return at < len(tokens) and tokens[at].is_word(*words)


def begins(tokens: Sequence[Token], *words: str) -> bool:
    """Whether these keywords stand in front of something."""
    return len(tokens) > len(words) and all(
        token.is_word(word) for token, word in zip(tokens, words, strict=False)
    )


# No other kind of token can be a bracket, a comma or a semicolon: these loops compare text alone.


def closing(tokens: Sequence[Token], opening: int) -> int | None:
    """The index of the bracket that closes the one at `opening`; None if none does."""
    depth = 0
    for i in range(opening, len(tokens)):
        text = tokens[i].text
        if text == "(":
            depth += 1
        elif text == ")":
            depth -= 1
            if depth == 0:
                return i
    return None


def commas(tokens: Sequence[Token], start: int) -> list[int] | None:
    """The indexes of the commas outside brackets; None if the brackets do not match."""
    found, depth = [], 0
    for i in range(start, len(tokens)):
        text = tokens[i].text
        if text == "(":
            depth += 1
        elif text == ")":
            depth -= 1
            if depth < 0:
                return None
        elif depth == 0 and text == ",":
            found.append(i)
    return found if depth == 0 else None
