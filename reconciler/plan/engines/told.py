"""What each engine that copies is told of a statement, or why it is not told at all.

The plan asks before it gives a statement to an engine, and the engine's adapter before it starts
the program: the same reading of the same text, whatever plan asks for it (EN-20, EN-55).
"""

from __future__ import annotations

import re

from reconciler.ddl.statement.by_copy import ByCopy, NotByCopy, Renames, by_copy
from reconciler.errors import Refused
from reconciler.model.engine import EngineName

# Spirit writes statements with a formatter that takes these for places to fill in.
_PLACEHOLDER = re.compile(r"%[%n?]")


def told(name: EngineName, sql: str, table: str) -> ByCopy | NotByCopy:
    """Of the statement `sql`, which the plan has for `table`."""
    follows = name is EngineName.SPIRIT
    try:
        found = by_copy(sql, Renames.FOLLOWED if follows else Renames.LOST)
    except Refused as refused:
        return NotByCopy(f"is not given this statement: {refused.problems[0].message}")
    if isinstance(found, NotByCopy):
        return found
    if found.table != table:
        return NotByCopy("is not given a statement of another table than the plan's")
    if name is EngineName.SPIRIT and (match := _PLACEHOLDER.search(sql)):
        return NotByCopy(f"would write something else in place of {match[0]}")
    return found


def why_not_told(name: EngineName, sql: str, table: str) -> str | None:
    """In words that go on "gh-ost cannot take it: "; None: it is told."""
    found = told(name, sql, table)
    return f"it {found.reason}" if isinstance(found, NotByCopy) else None
