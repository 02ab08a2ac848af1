"""What a client of Temporal says of itself in the header `authorization`, read from its bytes.

HTTP/2 packs headers: `Bearer KEY` travels as a string in Huffman's code (RFC 7541, appendix B), of
which the signs of a few words are enough here. A connection says it once; after that a number
stands for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_SIGNS = {
    **{sign: format(number, "05b") for number, sign in enumerate("012aceiost")},
    " ": "010100",
    "-": "010110",
    "r": "101100",
    "B": "1011101",
}
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADERS = 1


def packed(key: str) -> bytes:
    """As it stands among packed headers."""
    bits = "".join(_SIGNS[sign] for sign in f"Bearer {key}")
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


class Heard:
    """One connection of a client, as far as it was read."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._packed = {packed(key): key for key in keys}
        self._unread = b""
        self.is_asking = False
        self.keys: list[str] = []

    def read(self, some: bytes) -> None:
        self._unread += some
        for headers in self._headers():
            self.is_asking = True
            self.keys += [key for found, key in self._packed.items() if found in headers]

    def _headers(self) -> Iterator[bytes]:
        self._unread = self._unread.removeprefix(_PREFACE)
        while len(self._unread) >= 9 and not _PREFACE.startswith(self._unread[:9]):
            end = 9 + int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < end:
                return
            frame, self._unread = self._unread[:end], self._unread[end:]
            if frame[3] == _HEADERS:
                yield frame[9:]
