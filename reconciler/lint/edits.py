"""Edits of a definition file that take away exactly what a rule found."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.ddl.outline.model import IndexOutline
from reconciler.lint.model import Edit


def without_index(index: IndexOutline) -> tuple[Edit, ...]:
    """Its line and the comma before it; none where it stands first, or in its column's line."""
    if index.inline or index.comma is None:
        return ()
    return (
        Edit(start=index.comma, end=index.comma + 1),
        Edit(start=index.at.start, end=index.at.end),
    )


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
