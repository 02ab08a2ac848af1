"""By which index a table is walked for a question.

Rule: where a stretch ends is told by a variable of the session, which must sort as the index does:
members sort by their place, of an approximate number the variable is another one, a year below 100
is taken for one of this century, and MySQL (9.7) compares a time of day with it as texts, where
'-10:00:00' is in front of '-20:00:00' and '100:00:00' in front of '99:00:00'.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from reconciler.diff.pairing import name_key
from reconciler.model.schema import Index, IndexKind, Table
from reconciler.plan.hazards.column_type import Family, parse_column_type
from reconciler.plan.hazards.statement_context import find_column
from reconciler.preflight.model import KeyPart, PlaceForm, Walk

_SORTED = frozenset(
    {
        *(Family.INTEGER, Family.DECIMAL, Family.DATE, Family.DATETIME),
        *(Family.TIMESTAMP, Family.TEXT, Family.BINARY),
    }
)

# The others' places are not kept: a text may be anybody's name or address, and what a moment is
# called depends on the session.
_FORMS = {
    Family.INTEGER: PlaceForm.NUMBER,
    Family.DECIMAL: PlaceForm.NUMBER,
    Family.DATE: PlaceForm.TIME,
    Family.DATETIME: PlaceForm.TIME,
    Family.BINARY: PlaceForm.BYTES,
}


def walk_by_key(table: Table) -> Walk | None:
    """Along the primary key, or along a unique one whose columns are never NULL."""
    kinds = (IndexKind.PRIMARY, IndexKind.UNIQUE)
    keys = [index for index in table.indexes if index.kind in kinds and _is_whole(table, index)]
    for index in sorted(keys, key=lambda key: key.kind is not IndexKind.PRIMARY):
        columns = _columns(index)
        found = [find_column(table, column) for column in columns]
        if (
            index.visible
            and index.period is None
            and all(column and not column.nullable for column in found)
        ):
            return _walk(table, index, columns)
    return None


def walk_by_parts(table: Table, parts: Sequence[KeyPart]) -> Walk | None:
    """Along an index that begins with columns of the key: rows that are equal in the key are equal
    in those, so that no stretch parts them. The more of its columns, the better."""
    wanted = {name_key(part.column) for part in parts if part.column is not None}
    best: Walk | None = None
    for index in table.indexes:
        if index.kind not in (IndexKind.PRIMARY, IndexKind.UNIQUE, IndexKind.PLAIN):
            continue
        if not index.visible:
            continue
        leading = tuple(
            takewhile(
                lambda column: name_key(column) in wanted and _is_sorted(table, column),
                _columns_until_prefix(index),
            )
        )
        if leading and (best is None or len(leading) > len(best.columns)):
            best = _walk(table, index, leading)
    return best


def _walk(table: Table, index: Index, columns: tuple[str, ...]) -> Walk:
    forms = [_FORMS.get(family) for column in columns if (family := _family(table, column))]
    known = tuple(form for form in forms if form is not None)
    is_kept = len(known) == len(columns)
    return Walk(index=index.name, columns=columns, forms=known if is_kept else ())


def _is_whole(table: Table, index: Index) -> bool:
    columns = _columns_until_prefix(index)
    return len(columns) == len(index.parts) and all(_is_sorted(table, c) for c in columns)


def _columns(index: Index) -> tuple[str, ...]:
    return tuple(part.column for part in index.parts if part.column is not None)


def _columns_until_prefix(index: Index) -> tuple[str, ...]:
    whole = takewhile(lambda part: part.column is not None and part.length is None, index.parts)
    return tuple(part.column for part in whole if part.column is not None)


def _is_sorted(table: Table, name: str) -> bool:
    return _family(table, name) in _SORTED


def _family(table: Table, name: str) -> Family | None:
    column = find_column(table, name)
    return None if column is None else parse_column_type(column.sql_type).family
