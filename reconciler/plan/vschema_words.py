"""The steps of the VSchema in words, and as the lines of its canonical text that differ: the same
in every format."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import assert_never

from reconciler.plan.limits import VSCHEMA_LINES_COMPARED_MAX
from reconciler.plan.model import Moment
from reconciler.vschema.model import VSchemaChange, VSchemaChangeKind

Kind = VSchemaChangeKind


def moment_words(moment: Moment) -> str:
    """After "the VSchema"."""
    match moment:
        case Moment.FIRST:
            return "before any shard is changed"
        case Moment.LAST:
            return "when all shards are done"
        case _:
            assert_never(moment)


def change_words(change: VSchemaChange) -> str:
    """'table users: primary vindex {...} becomes {...}'."""
    return f"{change.object_id.titled}: {_what(change)}"


def _what(change: VSchemaChange) -> str:
    match change.kind:
        case Kind.CHANGE_SETTING:
            return _becomes("", change)
        case Kind.ADD_VINDEX | Kind.ADD_TABLE:
            return f"added, {change.after}"
        case Kind.REMOVE_VINDEX | Kind.REMOVE_TABLE:
            return f"taken out, was {change.before}"
        case Kind.CHANGE_VINDEX | Kind.CHANGE_TABLE | Kind.CHANGE_AUTO_INCREMENT:
            return _becomes(change.part, change)
        case Kind.CHANGE_PRIMARY_VINDEX:
            return _becomes("primary vindex", change)
        case Kind.ADD_COLUMN_VINDEX:
            return f"vindex added, {change.after}"
        case Kind.REMOVE_COLUMN_VINDEX:
            return f"vindex taken out, was {change.before}"
        case Kind.ORDER_COLUMN_VINDEXES:
            return "its vindexes behind the primary one stand in another order"
        case Kind.CHANGE_COLUMNS:
            return _becomes(_column(change), change)
        case _:
            assert_never(change.kind)


def _column(change: VSchemaChange) -> str:
    is_of_list = change.part in ("columns", "column_list_authoritative")
    return change.part if is_of_list else f"listed column {change.part}"


def _becomes(what: str, change: VSchemaChange) -> str:
    before = "nothing" if change.before is None else change.before
    after = "nothing" if change.after is None else change.after
    return f"{what} {before} becomes {after}".strip()


def differing_lines(before: str, after: str) -> Iterator[str]:
    """The lines of two canonical texts that differ, with those around them; '-' before, '+' after.
    All of the new one where they are too long to be compared line by line in time."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > VSCHEMA_LINES_COMPARED_MAX:
        yield from (f"+{line}" for line in new)
        return
    compared = difflib.unified_diff(old, new, n=2, lineterm="")
    yield from (line for line in compared if not line.startswith(("---", "+++")))
