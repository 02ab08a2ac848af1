"""DELIMITER lines, which are the client's and never reach a server: dropped, so that a file reads
alike with and without them.

Within a string, a quoted name or a comment no client takes one for its own, and none is dropped.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from reconciler.ddl.lexer import TokenKind, tokenize

_LINE = re.compile(r"[ \t]*DELIMITER[ \t]+(\S+)[ \t]*", re.IGNORECASE)
_CLOSED = (TokenKind.STRING, TokenKind.QUOTED_IDENTIFIER, TokenKind.COMMENT)


def without_delimiters(text: str, *, instead: str = "") -> str:
    """Every line stays where it was; where a line ends in a delimiter other than `;`, `instead`
    stands there, unless the statement has ended already."""
    if "DELIMITER" not in text.upper():
        return text
    closed = [
        (token.offset, token.offset + len(token.text))
        for token in tokenize(text)
        if token.kind in _CLOSED
    ]
    lines = text.split("\n")
    delimiter = ";"
    begins = 0
    for number, line in enumerate(lines):
        told = _LINE.fullmatch(line)
        ended = line.rstrip().removesuffix(delimiter) if delimiter != ";" else line
        if told is not None and not _is_within(closed, begins):
            delimiter, lines[number] = told[1], ""
        elif ended not in (line, line.rstrip()) and not _is_within(closed, begins + len(ended)):
            lines[number] = ended if ended.rstrip().endswith(";") else f"{ended}{instead}"
        begins += len(line) + 1
    return "\n".join(lines)


def _is_within(closed: list[tuple[int, int]], offset: int) -> bool:
    """Whether the character there is of one of these pieces, and not the first of it."""
    before = bisect_left(closed, (offset, 0)) - 1
    return before >= 0 and offset < closed[before][1]
