"""Rows as SQL: how a column is read as bytes, written back to the byte, compared, hashed.

Rules: statements are bytes, in a session of `SET NAMES binary`, where a string is what it is;
what a server gave is written quoted, or, where it must stand bare, only if it is a number. A
cursor's order is the primary key's own, in the collation of each column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.ddl.quote import quote_identifier
from reconciler.errors import Problem, Unavailable
from reconciler.reshard.helper_tables import queue_column
from reconciler.reshard.rows import Dirty, Key, MovedColumn, MovedTable, Row, Value

_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?", re.ASCII)

# In a session that leaves text alone, these are written with the character set that they are in:
# MySQL makes JSON of no binary string, MariaDB takes one for the bytes of the value itself.
_INTRODUCED = {"json": b"_utf8mb4", "uuid": b"_latin1", "inet4": b"_latin1", "inet6": b"_latin1"}
_INTEGERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "year"})
_BY_PLACE = frozenset({"enum", "set"})
_LARGE = frozenset(
    {
        *("tinytext", "text", "mediumtext", "longtext", "json", "vector"),
        *("tinyblob", "blob", "mediumblob", "longblob"),
        *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring"),
        *("multipolygon", "geomcollection", "geometrycollection"),
    }
)


def is_large(column: MovedColumn) -> bool:
    """Whether one value may be longer than all the rest of its row."""
    return column.data_type in _LARGE


def is_by_place(column: MovedColumn) -> bool:
    """Whether its values are the numbers of a list's members."""
    return column.data_type in _BY_PLACE


# Reading


def read_expression(column: MovedColumn, prefix: str = "") -> str:
    """What is selected so that writing it back gives the same value: the members of ENUM and SET by
    their place ('' may be none or a member), FLOAT with all its digits, of which its own text lacks
    some, BIT as the number that it is."""
    name = prefix + quote_identifier(column.name)
    if column.data_type in _BY_PLACE or column.data_type == "bit":
        return f"CAST({name} AS UNSIGNED)"
    if column.data_type == "float":
        return f"CAST({name} AS DOUBLE)"
    return name


def chunk_sql(table: MovedTable, after: Key | None, rows: int) -> bytes:
    """So many rows behind a key, as `row_from` reads them."""
    return b"".join(
        (
            _select(table),
            b"" if after is None else b" WHERE " + behind(table, after),
            f" ORDER BY {_order(table)} LIMIT {rows}".encode(),
        )
    )


def rows_sql(table: MovedTable, keys: Sequence[Key]) -> bytes:
    """The rows of these keys, as far as they are there."""
    return b"".join((_select(table), b" WHERE ", among(table, keys)))


def row_from(table: MovedTable, values: tuple[Value, ...]) -> Row:
    """What `chunk_sql` and `rows_sql` select: key, shard column, written columns."""
    width = len(table.key)
    key = values[:width]
    if table.shard_by is None:
        return Row(key=_whole(key), owner=None, values=values[width:])
    return Row(key=_whole(key), owner=values[width], values=values[width + 1 :])


def sizes_sql(table: MovedTable, after: Key | None, rows: int) -> bytes:
    """How many bytes each of the next rows has, of its large columns."""
    lengths = (
        f"IFNULL(LENGTH({quote_identifier(column.name)}), 0)"
        for column in table.written
        if is_large(column)
    )
    return b"".join(
        (
            f"SELECT {' + '.join(lengths) or '0'} FROM {quote_identifier(table.name)}".encode(),
            b"" if after is None else b" WHERE " + behind(table, after),
            f" ORDER BY {_order(table)} LIMIT {rows}".encode(),
        )
    )


def end_of_range_sql(table: MovedTable, after: Key | None, rows: int) -> bytes:
    """The key of the last of so many rows behind a key."""
    selected = ", ".join(map(read_expression, table.key_columns))
    return b"".join(
        (
            f"SELECT {selected} FROM {quote_identifier(table.name)}".encode(),
            b"" if after is None else b" WHERE " + behind(table, after),
            f" ORDER BY {_order(table)} LIMIT 1 OFFSET {rows - 1}".encode(),
        )
    )


def key_from(values: tuple[Value, ...]) -> Key:
    """What `end_of_range_sql` selects."""
    return _whole(values)


def owners_sql(table: MovedTable, after: Key | None, rows: int) -> bytes:
    """Key and shard column of the next rows."""
    assert table.shard_by is not None
    columns = [*table.key_columns, table.column(table.shard_by)]
    selected = ", ".join(map(read_expression, columns))
    return b"".join(
        (
            f"SELECT {selected} FROM {quote_identifier(table.name)}".encode(),
            b"" if after is None else b" WHERE " + behind(table, after),
            f" ORDER BY {_order(table)} LIMIT {rows}".encode(),
        )
    )


def queue_sql(queue: str, table: MovedTable, keys: int) -> bytes:
    """The first so many of what the tracker has left, as `dirty_from` reads them."""
    columns = (
        replace(column, name=queue_column(number))
        for number, column in enumerate(table.key_columns, 1)
    )
    selected = ", ".join(("`seq`", *map(read_expression, columns)))
    return f"SELECT {selected} FROM {quote_identifier(queue)} ORDER BY `seq` LIMIT {keys}".encode()


def dirty_from(values: tuple[Value, ...]) -> Dirty:
    seq, *key = values
    if seq is None:
        raise Unavailable(_not_a_value("NULL for a place in a queue"))
    return Dirty(int(_bare(seq)), _whole(tuple(key)))


def _select(table: MovedTable) -> bytes:
    columns = list(table.key_columns)
    if table.shard_by is not None:
        columns.append(table.column(table.shard_by))
    selected = ", ".join(read_expression(column) for column in (*columns, *table.written))
    return f"SELECT {selected} FROM {quote_identifier(table.name)}".encode()


