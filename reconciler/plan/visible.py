"""Foreign text made visible: nothing in it can end a line, move a cursor or hide.

Identifiers, comments and server messages come from people and servers we do not know. A line end
or an escape sequence in one of them must not be able to fake a line of a plan or of a report
(RP-6); what cannot be seen is written as its code point. Ordinary text comes through as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from reconciler.ddl.lexer import TokenKind, tokenize

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Control, format (bidirectional marks, zero width, tags), surrogate, line and paragraph separator.
_HIDING_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# Letters and symbols by category, blank to the eye: Hangul fillers, Braille blank, Khmer vowels.
_BLANK_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

# Where a line end is part of a name or a value, not a gap between words.
_ONE_LINE_TOKENS = frozenset(
    {
        TokenKind.QUOTED_IDENTIFIER,
        TokenKind.STRING,
        TokenKind.COMMENT,
        TokenKind.UNTERMINATED,
    }
)

_PLAIN = re.compile(r"[ -~]*")
_UNUSUAL = re.compile(r"[^ -~]")


def is_hidden(character: str) -> bool:
    """Whether a reader could miss the character, or be misled by what it does."""
    category = unicodedata.category(character)
    return (
        category in _HIDING_CATEGORIES
        or (category == "Zs" and character not in " \u3000")
        or character in _BLANK_LETTERS
    )


def visible_line(text: str, *, limit_chars: int | None = None) -> str:
    """`text` as one line; cut in the middle of nothing: the tail goes, and is counted."""
    shown = _escaped(text, keep="")
    if limit_chars is None or len(shown) <= limit_chars:
        return shown
    return f"{shown[:limit_chars]}… ({len(shown) - limit_chars} more characters)"


def visible_block(text: str) -> str:
    """`text` with its own line ends, and everything else that hides made visible."""
    return _escaped(text, keep="\n")


def visible_sql(sql: str) -> str:
    """A statement with the line ends between its words, and none from inside a name or a value: a
    column can be called "a\\n-- nothing happens here"."""
    return "".join(_escaped(text, keep=keep) for text, keep in _pieces(sql))


def hidden_in_sql(sql: str) -> tuple[str, ...]:
    """The code points that `visible_sql` had to escape, as U+202E, sorted."""
    hidden = (
        character
        for text, keep in _pieces(sql)
        if not _PLAIN.fullmatch(text)
        for character in text
        if is_hidden(character) and character not in keep
    )
    return tuple(f"U+{ord(character):04X}" for character in sorted(set(hidden)))


def _pieces(sql: str) -> Iterator[tuple[str, str]]:
    """Tokens and the gaps between them, each with the hidden characters that may stay in it."""
    if _PLAIN.fullmatch(sql):
        yield sql, ""
        return
    end = 0
    for token in tokenize(sql):
        yield sql[end : token.offset], "\n"
        yield token.text, "" if token.kind in _ONE_LINE_TOKENS else "\n"
        end = token.offset + len(token.text)
    yield sql[end:], "\n"


def _escaped(text: str, *, keep: str) -> str:
    def shown(match: re.Match[str]) -> str:
        character = match[0]
        return character if character in keep or not is_hidden(character) else _escape(character)

    return _UNUSUAL.sub(shown, text)


def _escape(character: str) -> str:
    code = ord(character)
    return _NAMED.get(character, f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")
