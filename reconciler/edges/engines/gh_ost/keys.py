"""Rows of a table that are equal in a new unique key of gh-ost's copy: it would lose all but one.

Rule (EN-20): what a new unique key finds equal is looked for in the rows themselves, right before
the swap, and once more before the table as it was is dropped. What the definitions alone show is
the plan's to say (`plan/engines/lost_rows.py`).
"""

from __future__ import annotations

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.engines.limits import ROWS_ASKED_S_MAX
from reconciler.edges.engines.shapes import shape_of
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.session_settings import set_session
from reconciler.plan.engines.unique_keys import Part, Shape, new_keys
from reconciler.preflight.model import KeyPart
from reconciler.preflight.questions.as_written import in_charset
from reconciler.preflight.sql import SORTING, equal_rows_sql


def new_key_with_duplicates(link: Link, table: str, copy: str) -> str | None:
    """The unique key of the copy in which rows of the table are equal. Raises ServerRefusal or
    LinkLost."""
    before, after = shape_of(link, table), shape_of(link, copy)
    for name, parts in new_keys(before, after):
        if (question := _duplicates(table, parts, before, after)) is None:
            continue  # of a column that is new: its rows are not the table's
        link.wait_at_most(ROWS_ASKED_S_MAX)
        try:
            link.execute(set_session(SORTING))
            if link.query(question, width=1):
                return name
        finally:
            link.wait_at_most(link.target.read_timeout_s)
    return None


def _duplicates(table: str, parts: tuple[Part, ...], before: Shape, after: Shape) -> str | None:
    """As preflight asks it (`preflight/sql.py`), of the copy that is there."""
    columns = [part.column for part in parts if part.column is not None]
    if len(columns) < len(parts) or any(column not in before.columns for column in columns):
        return None
    return equal_rows_sql(table, [_as_copied(part, before, after) for part in parts])


def _as_copied(part: Part, before: Shape, after: Shape) -> KeyPart:
    """A column of the table as the copy compares it."""
    assert part.column is not None, "a key of expressions is not asked for"
    written, sort = quote_identifier(part.column), after.columns[part.column][1]
    was = before.columns[part.column][1]
    if sort and sort != was:
        written = in_charset(written, was.partition("_")[0], sort.partition("_")[0], sort)
    return KeyPart(written if part.chars is None else f"LEFT({written}, {part.chars})")
