"""The exact SQL of a question, in the two forms in which a server is asked.

At once: one statement over the whole table that ends at the first row that refutes. By stretches:
one statement for so many rows along an index, whose ends are in variables of the session
(`ddl.key_walk`), so that none takes long and no value leaves the server (but for the place of a
walk that is kept: `preflight.places`). Each stretch tells how many rows it saw, which is what "the
whole range was seen" rests on; no statement counts a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from reconciler.ddl import key_walk, row_questions
from reconciler.ddl.quote import quote_identifier
from reconciler.preflight.model import (
    EqualRows,
    KeyPart,
    KnownToHold,
    NotAskable,
    Probe,
    RowCondition,
    Versions,
    Walk,
)

ROW = "this_row"
"""What a question's SQL calls the row it is about, where it must say so."""

SORTING = (("max_sort_length", "16384"), ("sort_buffer_size", "4194304"))
"""A session's settings for `equal_rows_sql`: sorted by less than all of a value, rows that are
equal may stand apart. For the longest key, as its collation makes it, and some rows of them."""

# MySQL (9.7) groups by a hash, for which a text with a hard space at its end is another one than
# without, though PAD SPACE collations, and keys by them, find the two equal. Sorted, they are.
_SORTED = "/*!80000 SQL_BIG_RESULT */ "


def at_once_sql(probe: Probe) -> str | None:
    """One row where the question is refuted, which tells how many rows at least; none where it
    holds. None where no row is asked."""
    match probe.question:
        case RowCondition(sql=sql):
            source = walk_source(probe.table, None, probe.versions)
            return f"SELECT 1 FROM {source} WHERE {sql} LIMIT 1"
        case EqualRows() as equal:
            return equal_rows_sql(probe.table, equal.parts, probe.walk, versions=probe.versions)
        case KnownToHold() | NotAskable():
            return None
        case question:
            assert_never(question)


def stretch_sql(
    table: str,
    walk: Walk,
    conditions: Sequence[str],
    versions: Versions,
    *,
    is_first: bool,
    is_last: bool,
) -> str:
    """One row: the connection that answers, whether it knows where the stretch begins and ends, how
    many rows it has, and how many of them meet each condition."""
    counted = ", ".join(f"COUNT(IF({condition}, 1, NULL))" for condition in conditions)
    within = " AND ".join(_within(walk, is_first=is_first, is_last=is_last)) or "TRUE"
    known = _known(is_first=is_first, is_last=is_last)
    return (
        f"SELECT CONNECTION_ID(), {known}, COUNT(*), {counted}"
        f" FROM {walk_source(table, walk, versions)} WHERE {within}"
    )


def equal_stretch_sql(probe: Probe, equal: EqualRows, *, is_first: bool, is_last: bool) -> str:
    """One row: the connection that answers, whether it knows where the stretch begins and ends, and
    how many rows are equal; NULL for none."""
    assert probe.walk is not None, "it is asked by stretches"
    within = _within(probe.walk, is_first=is_first, is_last=is_last)
    known = _known(is_first=is_first, is_last=is_last)
    found = equal_rows_sql(probe.table, equal.parts, probe.walk, within, probe.versions)
    return f"SELECT CONNECTION_ID(), {known}, ({found})"


def equal_rows_sql(
    table: str,
    parts: Sequence[KeyPart],
    walk: Walk | None = None,
    within: Sequence[str] = (),
    versions: Versions = Versions.CURRENT,
) -> str:
    """How many rows are equal in all parts, of the first that are; no row where none are."""
    keys = [part.sql for part in parts]
    source = walk_source(table, walk, versions)
    return f"{row_questions.equal_rows_sql(source, keys, within, hint=_SORTED)} LIMIT 1"


def walk_condition(walk: Walk) -> str:
    """What rows must meet to be walked along: who has NULL there is equal to nobody."""
    return " AND ".join(f"{quote_identifier(column)} IS NOT NULL" for column in walk.columns)


def walk_source(table: str, walk: Walk | None, versions: Versions) -> str:
    hint = "" if walk is None else f" FORCE INDEX ({quote_identifier(walk.index)})"
    time = " FOR SYSTEM_TIME ALL" if versions is Versions.ALL else ""
    return f"{quote_identifier(table)}{time} AS {ROW}{hint}"


def example_sql(probe: Probe) -> str | None:
    """A stretch's statement, as a person would run it, for a question that is asked by stretches;
    None: it has no such form."""
    if probe.walk is None:
        return None
    match probe.question:
        case RowCondition(sql=sql):
            table, walk, versions = probe.table, probe.walk, probe.versions
            return stretch_sql(table, walk, [sql], versions, is_first=False, is_last=False)
        case EqualRows() as equal:
            return equal_stretch_sql(probe, equal, is_first=False, is_last=False)
        case _:
            return None


def example_ends_sql(probe: Probe) -> tuple[str, ...]:
    """What sets the variables of `example_sql`, in a session that has none; () where it has no such
    form."""
    if probe.walk is None or example_sql(probe) is None:
        return ()
    condition = walk_condition(probe.walk) if isinstance(probe.question, EqualRows) else None
    source = walk_source(probe.table, probe.walk, probe.versions)
    return key_walk.outer_ends_sql(source, probe.walk.columns, condition)


def _known(*, is_first: bool, is_last: bool) -> str:
    """1: the variables are those of this connection. With NULL for one, no row would be seen."""
    bounds = [
        *([] if is_first else ["@reconciler_from_0 IS NOT NULL"]),
        *([] if is_last else ["@reconciler_to_0 IS NOT NULL"]),
    ]
    return " AND ".join(bounds) or "1"


def _within(walk: Walk, *, is_first: bool, is_last: bool) -> list[str]:
    names = [quote_identifier(column) for column in walk.columns]
    return [
        *([] if is_first else [key_walk.behind_sql(names)]),
        *([] if is_last else [key_walk.up_to_sql(names)]),
    ]
