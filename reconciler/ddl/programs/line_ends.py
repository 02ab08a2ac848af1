"""Line ends in the text of a program. Some clients send a carriage return with each, and servers
keep it; files have none, and outside strings no body means anything else by it.
"""

from __future__ import annotations

from reconciler.ddl.lexer import TokenKind, tokenize

_ENDS = ("\r\n", "\n")


def with_plain_line_ends(text: str) -> str:
    """As a file has them. Strings stay as they are: there it is a character like any other."""
    if "\r\n" not in text:
        return text
    parts, at = [], 0
    for token in tokenize(text):
        if token.kind is TokenKind.STRING:
            behind = token.offset + len(token.text)
            parts += [text[at : token.offset].replace(*_ENDS), token.text]
            at = behind
    return "".join((*parts, text[at:].replace(*_ENDS)))
