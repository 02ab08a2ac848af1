"""Edits of a definition file that take away exactly what a rule found."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from reconciler.ddl.outline.model import IndexOutline
from reconciler.lint.model import Edit

_MARK = "\ufeff"
_PAIR = re.compile("\r\n")


def without_index(index: IndexOutline, gone: Sequence[IndexOutline]) -> tuple[Edit, ...]:
    """Its line and one comma, where all of `gone` go, which it is one of; none where it stands in
    its column's line."""
    comma = index.comma_before if _is_at_the_end(index, gone) else index.comma_behind
    if index.inline or comma is None:
        return ()
    line = Edit(start=index.at.start, end=index.at.end)
    return (line, Edit(start=comma, end=comma + 1))


def _is_at_the_end(index: IndexOutline, gone: Sequence[IndexOutline]) -> bool:
    """Nothing that stays stands behind it."""
    if index.comma_behind is None:
        return True
    following = (one for one in gone if one.comma_before == index.comma_behind)
    return any(_is_at_the_end(one, gone) for one in following)


def edited(written: str, edits: Sequence[Edit]) -> str:
    """The file as it was written, with all of them made; lines that they empty go too, and one of
    two blanks. Line ends and a mark of the editor's stay as they are, though edits are told in text
    without (`spec/text.py`). Edits do not overlap: what two of them would take away is taken once.
    """
    text, edits = written, _in_written(written, edits)
    for edit in sorted(set(edits), key=lambda edit: edit.start, reverse=True):
        before, after = text[: edit.start], text[edit.end :]
        line_start = before.rpartition("\n")[2]
        line_end, newline, rest = after.partition("\n")
        emptied = not edit.text and not (line_start + line_end).strip() and newline
        if emptied:
            text = before[: len(before) - len(line_start)] + rest
        elif not edit.text and re.search(r"\S $", line_start) and after.startswith(" "):
            text = before + after[1:]
        else:
            text = before + edit.text + after
    return text


def _in_written(written: str, edits: Sequence[Edit]) -> list[Edit]:
    """At the places of the same characters: behind a mark at the beginning, and behind line ends
    of two characters, of which the text that edits are told in has one."""
    mark = len(_MARK) if written.startswith(_MARK) else 0
    pairs = [end.start() - mark - at for at, end in enumerate(_PAIR.finditer(written))]

    def place(at: int) -> int:
        return mark + at + bisect_left(pairs, at)

    return [replace(edit, start=place(edit.start), end=place(edit.end)) for edit in edits]
