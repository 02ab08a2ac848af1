"""SQL text as MySQL and MariaDB split it into tokens.

Nothing is skipped but white space, and nothing raises: text that cannot be split ends in a token of
kind UNTERMINATED or is a token of kind UNKNOWN, so that every reader decides by itself, and refuses
in its own words. What stands inside an executable comment (`/*!80023 ... */`, `/*M! ... */`) is SQL
and is split like the rest, between a token that opens and one that closes it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from reconciler.ddl.quote import unquote_identifier, unquote_string


class TokenKind(StrEnum):
    WORD = "word"  # a keyword or a bare identifier
    QUOTED_IDENTIFIER = "quoted identifier"
    STRING = "string"  # single or double quotes: ANSI_QUOTES is never set
    INTRODUCER = "introducer"  # _utf8mb4 before a literal
    NUMBER = "number"
    HEX = "hex literal"
    BIT = "bit literal"
    PUNCTUATION = "punctuation"
    COMMENT = "comment"
    EXECUTABLE_OPEN = "executable comment"  # "/*!80023"
    EXECUTABLE_CLOSE = "end of executable comment"
    UNTERMINATED = "unterminated"  # a string, name or comment that the text ends in
    UNKNOWN = "unknown"


UNREADABLE = (
    TokenKind.EXECUTABLE_OPEN,
    TokenKind.EXECUTABLE_CLOSE,
    TokenKind.UNTERMINATED,
    TokenKind.UNKNOWN,
)
"""What a text of ours never holds: one server runs what stands there, and another does not, or it
has no end."""

NAMES = (TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER)
"""What can be a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`text` is verbatim; `value` what it means: the bare name, the string's characters, else the
    text itself. Lines and columns count from 1, `offset` from 0, all in characters."""

    kind: TokenKind
    text: str
    value: str
    line: int
    column: int
    offset: int
    executable: bool  # inside an executable comment

    def is_word(self, *words: str) -> bool:
        """Whether this is one of the given keywords (in capitals), written bare."""
        return self.kind is TokenKind.WORD and self.text.upper() in words

    def is_punctuation(self, text: str) -> bool:
        return self.kind is TokenKind.PUNCTUATION and self.text == text


# Every character set MySQL 8.0-9.7 or MariaDB 10.6-11.8 knows; a word of this list with a leading
# underscore is an introducer, any other such word is a name.
_CHARACTER_SETS = frozenset(
    re.findall(
        r"\w+",
        "armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8"
        " eucjpms euckr gb18030 gb2312 gbk geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1"
        " latin2 latin5 latin7 macce macroman sjis swe7 tis620 ucs2 ujis utf16 utf16le utf32 utf8"
        " utf8mb3 utf8mb4",
    )
)

# Bare identifiers: MySQL manual, "Schema Object Names"; characters above U+FFFF need quotes.
_WORD_CHARACTER = r"[0-9A-Za-z_$\u0080-\uffff]"
_END_OF_WORD = f"(?!{_WORD_CHARACTER})"

# Order decides: literals with a letter in front come before words, what never ends before
# operators. Repetitions are possessive: a text without an end costs one pass, not one for each way
# to split it.
_PATTERNS = {
    "space": r"\s+",
    "string": r"""[nN]?'(?:[^'\\]++|\\.|'')*+'|"(?:[^"\\]++|\\.|"")*+\"""",
    "hex": rf"[xX]'[0-9A-Fa-f]*'|0x[0-9A-Fa-f]+{_END_OF_WORD}",
    "bit": rf"[bB]'[01]*'|0b[01]+{_END_OF_WORD}",
    "quoted_identifier": r"`(?:[^`]++|``)*+`",
    "executable_open": r"/\*M?!\d*",
    # "--" starts a comment only before white space, a control character or the end.
    "comment": r"--(?=[\s\x00-\x1f]|\Z)[^\n]*|\#[^\n]*|/\*.*?\*/",
    "introducer": (
        rf"_[0-9A-Za-z]+{_END_OF_WORD}"  # of a character set, or else a word
        r"""(?=\s*(?:['"]|[xX]'|[bB]'|0x|0b))"""
    ),
    "number": (
        r"(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?"
        rf"|\d+[eE][+-]?\d+{_END_OF_WORD}|\d+{_END_OF_WORD}"
    ),
    "word": rf"{_WORD_CHARACTER}+",
    "unterminated": r"""['"`].*|/\*.*""",
    "punctuation": r"->>|->|<=>|<<|>>|<=|>=|<>|!=|:=|\|\||&&|[-(),;.=<>+*/%&|^~!@?:\[\]{}\\]",
    "unknown": r".",
}


