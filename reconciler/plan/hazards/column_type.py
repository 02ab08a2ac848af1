"""Column types as values that can be compared: the family, and how much a column can hold.

Rule: a type that is not known here is of the family OTHER and equal to nothing but itself, so that
a change to or from it is never taken for harmless.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.plan.hazards.charset import bytes_per_character_min


class Family(StrEnum):
    """Types that hold the same sort of thing; the value is what to call one of its values."""

    INTEGER = "number"
    DECIMAL = "exact number"
    FLOAT = "approximate number"
    BIT = "bit field"
    YEAR = "year"
    DATE = "date"
    TIME = "time of day"
    DATETIME = "date and time"
    TIMESTAMP = "point in time"
    TEXT = "text"
    BINARY = "byte string"
    ENUM = "enum member"
    SET = "set of members"
    JSON = "JSON document"
    GEOMETRY = "geometry"
    VECTOR = "vector"
    OTHER = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnType:
    """A type as printed, taken apart; `arguments` are its numbers, `members` its value list.

    `charset` is the effective one of a text, None if it could not be told.
    """

    text: str
    family: Family
    name: str
    arguments: tuple[int, ...] = ()
    members: tuple[str, ...] = ()
    unsigned: bool = False
    charset: str | None = None


NUMBERS = (Family.INTEGER, Family.DECIMAL, Family.FLOAT)
INTEGER_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
TEXT_BYTES = {
    "tinytext": 2**8 - 1,
    "text": 2**16 - 1,
    "mediumtext": 2**24 - 1,
    "longtext": 2**32 - 1,
}
BLOB_BYTES = {
    "tinyblob": 2**8 - 1,
    "blob": 2**16 - 1,
    "mediumblob": 2**24 - 1,
    "longblob": 2**32 - 1,
}
# What a geometry column of each type may hold; GEOMETRY holds all, a collection any collection.
GEOMETRY_HOLDS = {
    "geometry": frozenset(
        {
            "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
            "geometrycollection", "geomcollection",
        }
    ),
    "geomcollection": frozenset(
        {"multipoint", "multilinestring", "multipolygon", "geometrycollection"}
    ),
    "geometrycollection": frozenset(
        {"multipoint", "multilinestring", "multipolygon", "geomcollection"}
    ),
}  # fmt: skip

_FAMILIES = {
    **dict.fromkeys(INTEGER_BITS, Family.INTEGER),
    "decimal": Family.DECIMAL,
    "float": Family.FLOAT,
    "double": Family.FLOAT,
    "bit": Family.BIT,
    "year": Family.YEAR,
    "date": Family.DATE,
    "time": Family.TIME,
    "datetime": Family.DATETIME,
    "timestamp": Family.TIMESTAMP,
    "char": Family.TEXT,
    "varchar": Family.TEXT,
    **dict.fromkeys(TEXT_BYTES, Family.TEXT),
    "binary": Family.BINARY,
    "varbinary": Family.BINARY,
    **dict.fromkeys(BLOB_BYTES, Family.BINARY),
    "enum": Family.ENUM,
    "set": Family.SET,
    "json": Family.JSON,
    "vector": Family.VECTOR,
    **dict.fromkeys(GEOMETRY_HOLDS.keys() | GEOMETRY_HOLDS["geometry"], Family.GEOMETRY),
}
_TYPE = re.compile(r"(?P<name>\w+)\s*(?:\((?P<arguments>.*)\))?(?P<attributes>[^()']*)", re.DOTALL)


def parse_column_type(text: str, charset: str | None = None) -> ColumnType:
    """`text` as SHOW CREATE TABLE prints a type: 'int unsigned', "enum('a','b')"."""
    match = _TYPE.fullmatch(text.strip())
    if match is None:
        return ColumnType(text=text, family=Family.OTHER, name=text.lower())
    name = match["name"].lower()
    family = _FAMILIES.get(name, Family.OTHER)
    listed = family in (Family.ENUM, Family.SET)
    arguments = match["arguments"] or ""
    attributes = match["attributes"].lower().split()
    return ColumnType(
        text=text,
        family=family,
        name=name,
        arguments=() if listed else tuple(int(number) for number in re.findall(r"\d+", arguments)),
        members=_members(arguments) if listed else (),
        # ZEROFILL makes a column unsigned.
        unsigned="unsigned" in attributes or "zerofill" in attributes,
        charset=charset,
    )


def integer_range(integer: ColumnType) -> tuple[int, int]:
    """The lowest and the highest number."""
    bits = INTEGER_BITS[integer.name]
    return (0, 2**bits - 1) if integer.unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def decimal_digits(decimal: ColumnType) -> tuple[int, int]:
    """Digits before and after the point; DECIMAL alone is DECIMAL(10,0)."""
    precision, scale = (*(decimal.arguments or (10,)), 0)[:2]
    return precision - scale, scale


def fraction_digits(temporal: ColumnType) -> int:
    """Digits of a second; none are printed for 0."""
    return temporal.arguments[0] if temporal.arguments else 0


def bit_length(bits: ColumnType) -> int:
    return bits.arguments[0] if bits.arguments else 1


def fixed_or_longest(string: ColumnType) -> int:
    """The n of CHAR(n), VARCHAR(n), BINARY(n) and VARBINARY(n); 1 where none is printed."""
    return string.arguments[0] if string.arguments else 1


def characters_max(text: ColumnType) -> int:
    if text.name in TEXT_BYTES:
        return TEXT_BYTES[text.name] // bytes_per_character_min(text.charset)
    return fixed_or_longest(text)


def _members(arguments: str) -> tuple[str, ...]:
    return tuple(token.value for token in tokenize(arguments) if token.kind is TokenKind.STRING)
