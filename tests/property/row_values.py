"""Rows for any table: a few ordinary ones, one of NULLs and one of extremes, as far as they fit.

What a table does not take (a CHECK, a missing parent, no partition) is left out: the point is that
tables are not empty, and that their rows differ in what changes of a table trip over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Query = Callable[[str], Sequence[tuple[Any, ...]]]

_COLUMNS = """SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH
 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{table}'
 AND GENERATION_EXPRESSION IN ('') OR GENERATION_EXPRESSION IS NULL
 AND TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{table}' ORDER BY ORDINAL_POSITION"""

ORDINARY_ROWS = 3
_NULLS, _EXTREMES = ORDINARY_ROWS + 1, ORDINARY_ROWS + 2

_INT_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_CONSTANTS: Mapping[str, Callable[[int], str]] = {
    "date": lambda n: f"'202{n}-03-0{n}'",
    "datetime": lambda n: f"'202{n}-03-0{n} 01:02:03'",
    "timestamp": lambda n: f"'202{n}-03-0{n} 01:02:03'",
    "time": lambda n: f"'01:02:0{n}'",
    "year": lambda n: f"202{n}",
    "json": lambda n: f"""'{{"a": {n}}}'""",
    "uuid": lambda n: f"'00000000-0000-0000-0000-00000000000{n}'",
    "inet6": lambda n: f"'::{n}'",
    "inet4": lambda n: f"'10.0.0.{n}'",
    "bit": lambda n: "1" if n % 2 else "0",
    "float": lambda n: f"{n}.5",
    "double": lambda n: f"{n}.5",
    "decimal": lambda n: f"{n}",
}
_SHAPES = {
    "linestring": "LINESTRING({n} {n}, 5 6)",
    "polygon": "POLYGON((0 0, {n} 0, {n} {n}, 0 {n}, 0 0))",
    "multipoint": "MULTIPOINT({n} {n}, 1 2)",
    "multilinestring": "MULTILINESTRING(({n} {n}, 5 6))",
    "multipolygon": "MULTIPOLYGON(((0 0, {n} 0, {n} {n}, 0 {n}, 0 0)))",
    "geomcollection": "GEOMETRYCOLLECTION(POINT({n} {n}))",
    "geometrycollection": "GEOMETRYCOLLECTION(POINT({n} {n}))",
    "point": "POINT({n} {n})",
    "geometry": "POINT({n} {n})",
}


def insert_statements(query: Query, table: str) -> Iterator[str]:
    """One statement for each row, over the columns that are not computed."""
    escaped = table.replace("'", "''")
    columns = query(_COLUMNS.format(table=escaped))
    srids = _srids(query, table)
    names = ", ".join(f"`{name.replace('`', '``')}`" for name, *_ in columns)
    for number in range(1, _EXTREMES + 1):
        values = [_value(column, number, srids.get(column[0], 0)) for column in columns]
        yield f"INSERT INTO `{table.replace('`', '``')}` ({names}) VALUES ({', '.join(values)})"


def _srids(query: Query, table: str) -> dict[str, int]:
    text = query(f"SHOW CREATE TABLE `{table.replace('`', '``')}`")[0][1]
    return {
        name: int(srid)
        for name, srid in re.findall(r"(?m)^  `([^`]+)`.*/\*!80003 SRID (\d+)", text)
    }


def _value(column: tuple[Any, ...], number: int, srid: int) -> str:
    _, kind, full, nullable, length = column
    kind, full = str(kind).lower(), str(full)
    if number == _NULLS and nullable == "YES":
        return "NULL"
    if kind in _INT_BITS:
        unsigned = "unsigned" in full
        largest = 2 ** (_INT_BITS[kind] - (0 if unsigned else 1)) - 2
        return str(largest if number == _EXTREMES else number)
    if kind in _CONSTANTS:
        return _CONSTANTS[kind](number)
    if kind in _SHAPES:
        return f"ST_GeomFromText('{_SHAPES[kind].format(n=number)}', {srid})"
    if kind in ("enum", "set"):
        return str(min(number, full.count("','") + 1)) if kind == "enum" else "1"
    if kind == "vector":
        size = int(re.findall(r"\d+", full)[0])
        return f"0x{'0000803f' * size}"
    return _text(int(length or 0), number)


def _text(length: int, number: int) -> str:
    if number == _EXTREMES:
        return f"REPEAT('z', {min(length, 300)})"
    text = f"v{number}" if length > 1 else str(number)
    return f"'{text[:length]}'"
