"""Where a walk has stopped, as SQL that asks a session for it and puts another session there.

Rule: what comes from a ledger becomes SQL only where it is written as a number, a time or bytes
are, to the letter; else the walk begins at the table's first row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.ddl.key_walk import begin_behind_sql, place_sql
from reconciler.preflight.model import Place, PlaceForm, Walk

_BYTES_MAX = 255
_WRITTEN: Mapping[PlaceForm, re.Pattern[str]] = {
    PlaceForm.NUMBER: re.compile(r"-?[0-9]{1,65}(\.[0-9]{1,38})?"),
    PlaceForm.TIME: re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?)?"
    ),
    PlaceForm.BYTES: re.compile(rf"([0-9A-F]{{2}}){{0,{_BYTES_MAX}}}"),
}
_SHOWN = {
    PlaceForm.NUMBER: "CAST({} AS CHAR)",
    PlaceForm.TIME: "CAST({} AS CHAR)",
    PlaceForm.BYTES: "HEX({})",
}
_LITERAL = {PlaceForm.NUMBER: "{}", PlaceForm.TIME: "'{}'", PlaceForm.BYTES: "X'{}'"}


def place_of_walk_sql(walk: Walk) -> str:
    """One row: the connection that answers, and a value for each column of the walk."""
    return place_sql([_SHOWN[form] for form in walk.forms])


def begin_at_sql(walk: Walk, place: Place) -> str | None:
    """None: it is no place on this walk."""
    if place.index != walk.index:
        return None
    values = written(walk, place.values)
    if values is None:
        return None
    pairs = zip(walk.forms, values, strict=True)
    return begin_behind_sql([_LITERAL[form].format(value) for form, value in pairs])


def written(walk: Walk, values: tuple[object, ...]) -> tuple[str, ...] | None:
    """The values, where each is written as its column's are and short enough to be kept."""
    if not walk.forms or len(values) != len(walk.forms):
        return None
    found = tuple(
        value
        for form, value in zip(walk.forms, values, strict=True)
        if isinstance(value, str) and _WRITTEN[form].fullmatch(value)
    )
    return found if len(found) == len(values) else None
