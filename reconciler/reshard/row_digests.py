"""Rows as hashes that the servers make: equal on both ends, or a row has not come over.

Rule: a row's hash is of every byte that is stored for it, and tells where each value ends. Hashes
of rows are put together so that neither order nor chunks matter.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.ddl.quote import quote_identifier
from reconciler.reshard.row_sql import among, behind, is_by_place, is_large, read_expression, up_to
from reconciler.reshard.rows import Key, MovedColumn, MovedTable

# As many as two halves of a digest have: of the first bytes of a hash.
DIGEST_BYTES = 16


def digest_sql(table: MovedTable, after: Key | None, end: Key | None) -> bytes:
    """(rows, high half, low half) of the rows behind `after` up to `end`, each with its hash in the
    exclusive or. A hash that could not be made is NULL, which the count of them shows."""
    return b"".join(
        (
            b"SELECT COUNT(*), COUNT(h), ",
            _half(1) + b", " + _half(9),
            f" FROM (SELECT {_row_hash(table)} AS h FROM {quote_identifier(table.name)}".encode(),
            _between(table, after, end),
            b") AS hashed",
        )
    )


def digests_sql(table: MovedTable, after: Key | None, end: Key | None) -> bytes:
    """Key and hash of each row behind `after` up to `end`, the hash as long as a digest's."""
    return _digests(table, _between(table, after, end))


def digests_of_sql(table: MovedTable, keys: Sequence[Key]) -> bytes:
    """The same, of the rows of these keys."""
    return _digests(table, b" WHERE " + among(table, keys))


def _between(table: MovedTable, after: Key | None, end: Key | None) -> bytes:
    limits = []
    if after is not None:
        limits.append(behind(table, after))
    if end is not None:
        limits.append(up_to(table, end))
    return b" WHERE " + b" AND ".join(b"(%b)" % limit for limit in limits) if limits else b""


def _digests(table: MovedTable, where: bytes) -> bytes:
    key = ", ".join(map(read_expression, table.key_columns))
    selected = f"SELECT {key}, SUBSTRING({_row_hash(table)}, 1, {DIGEST_BYTES})"
    return f"{selected} FROM {quote_identifier(table.name)}".encode() + where


def _row_hash(table: MovedTable) -> str:
    return f"UNHEX(SHA2(CONCAT_WS(',', {', '.join(map(_hashed, _compared_columns(table)))}), 256))"


def _half(start: int) -> bytes:
    bits = f"CAST(CONV(HEX(SUBSTRING(h, {start}, 8)), 16, 10) AS UNSIGNED)"
    return f"IFNULL(BIT_XOR({bits}), 0)".encode()


def _compared_columns(table: MovedTable) -> tuple[MovedColumn, ...]:
    return tuple(column for column in table.columns if not column.is_virtual)


def _hashed(column: MovedColumn) -> str:
    """The length stands in front, so that no two rows have one text. Long values are hashed alone:
    a server gives NULL for a text over max_allowed_packet."""
    value = read_expression(column)
    if column.charset is not None and not is_by_place(column):
        value = f"CAST({value} AS BINARY)"
    if is_large(column):
        return f"IFNULL(CONCAT(LENGTH({value}), ':', SHA2({value}, 256)), 'N')"
    return f"IFNULL(CONCAT(LENGTH({value}), ':', {value}), 'N')"
