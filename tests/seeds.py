"""The seeds that somebody names on a command line."""

from __future__ import annotations


def seeds_from(text: str) -> list[int]:
    """Of "1-60" or "5,12,30-32"."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found
