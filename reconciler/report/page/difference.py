"""Two definitions, line by line, and in lines that changed word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from reconciler.plan.visible import visible_sql
from reconciler.report.page.model import Compared, DiffLine, Fate, Word

_CONTEXT_LINES = 2
_LINES_MAX = 200
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


def compared(title: str, before: str | None, after: str | None) -> Compared:
    """None: it is not there on that side."""
    old, new = (visible_sql(text or "").splitlines() for text in (before, after))
    lines = tuple(_lines(old, new))
    if len(lines) > _LINES_MAX:
        left_out = _left_out(len(lines) - _LINES_MAX, "more lines")
        lines = (*lines[:_LINES_MAX], left_out)
    what = Fate.ADDED if before is None else Fate.DROPPED if after is None else Fate.CHANGED
    return Compared(title=title, what=what, lines=lines)


def _lines(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    """A comma at a line's end comes and goes with the line below it: that is no difference."""
    plain, becomes = ([line.rstrip(",") for line in side] for side in (old, new))
    matcher = difflib.SequenceMatcher(None, plain, becomes, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield from _alike(new[j1:j2], starts=i1 == 0, ends=i2 == len(old))
        else:
            yield from _changed(old[i1:i2], new[j1:j2])


def _alike(lines: Sequence[str], *, starts: bool, ends: bool) -> Iterator[DiffLine]:
    """Only those beside a change: but for the first line, which names the object."""
    head = 1 if starts else _CONTEXT_LINES
    tail = 0 if ends else _CONTEXT_LINES
    if len(lines) <= head + tail + 1:
        yield from (DiffLine(sign=" ", words=(Word(text=one, changed=False),)) for one in lines)
        return
    yield from (DiffLine(sign=" ", words=(Word(text=one, changed=False),)) for one in lines[:head])
    yield _left_out(len(lines) - head - tail, "lines alike")
    rest = lines[len(lines) - tail :]
    yield from (DiffLine(sign=" ", words=(Word(text=one, changed=False),)) for one in rest)


def _left_out(number: int, what: str) -> DiffLine:
    return DiffLine(sign="…", words=(Word(text=f"{number} {what}", changed=False),))


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    """Lines in pairs are marked by word; what has no counterpart is new or gone as a whole."""
    if len(old) != len(new):
        yield from (DiffLine(sign="-", words=(Word(text=one, changed=False),)) for one in old)
        yield from (DiffLine(sign="+", words=(Word(text=one, changed=False),)) for one in new)
        return
    for left, right in zip(old, new, strict=True):
        was, becomes = _WORD.findall(left), _WORD.findall(right)
        codes = difflib.SequenceMatcher(None, was, becomes, autojunk=False).get_opcodes()
        yield DiffLine(
            sign="-",
            words=tuple(
                Word(text="".join(was[i1:i2]), changed=tag != "equal")
                for tag, i1, i2, _, _ in codes
                if i1 < i2
            ),
        )
        yield DiffLine(
            sign="+",
            words=tuple(
                Word(text="".join(becomes[j1:j2]), changed=tag != "equal")
                for tag, _, _, j1, j2 in codes
                if j1 < j2
            ),
        )
