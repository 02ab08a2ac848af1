"""Bytes of a file in a repository -> its text, and the digest that stands for it.

How a file was checked out must not matter (RV-1): the mark that some editors put first and the kind
of line ends are taken away before anything else looks at the text, the digest included.
"""

from __future__ import annotations

import hashlib

from reconciler.errors import InvalidInput, Location, Problem


def text_of(content: bytes, path: str) -> str:
    """With LF line ends. Raises InvalidInput if it is not UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(_not_utf8(content, error.start, path)) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def digest_of(text: str) -> str:
    """sha256 in hexadecimal, of text as `text_of` gives it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _not_utf8(content: bytes, offset: int, path: str) -> Problem:
    line = content.count(b"\n", 0, offset) + 1
    return Problem(
        code="file-not-utf8",
        message=f"byte 0x{content[offset]:02x} is not UTF-8",
        recovery="save the file as UTF-8",
        where=Location(path=path, line=line, column=offset - content.rfind(b"\n", 0, offset)),
    )