def _scanner(patterns: dict[str, str]) -> re.Pattern[str]:
    alternatives = (f"(?P<{name}>{pattern})" for name, pattern in patterns.items())
    # ASCII: to the servers a no-break space is a letter, and an Arabic digit is no digit.
    return re.compile("|".join(alternatives), re.DOTALL | re.ASCII)


_OUTSIDE = _scanner(_PATTERNS)


@cache
def _inside_executable() -> re.Pattern[str]:
    """Only here does "*/" close something; elsewhere it is a star and a slash. Few texts have such
    a comment."""
    return _scanner({"executable_close": r"\*/"} | _PATTERNS)


_KINDS = {kind.name.lower(): kind for kind in TokenKind}


def tokenize(text: str) -> Iterator[Token]:
    """All tokens of `text`; ends with an UNTERMINATED one if an executable comment is left open."""
    line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
    executable = False
    offset = 0
    while offset < len(text):
        match = (_inside_executable() if executable else _OUTSIDE).match(text, offset)
        assert match is not None, "the last pattern matches any character"
        offset = match.end()
        if match.lastgroup == "space":
            continue
        kind = _kind_of(match)
        executable = executable or kind is TokenKind.EXECUTABLE_OPEN
        yield _token(kind, match.group(), match.start(), line_starts, executable)
        executable = executable and kind is not TokenKind.EXECUTABLE_CLOSE
    if executable:
        yield _token(TokenKind.UNTERMINATED, "", offset, line_starts, executable)


def names_of(text: str) -> Iterator[str]:
    """The values of all words and quoted identifiers, at a small part of the price of tokens."""
    if "/*" in text:  # what closes an executable comment is told from a star by tokens alone
        tokens = (token for token in tokenize(text) if token.kind in NAMES)
        yield from (token.value for token in tokens)
        return
    for found in _OUTSIDE.finditer(text):
        if found.lastgroup in ("word", "introducer") and _kind_of(found) is TokenKind.WORD:
            yield found[0]
        elif found.lastgroup == "quoted_identifier":
            yield unquote_identifier(found[0])


def _kind_of(found: re.Match[str]) -> TokenKind:
    kind = _KINDS[found.lastgroup or ""]
    if kind is TokenKind.INTRODUCER and found[0][1:].lower() not in _CHARACTER_SETS:
        return TokenKind.WORD
    return kind


_WORDS = re.compile(f"{_WORD_CHARACTER}+")
_RUN_TOGETHER = re.compile(rf"/\*|\.[0-9]+(?![0-9]){_WORD_CHARACTER}|[0-9]\.[eE][+-]?[0-9]")


def words_in(text: str) -> list[str]:
    """Every stretch of what can stand in a bare identifier, wherever it is."""
    return _WORDS.findall(text)


def may_run_together(text: str) -> bool:
    """Whether a word may stand right behind a number or a version, and be a part of a longer
    stretch: in `1.5e`, and in an executable comment."""
    return _RUN_TOGETHER.search(text) is not None


def _token(
    kind: TokenKind, text: str, offset: int, line_starts: list[int], executable: bool
) -> Token:
    line = bisect_right(line_starts, offset)
    return Token(
        kind=kind,
        text=text,
        value=_value(kind, text),
        line=line,
        column=offset - line_starts[line - 1] + 1,
        offset=offset,
        executable=executable,
    )


def _value(kind: TokenKind, text: str) -> str:
    match kind:
        case TokenKind.QUOTED_IDENTIFIER:
            return unquote_identifier(text)
        case TokenKind.STRING:
            return unquote_string(text.lstrip("nN"))
        case _:
            return text
