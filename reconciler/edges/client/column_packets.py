"""One column as a packet describes it, of which little is ever asked: the rest is passed over.

An answer of one row describes as many columns as it has values, and describing them took longer
than all else that is done with the answer. The same question has the same columns on every shard:
what was made of them is known again by their bytes, all of a list at once where it has come whole.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from pymysql.connections import TEXT_TYPES
from pymysql.constants import FIELD_TYPE
from pymysql.converters import through

from reconciler.edges.client.limits import (
    COLUMN_LIST_BEGINS_BYTES,
    COLUMN_LIST_BYTES_MAX,
    COLUMN_LISTS_KNOWN_MAX,
)
from reconciler.edges.client.row_packets import size_at

Converter = tuple[str | None, Any]
Described = tuple[object, ...]
Read = tuple[tuple[Converter, ...], tuple[Described, ...]]
_Known = tuple[tuple[tuple[str | None, int], ...], tuple[Described, ...]]

_BINARY = 63
_CATALOGUE = b"\x03def"  # of every server, behind its length
_BEFORE_NAME = 3  # the database, the table as it is called here, and its own name
_EOF, _EOF_BYTES_MAX = 0xFE, 8
# How many bytes follow: the character set, the width, the type, flags, decimals, two of nothing.
_FIXED = struct.Struct("<BHIBHBxx")
_FIXED_FOLLOW = _FIXED.size - 1


# By how a list begins: its packets, headers and all, and what was made of them.
_lists: dict[tuple[int, str, bytes], tuple[bytes, Read]] = {}


class Source(Protocol):
    """The connection that a list of columns comes over; each has the same `decoders`."""

    @property
    def encoding(self) -> str: ...
    @property
    def decoders(self) -> Mapping[int, Any]: ...
    @property
    def place(self) -> tuple[bytes, int]: ...
    def payload(self) -> bytes: ...
    def read_since(self, place: tuple[bytes, int]) -> bytes: ...
    def pass_over(self, packets: bytes, count: int) -> bool: ...


def take_columns(wire: Source, count: int) -> Read:
    """As `read_columns`, of what comes next over the connection."""
    begins = buffer, at = wire.place
    known_by = count, wire.encoding, buffer[at : at + COLUMN_LIST_BEGINS_BYTES]
    packets, read = _lists.get(known_by, (b"", None))
    if read is not None and wire.pass_over(packets, count + 1):
        return read
    read = read_columns(wire.payload, count, wire.encoding, wire.decoders)
    packets = wire.read_since(begins)
    if 0 < len(packets) <= COLUMN_LIST_BYTES_MAX:
        if len(_lists) >= COLUMN_LISTS_KNOWN_MAX:
            _lists.clear()
        _lists[known_by] = packets, read
    return read


def read_columns(
    payload: Callable[[], bytes], count: int, encoding: str, decoders: Mapping[int, Any]
) -> Read:
    """How the values of each column are read, and what PEP 249 wants told of it; `payload` gives
    the next packet. Raises what bytes raise that describe no columns."""
    packets = tuple([payload() for _ in range(count)])
    behind = payload()
    if behind[0] != _EOF or len(behind) > _EOF_BYTES_MAX:
        raise ValueError("more columns than were told")
    is_short = sum(map(len, packets)) <= COLUMN_LIST_BYTES_MAX
    read = known_columns if is_short else known_columns.__wrapped__
    kinds, described = read(packets, encoding)
    made_by = decoders.get
    return tuple(
        [(own, None if (made := made_by(kind)) is through else made) for own, kind in kinds]
    ), described


@lru_cache(maxsize=COLUMN_LISTS_KNOWN_MAX)
def known_columns(packets: tuple[bytes, ...], encoding: str) -> _Known:
    """The encoding and the kind of each column's values, and what is told of it."""
    columns = [column_of(data) for data in packets]
    kinds = tuple((one.encoding(encoding), one.kind) for one in columns)
    return kinds, tuple(one.described(encoding) for one in columns)


class Column(NamedTuple):
    """`kind` is the number that PyMySQL calls a FIELD_TYPE."""

    name: bytes
    charset: int
    width: int
    kind: int
    flags: int
    decimals: int

    def encoding(self, of_connection: str) -> str | None:
        """In which its values are text; None: they are bytes."""
        if self.kind == FIELD_TYPE.JSON:
            return of_connection  # whatever it says of its character set
        if self.kind in TEXT_TYPES:
            return None if self.charset == _BINARY else of_connection
        return "ascii"

    def described(self, of_connection: str) -> Described:
        name, is_nullable = self.name.decode(of_connection), not self.flags & 1
        return name, self.kind, None, self.width, self.width, self.decimals, is_nullable


def column_of(data: bytes) -> Column:
    """Raises what bytes raise that describe no column."""
    at = len(_CATALOGUE)
    for _ in range(_BEFORE_NAME):
        size, at = size_at(data, at)
        at += size
    size, at = size_at(data, at)
    name, at = data[at : at + size], at + size
    size, at = size_at(data, at)
    follow, *fixed = _FIXED.unpack_from(data, at + size)
    is_whole = len(data) == at + size + _FIXED.size
    if not (is_whole and follow == _FIXED_FOLLOW and data.startswith(_CATALOGUE)):
        raise ValueError("it describes no column")
    return Column(name, *fixed)
