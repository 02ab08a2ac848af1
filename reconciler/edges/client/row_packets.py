"""One row as a packet has it: values one after the other, each behind its length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = tuple[object, ...]
RawRow = tuple[bytes | None, ...]

# Bytes of a length, by the byte before it; the one that is missing has no meaning.
_WIDTHS = {0xFC: 2, 0xFD: 3, 0xFE: 8}


def row_of(data: bytes, converters: Iterable[tuple[str | None, Any]]) -> Row | None:
    """As many values as there are converters, each with its encoding (None: bytes) and what makes
    a value of the text (None: nothing does); None where they do not fill the packet. A text that is
    none in its encoding stays bytes: which one it is of a row, only the reader of the row knows.
    Raises what bytes raise that are no such row."""
    row: list[object] = []
    at = 0
    for encoding, converter in converters:
        size = data[at]
        at += 1
        if size == 0xFB:
            row.append(None)
            continue
        if size > 0xFB:
            width = _WIDTHS[size]
            size = int.from_bytes(data[at : at + width], "little")
            at += width
        value: Any = data[at : at + size]
        at += size
        if encoding is not None:
            value = _decoded(value, encoding, is_plain=converter is None)
        row.append(value if converter is None else converter(value))
    return tuple(row) if at == len(data) else None


def raw_row_of(data: bytes, columns: int) -> RawRow | None:
    """The same with every value as it was sent."""
    row: list[bytes | None] = []
    at = 0
    for _ in range(columns):
        size = data[at]
        at += 1
        if size >= 0xFB:
            if size == 0xFB:
                row.append(None)
                continue
            size, at = size_at(data, at - 1)
        row.append(data[at : at + size])
        at += size
    return tuple(row) if at == len(data) else None


def size_at(data: bytes, at: int) -> tuple[int, int]:
    """How long the value is whose length stands there, and where it begins. Raises what bytes raise
    that are no length."""
    size = data[at]
    if size < 0xFB:
        return size, at + 1
    width = _WIDTHS[size]
    return int.from_bytes(data[at + 1 : at + 1 + width], "little"), at + 1 + width


def _decoded(value: bytes, encoding: str, *, is_plain: bool) -> str | bytes:
    try:
        return value.decode(encoding)
    except UnicodeDecodeError:
        if is_plain:
            return value
        raise
