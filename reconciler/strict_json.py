"""JSON that somebody else wrote, read in time and memory that its size bounds.

Reading is strict where the standard library is generous: one key twice in an object, half a
character in a key, a number that is none (NaN), and text that is not whole each refuse. Python
needs some 60 bytes for the smallest value, so that a few bytes of brackets ask for thirty times as
much: they are counted before.
"""

from __future__ import annotations

import json
from reprlib import repr as brief
from typing import Any


class JsonUnreadable(Exception):
    """`reason` completes "the file ..."; nothing in it is longer than a line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_json(content: bytes, *, values_max: int) -> Any:
    """Raises JsonUnreadable. `values_max` bounds the values of all lists and objects together."""
    # Those in a text count as well, which only makes the bound stricter.
    if sum(content.count(sign) for sign in (b"[", b"{", b",")) > values_max:
        raise JsonUnreadable(f"holds more than {values_max:,} values")
    try:
        return json.loads(
            content.decode(), object_pairs_hook=_without_repeats, parse_constant=_no_number
        )
    except UnicodeDecodeError:
        raise JsonUnreadable("is not UTF-8") from None
    except (ValueError, RecursionError) as broken:  # ValueError: a number of thousands of digits
        raise JsonUnreadable(f"is not whole JSON ({broken})") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonUnreadable(f"has the key {brief(key)} twice in one object")
            seen.add(key)
    for key in found:
        if not key.isascii() and not _is_whole(key):
            raise JsonUnreadable(f"has the key {brief(key)}, which holds half a character")
    return found


def _is_whole(text: str) -> bool:
    """JSON can spell one half of a surrogate pair, which no encoding has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_number(constant: str) -> Any:
    raise JsonUnreadable(f"holds {constant}, which is no number")
