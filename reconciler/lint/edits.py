"""Edits of a definition file that take away exactly what a rule found."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.ddl.outline.model import IndexOutline
from reconciler.lint.model import Edit


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


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The file's text with all of them made; lines that they empty go too. Edits do not overlap:
    what two of them would take away is taken once."""
    for edit in sorted(set(edits), key=lambda edit: edit.start, reverse=True):
        before, after = text[: edit.start], text[edit.end :]
        line_start = before.rpartition("\n")[2]
        line_end, newline, rest = after.partition("\n")
        emptied = not edit.text and not (line_start + line_end).strip() and newline
        if emptied:
            text = before[: len(before) - len(line_start)] + rest
        else:
            text = before + edit.text + after
    return text
