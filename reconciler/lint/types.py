"""What columns of a type take: families, and bytes in a row and in an index.

Sources: MySQL 8.4 manual, 13.7 "Data Type Storage Requirements", 10.4.7 "Limits on Table Column
Count and Row Size"; InnoDB's limits, 17.21.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.ddl.outline.model import ColumnOutline, PartOutline, TableOutline

INTEGERS = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set")
LARGE = (
    "tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob",
    "json", "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring",
    "multipolygon", "geometrycollection", "geomcollection",
)  # fmt: skip
FLOATING = ("float", "double")
TIMES = ("datetime", "timestamp")

# Most bytes a character takes; a set that is not listed takes one.
_CHARACTER_BYTES = {
    "utf8mb4": 4, "utf8mb3": 3, "utf8": 3, "utf16": 4, "utf16le": 4, "utf32": 4, "ucs2": 2,
    "gb18030": 4, "gbk": 2, "gb2312": 2, "big5": 2, "sjis": 2, "cp932": 2, "euckr": 2,
    "ujis": 3, "eucjpms": 3,
}  # fmt: skip
_SERVER_CHARSET = "utf8mb4"  # the default of MySQL since 8.0.1 and of MariaDB since 11.6
_FIXED_BYTES = {"date": 3, "year": 1, "float": 4, "double": 8, "uuid": 16, "inet6": 16, "inet4": 4}
_BYTES_OF_FRACTION = {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}
_BYTES_OF_TIME = {"time": 3, "datetime": 5, "timestamp": 4}
# A TEXT or BLOB is a length and a pointer to the row (MySQL 8.4 manual, 10.4.7: 9 to 12 bytes).
_LARGE_BYTES = 12
_DIGITS_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)


def largest(integer: str, *, unsigned: bool) -> int:
    return int((1 << (INTEGERS[integer] * 8 - (not unsigned))) - 1)


def charset_of(column: ColumnOutline, table: TableOutline) -> str:
    """The character set, as far as the file says it; what the server would take where it does
    not."""
    collation = column.collation or ("" if column.charset else table.option("COLLATE") or "")
    return (
        column.charset
        or (collation.split("_", 1)[0].lower() if collation else None)
        or (table.option("CHARSET") or _SERVER_CHARSET).lower()
    )


def length_of(column: ColumnOutline, without: int) -> int:
    """The first number in brackets."""
    first = column.arguments[0] if column.arguments else ""
    return int(first) if first.isdecimal() else without


def row_bytes(column: ColumnOutline, table: TableOutline) -> int:
    """The most that the column takes of the 65,535 bytes of a row."""
    name = column.type_name
    if name in INTEGERS:
        return INTEGERS[name]
    if name in _BYTES_OF_TIME:
        return _BYTES_OF_TIME[name] + _BYTES_OF_FRACTION.get(length_of(column, 0), 0)
    if name in LARGE:
        return _LARGE_BYTES
    if name in ("char", "varchar"):
        size = length_of(column, 1) * _CHARACTER_BYTES.get(charset_of(column, table), 1)
        return size + ((1 if size < 256 else 2) if name == "varchar" else 0)
    if name in ("binary", "varbinary"):
        size = length_of(column, 1)
        return size + ((1 if size < 256 else 2) if name == "varbinary" else 0)
    if name == "decimal":
        return _decimal_bytes(column)
    if name == "bit":
        return (length_of(column, 1) + 7) // 8
    if name == "enum":
        return 1 if len(column.arguments) < 256 else 2
    if name == "set":
        members = len(column.arguments)
        return next((size for size in (1, 2, 3, 4) if members <= size * 8), 8)
    return _FIXED_BYTES.get(name, 8)


def index_bytes(part: PartOutline, table: TableOutline) -> int:
    """The most that a part takes of an index's 3,072 bytes; 0 where nobody can say."""
    column = table.column(part.column)
    if column is None:
        return 0
    if part.length is not None:
        wide = column.type_name in TEXTS
        return part.length * (_CHARACTER_BYTES.get(charset_of(column, table), 1) if wide else 1)
    return row_bytes(column, table)


def _decimal_bytes(column: ColumnOutline) -> int:
    digits = length_of(column, 10)
    scale = int(column.arguments[1]) if len(column.arguments) > 1 else 0
    parts = (max(digits - scale, 0), scale)
    return sum(count // 9 * 4 + _DIGITS_BYTES[count % 9] for count in parts)


def spelled(column: ColumnOutline) -> str:
    """The type without what says nothing of values: a display width."""
    arguments = () if column.type_name in INTEGERS else column.arguments
    quoted = column.type_name in ("enum", "set")
    inside = ",".join(f"'{one}'" if quoted else one for one in arguments)
    sign = " unsigned" if column.unsigned else ""
    return f"{column.type_name}{f'({inside})' if inside else ''}{sign}"


def meant_by(
    name: str, own: TableOutline, tables: Mapping[str, TableOutline]
) -> tuple[TableOutline, ColumnOutline] | None:
    """The table and key that a column `order_id` is about, by its name; in small letters all."""
    if not name.endswith("_id"):
        return None
    noun = name.removesuffix("_id")
    for candidate in (noun, f"{noun}s", f"{noun}es", f"{noun[:-1]}ies"):
        table = tables.get(candidate)
        if table is None or table is own:
            continue
        key = table.column("id") or table.column(name)
        if key is not None:
            return table, key
    return None
