"""Questions that are sent before those in front of them are answered, so as not to wait for each.

Rules: every statement is sent by itself (DS-6) and has an answer of its own, with its deadline and
its bound (CN-3), read as strictly as any (CN-4). Values come as the server sent them: what is known
by its bytes needs no decoding.
"""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pymysql
from pymysql.connections import MAX_PACKET_LEN
from pymysql.constants import COMMAND, SERVER_STATUS
from pymysql.protocol import MysqlPacket, OKPacketWrapper

from reconciler.edges.client.answer import NOT_MYSQL, VALUE_BYTES
from reconciler.edges.client.limits import ASKED_AHEAD_MAX, HEADS_KNOWN_MAX, SOON_S_MAX
from reconciler.edges.client.row_packets import RawRow, raw_row_of
from reconciler.edges.client.wire import Lost, Wire

_COLUMN = b"\x03def"  # how the definition of every column begins
_COLUMNS_MAX = 0xFA  # that one byte can tell
_EOF, _EOF_BYTES = 0xFE, 5
_END = struct.Struct("<xHH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """`rows` None: the statement has none. `warnings`: how many the server had for it."""

    rows: tuple[RawRow, ...] | None
    warnings: int


def send_all(wire: Wire, statements: Sequence[str]) -> None:
    """Statements in one write: a server that has the first has the others as well. Raises Lost."""
    if wire._sock is None:
        raise Lost
    contents = [sql.encode(wire.encoding, "surrogateescape") for sql in statements]
    assert all(len(content) < MAX_PACKET_LEN for content in contents), "of a file's size"
    wire._write_bytes(
        b"".join(
            struct.pack("<iB", len(content) + 1, COMMAND.COM_QUERY) + content
            for content in contents
        )
    )


def ask_ahead(wire: Wire, statements: Sequence[str]) -> Iterator[Answered | pymysql.MySQLError]:
    """The answer to each, in order, or the error that it is. While some are read the next are on
    their way. Raises Lost. Who does not take them all ends the connection."""
    packs = deque(
        statements[at : at + ASKED_AHEAD_MAX] for at in range(0, len(statements), ASKED_AHEAD_MAX)
    )
    under_way: deque[int] = deque()
    heads: dict[bytes, int] = {}
    unread = len(statements)
    wire.expect_silence()
    try:
        while packs or under_way:
            while packs and len(under_way) < 2:
                under_way.append(len(packs[0]))
                send_all(wire, packs.popleft())
            for _ in range(under_way.popleft()):
                answer = _answer_or_error(wire, heads)
                unread -= 1
                yield answer
    finally:
        if unread:
            wire.cut()


class SentSoon:
    """Questions that were sent in one write because they are asked next, in this order: each is
    answered when it is asked. What is asked or sent in between ends that, for all that are left;
    and so does time, for an answer is to be of the moment at which it is asked for."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._questions: deque[str] = deque()
        self._sent_s = 0.0

    def send(self, statements: Sequence[str]) -> None:
        """Raises Lost."""
        assert len(statements) <= ASKED_AHEAD_MAX, "their answers wait for each other"
        self._wire.expect_silence()
        self._questions = deque(statements)
        self._sent_s = time.monotonic()
        send_all(self._wire, statements)
        self._wire.unread = len(statements)

    def is_next(self, sql: str) -> bool:
        """Whether the answer that comes next is the one to this: then it is the caller's to
        receive."""
        is_due = len(self._questions) == self._wire.unread > 0 and self._questions[0] == sql
        if not is_due or time.monotonic() - self._sent_s > SOON_S_MAX:
            self._questions.clear()
            return False
        self._questions.popleft()
        self._wire.unread -= 1
        return True

    def drop(self) -> None:
        """What is left is asked anew."""
        self._questions.clear()


def _answer_or_error(wire: Wire, heads: dict[bytes, int]) -> Answered | pymysql.MySQLError:
    try:
        return _answer(wire, heads)
    except Lost:
        raise
    except pymysql.MySQLError as error:
        return error


def _answer(wire: Wire, heads: dict[bytes, int]) -> Answered:
    wire.begin_next()
    columns = next((n for head, n in heads.items() if wire.pass_over(head, n + 2)), None)
    if columns is None:
        begins = wire.place
        first = wire.payload()
        if first[0] == 0:
            return _without_rows(wire, first)
        columns = _columns(wire, first)
        if (head := wire.read_since(begins)) and len(heads) < HEADS_KNOWN_MAX:
            heads[head] = columns
    rows: list[RawRow] = []
    while not _is_end(data := wire.payload()):
        wire.charge(VALUE_BYTES * columns)
        rows.append(_row(wire, data, columns))
    warnings, status = _END.unpack(data)
    _expect_no_more(wire, status)
    return Answered(rows=tuple(rows), warnings=warnings)


def _columns(wire: Wire, first: bytes) -> int:
    """How many there are, their definitions read."""
    columns = first[0]
    if len(first) != 1 or columns > _COLUMNS_MAX:
        raise wire.ended(NOT_MYSQL)
    for _ in range(columns):
        if not wire.payload().startswith(_COLUMN):
            raise wire.ended(NOT_MYSQL)
    if not _is_end(wire.payload()):
        raise wire.ended(NOT_MYSQL)
    return columns


def _row(wire: Wire, data: bytes, columns: int) -> RawRow:
    try:
        row = raw_row_of(data, columns)
    except (IndexError, KeyError):
        row = None
    if row is None:
        raise wire.ended(NOT_MYSQL)
    return row


def _without_rows(wire: Wire, first: bytes) -> Answered:
    try:
        said = OKPacketWrapper(MysqlPacket(first, wire.encoding))
        warnings, status = int(said.warning_count), int(said.server_status)
    except Exception:  # PyMySQL trips over what is no OK in as many ways as there are
        raise wire.ended(NOT_MYSQL) from None
    _expect_no_more(wire, status)
    return Answered(rows=None, warnings=warnings)


def _is_end(data: bytes) -> bool:
    return data[0] == _EOF and len(data) == _EOF_BYTES


def _expect_no_more(wire: Wire, status: int) -> None:
    if status & SERVER_STATUS.SERVER_MORE_RESULTS_EXISTS:
        raise wire.ended("the server answered more than was asked")
