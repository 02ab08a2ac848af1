"""The answer to one statement: rows, or that there are none.

Rule: read strictly, with as many values as columns and nothing behind them; what is none ends the
connection (CN-4), and a server that asks for a file gets none (CN-5).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Protocol

from pymysql.connections import MySQLResult
from pymysql.constants import SERVER_STATUS
from pymysql.protocol import MysqlPacket

from reconciler.edges.client.column_packets import Described, Source, take_columns
from reconciler.edges.client.limits import COLUMNS_MAX
from reconciler.edges.client.row_packets import Row, row_of, size_at

NOT_MYSQL = "what it answered is no MySQL protocol"
# What a value costs in memory beside its bytes.
VALUE_BYTES = 48

_OK, _A_FILE, _EOF = 0x00, 0xFB, 0xFE  # how packets begin
_OK_BYTES_MIN, _EOF_BYTES_MAX = 7, 8
_END = struct.Struct("<xHH")  # of rows: how many warnings, and what the server is at


class Reader(Source, Protocol):
    """The connection that an answer comes over."""

    @property
    def leaves_bytes(self) -> bool: ...
    def charge(self, size: int) -> None: ...
    def ended(self, reason: str) -> Exception: ...


if TYPE_CHECKING:

    class _Result(MySQLResult):
        """What PyMySQL has had since 0.7 without documenting it."""

        rows: tuple[Row, ...] | None
        affected_rows: int | None
        warning_count: int
        has_next: bool
        server_status: int | None
        description: tuple[Described, ...] | None

        def __init__(self, connection: None) -> None: ...
        def _read_ok_packet(self, packet: MysqlPacket) -> None: ...

else:
    _Result = MySQLResult


class Answer(_Result):
    """Read strictly: as many values as columns, and nothing behind them."""

    def __init__(self) -> None:
        super().__init__(None)  # it is read from a connection, and keeps none

    def read_from(self, wire: Reader) -> None:
        """Raises what `payload` raises, and what bytes raise that are no answer."""
        first = wire.payload()
        if first[0] == _OK and len(first) >= _OK_BYTES_MIN:
            self._read_ok_packet(MysqlPacket(first, wire.encoding))
        elif first[0] == _A_FILE:
            raise wire.ended("the server asked for a file of this machine")
        else:
            self._read_rows(wire, first)

    def _read_rows(self, wire: Reader, first: bytes) -> None:
        columns, end = size_at(first, 0)
        if end != len(first) or not 0 < columns <= COLUMNS_MAX:
            raise wire.ended(NOT_MYSQL)
        self.field_count = columns
        converters, self.description = take_columns(wire, columns)
        if wire.leaves_bytes:
            converters = ((None, None),) * columns
        rows, costs = [], VALUE_BYTES * columns
        while (data := wire.payload())[0] != _EOF or len(data) > _EOF_BYTES_MAX:
            wire.charge(costs)
            if (row := row_of(data, converters)) is None:
                raise wire.ended(NOT_MYSQL)
            rows.append(row)
        self.warning_count, status = _END.unpack_from(data)
        self.has_next = bool(status & SERVER_STATUS.SERVER_MORE_RESULTS_EXISTS)
        self.rows, self.affected_rows = tuple(rows), len(rows)