def _order(table: MovedTable) -> str:
    return ", ".join(map(quote_identifier, table.key))


def _whole(key: tuple[Value, ...]) -> Key:
    if None in key:
        raise Unavailable(_not_a_value("NULL in a primary key"))
    return tuple(value for value in key if value is not None)


# Keys


def behind(table: MovedTable, key: Key) -> bytes:
    """Rows whose key is greater. Written out, and bounded by the first column alone: neither server
    uses an index for `(a, b) > (x, y)` (MySQL 9.7, MariaDB 11.8)."""
    names = [quote_identifier(name).encode() for name in table.key]
    values = key_literals(table, key)
    inner = b"%b > %b" % (names[-1], values[-1])
    for name, value in zip(reversed(names[:-1]), reversed(values[:-1]), strict=True):
        inner = b"(%b > %b OR (%b = %b AND %b))" % (name, value, name, value, inner)
    if len(names) == 1:
        return inner
    return b"%b >= %b AND %b" % (names[0], values[0], inner)


def up_to(table: MovedTable, key: Key) -> bytes:
    """Rows whose key is not greater."""
    names = [quote_identifier(name).encode() for name in table.key]
    values = key_literals(table, key)
    inner = b"%b <= %b" % (names[-1], values[-1])
    for name, value in zip(reversed(names[:-1]), reversed(values[:-1]), strict=True):
        inner = b"(%b < %b OR (%b = %b AND %b))" % (name, value, name, value, inner)
    if len(names) == 1:
        return inner
    return b"%b <= %b AND %b" % (names[0], values[0], inner)


def among(table: MovedTable, keys: Sequence[Key]) -> bytes:
    """Rows with one of the keys. A list for a key of one column, else each written out: MariaDB
    reads a whole table for `(a, b) IN (...)`."""
    assert keys, "no keys select nothing, and need no statement"
    names = [quote_identifier(name).encode() for name in table.key]
    literals = (key_literals(table, key) for key in keys)
    if len(names) == 1:
        return b"%b IN (%b)" % (names[0], b",".join(value for (value,) in literals))
    return b" OR ".join(
        b"(%b)" % b" AND ".join(b"%b = %b" % pair for pair in zip(names, values, strict=True))
        for values in literals
    )


def key_literals(table: MovedTable, key: Key) -> tuple[bytes, ...]:
    """For comparing. Text has its column's character set, so that the column's collation decides;
    numbers stand bare, for with a string they would be compared as DOUBLE."""
    columns = zip(table.key_columns, key, strict=True)
    return tuple(_compared(column, value) for column, value in columns)


def _compared(column: MovedColumn, value: bytes) -> bytes:
    if column.charset is not None and column.data_type not in _BY_PLACE:
        return b"_%b%b" % (column.charset.encode("ascii"), quoted(value))
    if column.data_type in _INTEGERS | _BY_PLACE | {"decimal", "bit"}:
        return _bare(value)
    if column.data_type in ("float", "double"):
        return _bare(value)
    return _INTRODUCED.get(column.data_type, b"") + quoted(value)


# Writing


def replace_sql(table: MovedTable, rows: Iterable[Row]) -> bytes:
    """All the rows at once: in place of those that have their keys or their unique values."""
    columns = table.written
    names = ", ".join(quote_identifier(column.name) for column in columns)
    starts = [_start(column) for column in columns]
    quoted_starts = [start for start in starts if start is not None]
    if len(quoted_starts) == len(starts):
        made = (_quoted_row(row.values, quoted_starts) for row in rows)
    else:
        made = (_row(row.values, starts) for row in rows)
    return b"REPLACE INTO %b (%b) VALUES %b" % (
        quote_identifier(table.name).encode(),
        names.encode(),
        b",".join(made),
    )


def delete_sql(table: MovedTable, keys: Sequence[Key]) -> bytes:
    return b"DELETE FROM %b WHERE %b" % (
        quote_identifier(table.name).encode(),
        among(table, keys),
    )


def _start(column: MovedColumn) -> bytes | None:
    """What stands in front of a quoted value, with its quote; None: a value stands bare."""
    if column.data_type in _BY_PLACE or column.data_type == "bit":
        return None
    return _INTRODUCED.get(column.data_type, b"") + b"'"


def _quoted_row(values: tuple[Value, ...], starts: Sequence[bytes]) -> bytes:
    return b"(%b)" % b",".join(
        [
            b"NULL"
            if value is None
            else b"%b%b'" % (start, value.replace(b"\\", b"\\\\").replace(b"'", b"''"))
            for start, value in zip(starts, values, strict=True)
        ]
    )


def _row(values: tuple[Value, ...], starts: Sequence[bytes | None]) -> bytes:
    return b"(%b)" % b",".join(
        [_literal(start, value) for start, value in zip(starts, values, strict=True)]
    )


def _literal(start: bytes | None, value: Value) -> bytes:
    if value is None:
        return b"NULL"
    if start is None:
        return _bare(value)
    return start[:-1] + quoted(value)


def quoted(value: bytes) -> bytes:
    """A string that ends where it ends, in a session without NO_BACKSLASH_ESCAPES whose client's
    character set is binary: no byte of it is part of another."""
    return b"'%b'" % value.replace(b"\\", b"\\\\").replace(b"'", b"''")


def _bare(value: bytes) -> bytes:
    if not _NUMBER.fullmatch(value):
        raise Unavailable(_not_a_value("something else than a number for a column of numbers"))
    return value


def _not_a_value(what: str) -> Problem:
    return Problem(
        code="split-row-misread",
        message=f"a server answered {what}: a row of it cannot be copied",
        recovery="see that what answers is the shard's own server, then run `reconciler apply`"
        " again",
    )
