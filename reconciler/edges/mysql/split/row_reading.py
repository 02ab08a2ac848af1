"""Rows of one table, read through a split's session: chunks, dirty keys, digests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from reconciler.edges.mysql.split.limits import CHUNK_BYTES_MAX, KEYS_PER_STATEMENT
from reconciler.edges.mysql.split.problems import not_hashed
from reconciler.edges.mysql.split.session import SplitSession
from reconciler.errors import Unavailable
from reconciler.reshard.row_digests import digest_sql, digests_of_sql, digests_sql
from reconciler.reshard.row_sql import (
    chunk_sql,
    end_of_range_sql,
    is_large,
    key_from,
    row_from,
    rows_sql,
    sizes_sql,
)
from reconciler.reshard.rows import Chunk, Digest, Key, MovedTable, Row

Item = TypeVar("Item")


def read_chunk(session: SplitSession, table: MovedTable, after: Key | None, *, rows: int) -> Chunk:
    """Raises Unavailable."""
    limit = rows
    if any(map(is_large, table.written)):
        limit = _fitting(session, table, after, rows)
    found = tuple(
        row_from(table, values) for values in session.read(chunk_sql(table, after, limit))
    )
    return Chunk(rows=found, end=found[-1].key if found else None)


def pieces(of: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (of[start : start + size] for start in range(0, len(of), size))


def _fitting(session: SplitSession, table: MovedTable, after: Key | None, rows: int) -> int:
    """How many of the next rows are read at once: one at least, however large."""
    taken_bytes = 0
    for count, (size,) in enumerate(session.read(sizes_sql(table, after, rows))):
        taken_bytes += int(size or 0)
        if taken_bytes > CHUNK_BYTES_MAX:
            return max(count, 1)
    return rows


def read_rows(session: SplitSession, table: MovedTable, keys: Sequence[Key]) -> tuple[Row, ...]:
    """Raises Unavailable."""
    return tuple(
        row_from(table, values)
        for some in pieces(keys, KEYS_PER_STATEMENT)
        for values in session.read(rows_sql(table, some))
    )


def read_digest(
    session: SplitSession, table: MovedTable, after: Key | None, end: Key | None
) -> Digest:
    """Raises Unavailable."""
    ((rows, hashed, high, low),) = session.read(digest_sql(table, after, end))
    if rows is None or rows != hashed:
        raise Unavailable(not_hashed(session.label, table.name))
    return Digest(int(rows), int(high or 0) << 64 | int(low or 0))


def read_digests(
    session: SplitSession, table: MovedTable, after: Key | None, end: Key | None
) -> dict[Key, Digest]:
    """Raises Unavailable."""
    return dict(_digests(session, table, digests_sql(table, after, end)))


def read_digests_of(
    session: SplitSession, table: MovedTable, keys: Sequence[Key]
) -> dict[Key, Digest]:
    """Raises Unavailable."""
    return {
        key: digest
        for some in pieces(keys, KEYS_PER_STATEMENT)
        for key, digest in _digests(session, table, digests_of_sql(table, some))
    }


def read_end_of_range(
    session: SplitSession, table: MovedTable, after: Key | None, *, rows: int
) -> Key | None:
    """Raises Unavailable."""
    found = session.read(end_of_range_sql(table, after, rows))
    return key_from(found[0]) if found else None


def _digests(session: SplitSession, table: MovedTable, sql: bytes) -> Iterator[tuple[Key, Digest]]:
    for *key, hashed in session.read(sql):
        if hashed is None:
            raise Unavailable(not_hashed(session.label, table.name))
        yield key_from(tuple(key)), Digest(1, int.from_bytes(hashed))
