"""What fits into which character set: repertoire, and bytes for a character."""

from __future__ import annotations

# (fewest, most) bytes of one character; MySQL manual, "Supported Character Sets and Collations".
# Sets not listed hold one byte for each character.
_BYTES = {
    "big5": (1, 2),
    "cp932": (1, 2),
    "eucjpms": (1, 3),
    "euckr": (1, 2),
    "gb18030": (1, 4),
    "gb2312": (1, 2),
    "gbk": (1, 2),
    "sjis": (1, 2),
    "ucs2": (2, 2),
    "ujis": (1, 3),
    "utf16": (2, 4),
    "utf16le": (2, 4),
    "utf32": (4, 4),
    "utf8mb3": (1, 3),
    "utf8mb4": (1, 4),
}
_ALL_OF_UNICODE = frozenset({"utf8mb4", "utf16", "utf16le", "utf32", "gb18030"})
_BASIC_PLANE = frozenset({"utf8mb3", "ucs2"})


def bytes_per_character_min(charset: str | None) -> int:
    return _BYTES.get(charset or "", (1, 1))[0]


def bytes_per_character_max(charset: str | None) -> int:
    """An unknown set is taken for the widest."""
    return 4 if charset is None else _BYTES.get(charset, (1, 1))[1]


def holds_every_character(of: str | None, into: str | None) -> bool:
    """Whether each character of the one set exists in the other."""
    if of == into:
        return True
    if of is None or into is None:
        return False
    if of == "ascii" or into in _ALL_OF_UNICODE:
        return True
    return into in _BASIC_PLANE and of not in _ALL_OF_UNICODE


def keeps_bytes(of: str | None, into: str | None) -> bool:
    """Whether text keeps its length in bytes: it is stored by the same bytes."""
    if of == into:
        return True
    utf8 = ("utf8mb3", "utf8mb4")
    return (of == "ascii" and bytes_per_character_min(into) == 1) or (of, into) == utf8
