"""Addresses of files on a forge, in which nothing is left that could end a link."""

from __future__ import annotations

import string

_PATH = frozenset(f"{string.ascii_letters}{string.digits}/-._~".encode())
_ADDRESS = _PATH | frozenset(b":#%")


def in_path(text: str) -> str:
    """A path as it stands in an address."""
    return _encoded(text, _PATH)


def in_link(address: str) -> str:
    """An address, whoever made it, as it may stand in a link."""
    return _encoded(address, _ADDRESS)


def _encoded(text: str, kept: frozenset[int]) -> str:
    found = text.encode(errors="replace")
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in found)
