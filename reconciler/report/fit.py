"""Reports cut to the size a forge accepts: details first, the verdict and the plan id never (RP-7).

A report is a row of parts. Each part says how much of a detail it is; when the whole is too large
the greatest details go first, from the end, and what stands in for them says where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`detail` 0 is never cut. `instead` takes the place of all the parts that were cut with it."""

    text: str
    detail: int = 0
    instead: str = ""


def fit(parts: Sequence[Part], limit_bytes: int) -> str:
    """The parts one after the other, an empty line between, in at most `limit_bytes` of UTF-8."""
    cut: set[int] = set()
    excess = _size(_joined(parts, cut)) - limit_bytes
    candidates = [index for index, part in enumerate(parts) if part.detail]
    for index in sorted(candidates, key=lambda i: (-parts[i].detail, -i)):
        if excess <= 0:
            break
        cut.add(index)
        excess -= _size(parts[index].text) + 2
        if excess <= 0:
            excess = _size(_joined(parts, cut)) - limit_bytes  # with what stands in for them
    return _shortened(_joined(parts, cut), limit_bytes)


def _joined(parts: Sequence[Part], cut: set[int]) -> str:
    texts: list[str] = []
    told: set[str] = set()
    for index, part in enumerate(parts):
        if index not in cut:
            texts.append(part.text)
        elif part.instead and part.instead not in told:
            told.add(part.instead)
            texts.append(part.instead)
    return "\n\n".join(texts) + "\n"


def _shortened(text: str, limit_bytes: int) -> str:
    """What may not be cut is bounded elsewhere; should it still be too long, its tail goes."""
    if _size(text) <= limit_bytes:
        return text
    return text.encode()[:limit_bytes].decode(errors="ignore")


def _size(text: str) -> int:
    return len(text.encode())
