"""Reports cut to the size a forge accepts: details first, the verdict and the plan id never (RP-7).

A report is a row of parts. Each part says how much of a detail it is; when the whole is too large
the greatest details go first, from the end, and what stands in for them says where they are. Should
what may not be cut be too much by itself, because there are too many reports in a row, the last
ones go: who puts several in a row puts the worst first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_REST_LEFT_OUT = "The rest is left out here: there is no room for it. The job's log has it all."


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`detail` 0 is never cut before the rest. `instead` takes the place of all the parts that were
    cut with it, once in each report; `opens` is the first part of one."""

    text: str
    detail: int = 0
    instead: str = ""
    opens: bool = False


def fit(parts: Sequence[Part], limit_bytes: int) -> str:
    """The parts one after the other, an empty line between, in at most `limit_bytes` of UTF-8."""
    cut: set[int] = set()
    excess = _size(_joined(_texts(parts, cut))) - limit_bytes
    candidates = [index for index, part in enumerate(parts) if part.detail]
    for index in sorted(candidates, key=lambda i: (-parts[i].detail, -i)):
        if excess <= 0:
            break
        cut.add(index)
        excess -= _size(parts[index].text) + 2
        if excess <= 0:  # with what stands in for them
            excess = _size(_joined(_texts(parts, cut))) - limit_bytes
    return _shortened(list(_texts(parts, cut)), limit_bytes)


def _texts(parts: Sequence[Part], cut: set[int]) -> Iterator[str]:
    told: set[str] = set()
    for index, part in enumerate(parts):
        if part.opens:
            told.clear()
        if index not in cut:
            yield part.text
        elif part.instead and part.instead not in told:
            told.add(part.instead)
            yield part.instead


def _joined(texts: Iterator[str] | Sequence[str]) -> str:
    return "\n\n".join(texts) + "\n"


def _shortened(texts: list[str], limit_bytes: int) -> str:
    """Whole parts, as many as fit, and a word for the others; of a first one that is too large by
    itself, its lines."""
    whole = _joined(texts)
    if _size(whole) <= limit_bytes:
        return whole
    room = limit_bytes - _size(f"\n\n{_REST_LEFT_OUT}\n")
    kept = _as_many_as_fit(texts, room, between="\n\n")
    text = kept or _as_many_as_fit(texts[0].split("\n"), room, between="\n")
    shown = _joined([text, _REST_LEFT_OUT] if text else [_REST_LEFT_OUT])
    return shown.encode()[:limit_bytes].decode(errors="ignore")


def _as_many_as_fit(texts: Sequence[str], room_bytes: int, *, between: str) -> str:
    kept: list[str] = []
    for text in texts:
        room_bytes -= _size(text) + (_size(between) if kept else 0)
        if room_bytes < 0:
            break
        kept.append(text)
    return between.join(kept)


def _size(text: str) -> int:
    return len(text.encode())
