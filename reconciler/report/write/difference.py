"""Two texts side by side, as the lines that differ."""

from __future__ import annotations

import difflib

from reconciler.plan.visible import visible_sql
from reconciler.report import blocks

_LINES_MAX = 60


def difference_lines(between: blocks.Difference) -> tuple[str, ...]:
    """A small unified diff: '-' is what was expected, '+' what was observed; nothing in it hides
    or ends a line."""
    sides = (between.expected, between.observed)
    old, new = (visible_sql(text or "").splitlines() for text in sides)
    if len(old) <= 1 and len(new) <= 1:
        return (
            *(f"- expected: {line}" for line in old),
            *(f"+ observed: {line}" for line in new),
        )
    lines = list(difflib.unified_diff(old, new, "expected", "observed", n=2, lineterm=""))
    if len(lines) <= _LINES_MAX:
        return tuple(lines)
    return (*lines[:_LINES_MAX], f"({len(lines) - _LINES_MAX} more lines)")
