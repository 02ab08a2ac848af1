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

# Letters, marks and symbols by category, nothing to the eye: fillers of Hangul, the Braille blank,
# vowels of Khmer, joiners, and selectors of variants, of which any text can be made that none sees.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\U000e0000-\U000e0fff]"
)

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
_ESCAPED = re.compile(r"⟦U\+((?:10|[1-9A-F])?[0-9A-F]{4})⟧")


def is_hidden(character: str) -> bool:
    """Whether a reader could miss the character, or be misled by what it does."""
    category = unicodedata.category(character)
    return (
        category in _HIDING_CATEGORIES
        or (category == "Zs" and character not in " \u3000")
        or _UNSEEN.match(character) is not None
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


def escape_sql(sql: str) -> str:
    """A statement with its hidden characters as `⟦U+202E⟧`, from which `unescape_sql` makes it
    again: a bracket of this kind that is part of it is escaped as well."""
    return "".join(_in_brackets(text, keep=keep) for text, keep in _pieces(sql))


def unescape_sql(text: str) -> str:
    """What `escape_sql` was given. Raises ValueError for text that it does not make."""
    sql = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    if escape_sql(sql) != text:
        raise ValueError("it is not the escaped form of any statement")
    return sql


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


def _in_brackets(text: str, *, keep: str) -> str:
    def shown(match: re.Match[str]) -> str:
        character = match[0]
        is_shown = character != "⟦" and (character in keep or not is_hidden(character))
        return character if is_shown else f"⟦U+{ord(character):04X}⟧"

    return _UNUSUAL.sub(shown, text)


def _escaped(text: str, *, keep: str) -> str:
    def shown(match: re.Match[str]) -> str:
        character = match[0]
        return character if character in keep or not is_hidden(character) else _escape(character)

    return _UNUSUAL.sub(shown, text)


def _escape(character: str) -> str:
    code = ord(character)
    return _NAMED.get(character, f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")
