"""Secrets are looked for in a text as whoever finds it could read them: in clear, and as programs
write them down, in hexadecimal digits, in base64, or as a part of an address.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from urllib.parse import quote

# Shorter ones would be found by chance in what is written in base64.
_WRITTEN_CHARS_MIN = 8


def found_in(texts: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """Those that are in one of the texts, in whatever spelling."""
    read = [text.casefold() for text in texts]
    every = {secret: {one.casefold() for one in _spellings(secret)} for secret in secrets}
    return [
        secret
        for secret, spellings in sorted(every.items())
        if any(spelling in text for spelling in spellings for text in read)
    ]


def _spellings(secret: str) -> Iterator[str]:
    assert secret, "an empty secret is in every text"
    yield secret
    if len(secret) >= _WRITTEN_CHARS_MIN:
        yield quote(secret, safe="")
        yield secret.encode().hex()
        yield from _in_base64(secret.encode())


def _in_base64(secret: bytes) -> Iterator[str]:
    """Wherever it begins in what was written: only digits that are about nothing else."""
    for before in range(3):
        digits = base64.b64encode(bytes(before) + secret).rstrip(b"=").decode()
        whole = (before + len(secret)) // 3 * 4
        yield digits[(0, 2, 3)[before] : whole]
