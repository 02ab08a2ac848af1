"""What Vitess 24 has for vindexes, and the columns that each of them can take.

A type that is not here may be compiled into somebody's own Vitess: only Vitess can say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_INTEGERS = frozenset(
    ["tinyint", "smallint", "mediumint", "int", "integer", "bigint", "year", "bool", "boolean"]
)
_TEXTS = frozenset(["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"])
_BYTES = frozenset(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"])
_COUNT_DIGITS_MAX = 4  # a table has at most 4,096 columns
_FIRST_WORD = re.compile(r"[a-z]+")


class Takes(StrEnum):
    """Which columns a function can be given: another one's values it maps to no shard."""

    ANYTHING = "any column"
    INTEGERS = "an integer column"
    TEXT = "a text column"


@dataclass(frozen=True, slots=True, kw_only=True)
class VindexType:
    takes: tuple[Takes, ...] = (Takes.ANYTHING,)
    is_unique: bool = True
    is_lookup: bool = False
    is_multi_column: bool = False


_ANY, _INTEGER, _TEXT = (
    VindexType(),
    VindexType(takes=(Takes.INTEGERS,)),
    VindexType(takes=(Takes.TEXT,)),
)
_LOOKUP = VindexType(is_lookup=True, is_unique=False)
_LOOKUP_UNIQUE = VindexType(is_lookup=True)

VINDEX_TYPES: Mapping[str, VindexType] = {
    "binary": _ANY,
    "binary_md5": _ANY,
    "cfc": _ANY,
    "consistent_lookup": _LOOKUP,
    "consistent_lookup_unique": _LOOKUP_UNIQUE,
    "hash": _INTEGER,
    "lookup": _LOOKUP,
    "lookup_hash": _LOOKUP,
    "lookup_hash_unique": _LOOKUP_UNIQUE,
    "lookup_unicodeloosemd5_hash": _LOOKUP,
    "lookup_unicodeloosemd5_hash_unique": _LOOKUP_UNIQUE,
    "lookup_unique": _LOOKUP_UNIQUE,
    "multicol": VindexType(is_multi_column=True),
    "null": _ANY,
    "numeric": _INTEGER,
    "numeric_static_map": _INTEGER,
    "region_experimental": VindexType(takes=(Takes.INTEGERS,), is_multi_column=True),
    "region_json": VindexType(takes=(Takes.INTEGERS, Takes.TEXT), is_multi_column=True),
    "reverse_bits": _INTEGER,
    "unicode_loose_md5": _TEXT,
    "unicode_loose_xxhash": _TEXT,
    "xxhash": _ANY,
}


def takes_of(vindex_type: str, params: tuple[tuple[str, str], ...], place: int) -> Takes:
    """What the column at this place of a vindex may be. `multicol` has a function for each."""
    if vindex_type == "multicol":
        functions = dict(params).get("column_vindex", "").split(",")
        function = functions[place].strip() if place < len(functions) else ""
        vindex_type = function or "hash"
    known = VINDEX_TYPES.get(vindex_type)
    return Takes.ANYTHING if known is None else known.takes[min(place, len(known.takes) - 1)]


def columns_wanted(vindex_type: str, params: tuple[tuple[str, str], ...]) -> int | None:
    """How many columns a row must have for it; None: what is behind the first means nothing to it,
    or only Vitess can say."""
    if vindex_type in ("region_experimental", "region_json"):
        return 2
    told = dict(params).get("column_count", "")
    is_counted = vindex_type == "multicol" and told.isascii() and told.isdigit()
    return int(told[:_COUNT_DIGITS_MAX]) if is_counted else None


def can_take(takes: Takes, sql_type: str) -> bool:
    """Whether values of such a column, as SHOW CREATE TABLE prints its type, have a shard."""
    found = _FIRST_WORD.match(sql_type.lower())
    word = found[0] if found else ""
    match takes:
        case Takes.ANYTHING:
            return True
        case Takes.INTEGERS:
            return word in _INTEGERS
        case Takes.TEXT:  # bytes that are UTF-8 are text to it
            return word in _TEXTS | _BYTES
