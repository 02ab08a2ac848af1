"""What kinds of types there are, as far as one turning into another is a matter of its own."""

from __future__ import annotations

import re

from reconciler.model.schema import Column
from reconciler.model.server import Flavor, ServerVersion

_KINDS = tuple(
    (kind, re.compile(rf"(?:{names})\b"))
    for kind, names in (
        ("number", "(?:tiny|small|medium|big)?int|decimal|float|double|bit"),
        ("string", "(?:var)?char"),
        ("text", "(?:tiny|medium|long)?text"),
        ("bytes", "(?:var)?binary"),
        ("blob", "(?:tiny|medium|long)?blob"),
        ("spatial", "geometry|(?:multi)?(?:point|linestring|polygon)|geom(?:etry)?collection"),
    )
)
_STRINGS = frozenset({"string", "text", "bytes", "blob", "enum", "set"})
# Nothing but these is of its kind, and a literal for one is none for another.
_TIMES = frozenset({"date", "datetime", "time", "timestamp", "year"})
_ADDRESSES = frozenset({"inet4", "inet6"})


def type_kind(column: Column) -> str:
    """The kind's name; for date and time, ENUM, SET, JSON and the like the type's own."""
    for kind, names in _KINDS:
        if names.match(column.sql_type):
            return kind
    return column.sql_type.partition("(")[0]


def takes_literal_default(column: Column) -> bool:
    """Whether ALTER COLUMN ... SET DEFAULT may follow: MySQL answers 1101 for the others."""
    return type_kind(column) not in ("text", "blob", "spatial", "json", "vector")


def converts(old: Column, new: Column, version: ServerVersion) -> bool:
    """Whether MariaDB turns the one into the other (error 4078); MySQL tries any.

    Strings, of characters or bytes, become anything and anything becomes a string. The others stay
    among their kind, where numbers, dates and times are one, and so are addresses (11.8, not yet
    10.11).
    """
    if version.flavor is Flavor.MYSQL:
        return True
    kinds = {"number" if kind in _TIMES else kind for kind in (type_kind(old), type_kind(new))}
    if version.at_least(11) and kinds <= _ADDRESSES:
        return True
    return len(kinds) == 1 or not _STRINGS.isdisjoint(kinds)
